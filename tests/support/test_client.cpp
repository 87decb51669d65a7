#include "test_client.hpp"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace rendezvous::test {
namespace {

using steady = std::chrono::steady_clock;

[[noreturn]] void fail(std::string const& what)
{
    throw std::runtime_error("test client: " + what);
}

/// Until `events` or the end of time; false if the time is over.
bool wait_for(int fd, short events, steady::time_point until)
{
    for (;;) {
        auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(until - steady::now()).count();
        if (left < 0) return false;
        pollfd entry{fd, events, 0};
        int const ready = ::poll(&entry, 1, static_cast<int>(left) + 1);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) fail("poll");
    }
}

/// `source`: an IPv4 address to connect from, or empty.
int connect_to(std::string const& host, std::uint16_t port, std::string const& source = {})
{
    bool const v6 = host.find(':') != std::string::npos;
    int const fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    sockaddr_in from{};
    from.sin_family = AF_INET;
    if (!source.empty()
        && (::inet_pton(AF_INET, source.c_str(), &from.sin_addr) != 1
            || ::bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0)) {
        ::close(fd);
        fail("cannot connect from " + source);
    }
    sockaddr_in v4_address{};
    v4_address.sin_family = AF_INET;
    v4_address.sin_port = htons(port);
    sockaddr_in6 v6_address{};
    v6_address.sin6_family = AF_INET6;
    v6_address.sin6_port = htons(port);
    bool const good =
        v6 ? ::inet_pton(AF_INET6, host.c_str(), &v6_address.sin6_addr) == 1
           : ::inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &v4_address.sin_addr) == 1;
    auto const* const address =
        v6 ? reinterpret_cast<sockaddr const*>(&v6_address) : reinterpret_cast<sockaddr const*>(&v4_address);
    auto const size = static_cast<socklen_t>(v6 ? sizeof v6_address : sizeof v4_address);
    if (!good || ::connect(fd, address, size) != 0) {
        ::close(fd);
        fail("cannot connect to " + host + ":" + std::to_string(port));
    }
    int const on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

SSL_CTX* tls_context()
{
    static SSL_CTX* const context = [] {
        std::signal(SIGPIPE, SIG_IGN);
        auto* const made = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(made, SSL_VERIFY_NONE, nullptr);
        SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        return made;
    }();
    return context;
}

std::string lower_case(std::string text)
{
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

} // namespace

// --- TLS ---

struct tls_client::impl {
    enum class outcome { some, end, late };

    int fd = -1;
    SSL* ssl = nullptr;
    std::string in;

    impl(std::string const& host, std::uint16_t port, std::string const& source)
        : fd(connect_to(host, port, source)),
          ssl(SSL_new(tls_context()))
    {
        SSL_set_fd(ssl, fd);
        SSL_set_connect_state(ssl);
        auto const until = steady::now() + patience;
        ERR_clear_error(); // SSL_get_error also looks at what others have left in the thread's queue
        for (int done = 0; (done = SSL_do_handshake(ssl)) != 1;)
            if (!wait(done, until)) {
                release();
                fail("no TLS handshake");
            }
    }
    ~impl() { release(); }
    impl(impl const&) = delete;
    impl& operator=(impl const&) = delete;

    void release()
    {
        if (ssl) SSL_free(ssl);
        if (fd >= 0) ::close(fd);
        ssl = nullptr;
        fd = -1;
    }

    /// After an SSL call returned `code`: false if it will never succeed or the time is over.
    bool wait(int code, steady::time_point until) const
    {
        switch (SSL_get_error(ssl, code)) {
        case SSL_ERROR_WANT_READ: return wait_for(fd, POLLIN, until);
        case SSL_ERROR_WANT_WRITE: return wait_for(fd, POLLOUT, until);
        default: return false;
        }
    }

    std::size_t write_until(std::string_view bytes, steady::time_point until) const
    {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            auto const rest = bytes.substr(sent);
            ERR_clear_error();
            int const n = SSL_write(ssl, rest.data(), static_cast<int>(rest.size()));
            if (n > 0) sent += static_cast<std::size_t>(n);
            if (n <= 0 && !wait(n, until)) break;
        }
        return sent;
    }

    /// Appends what comes to `in`.
    outcome read_until(steady::time_point until)
    {
        char chunk[16'384];
        for (;;) {
            ERR_clear_error();
            int const n = SSL_read(ssl, chunk, sizeof chunk);
            if (n > 0) {
                in.append(chunk, static_cast<std::size_t>(n));
                return outcome::some;
            }
            int const reason = SSL_get_error(ssl, n);
            if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return outcome::end;
            if (!wait(n, until)) return outcome::late;
        }
    }
};

tls_client::tls_client(std::string const& host, std::uint16_t port, std::string const& source)
    : impl_(std::make_unique<impl>(host, port, source))
{}
tls_client::~tls_client() = default;
tls_client::tls_client(tls_client&&) noexcept = default;

void tls_client::write(std::string_view bytes)
{
    if (impl_->write_until(bytes, steady::now() + patience) != bytes.size()) fail("cannot write");
}

std::size_t tls_client::write_within(std::string_view bytes, std::chrono::milliseconds span)
{
    return impl_->write_until(bytes, steady::now() + span);
}

bool tls_client::closed_by_peer()
{
    auto const until = steady::now() + patience;
    for (;;) {
        auto const got = impl_->read_until(until);
        if (got == impl::outcome::some) continue;
        return got == impl::outcome::end;
    }
}

std::optional<std::string> tls_client::read_to_end()
{
    if (!closed_by_peer()) return std::nullopt;
    return std::exchange(impl_->in, {});
}

std::string http_answer::header(std::string_view name) const
{
    for (auto const& [key, value] : headers)
        if (key == name) return value;
    return {};
}

http_answer tls_client::read_answer(bool head)
{
    auto const until = steady::now() + patience;
    auto const more = [&] {
        if (impl_->read_until(until) != impl::outcome::some) fail("no complete answer");
    };
    std::size_t end = 0;
    while ((end = impl_->in.find("\r\n\r\n")) == std::string::npos) more();
    auto const text = impl_->in.substr(0, end + 2);
    impl_->in.erase(0, end + 4);
    if (!text.starts_with("HTTP/1.1 ") || text.size() < 12) fail("no HTTP answer");

    http_answer out;
    out.status = static_cast<unsigned>(std::stoul(text.substr(9, 3)));
    for (auto line = text.find("\r\n") + 2; line < text.size();) {
        auto const line_end = text.find("\r\n", line);
        auto const colon = text.find(": ", line);
        if (colon == std::string::npos || colon > line_end) fail("a header without colon");
        out.headers.emplace_back(
            lower_case(text.substr(line, colon - line)), text.substr(colon + 2, line_end - colon - 2));
        line = line_end + 2;
    }
    out.keep_alive = out.header("connection") != "close";
    auto const length = out.header("content-length");
    if (head || length.empty()) return out;
    auto const size = std::stoul(length);
    while (impl_->in.size() < size) more();
    out.body = impl_->in.substr(0, size);
    impl_->in.erase(0, size);
    return out;
}

// --- TCP ---

struct tcp_client::impl {
    int fd = -1;
};

tcp_client::tcp_client(std::string const& host, std::uint16_t port, std::string const& source)
    : impl_(std::make_unique<impl>(impl{connect_to(host, port, source)}))
{}

tcp_client::~tcp_client()
{
    if (impl_) ::close(impl_->fd);
}

tcp_client::tcp_client(tcp_client&&) noexcept = default;

void tcp_client::write(std::string_view bytes)
{
    // A few bytes always fit into an empty socket buffer.
    if (::write(impl_->fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) fail("cannot write");
}

bool tcp_client::closed_by_peer()
{
    auto const until = steady::now() + patience;
    char scratch[1'024];
    while (wait_for(impl_->fd, POLLIN, until)) {
        auto const n = ::read(impl_->fd, scratch, sizeof scratch);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return true;
    }
    return false;
}

// --- HTTP ---

https_client::https_client(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}
https_client::~https_client() = default;

http_answer https_client::request(
    std::string_view method, std::string_view target, headers const& more, std::string_view body)
{
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(host_).append("\r\n");
    for (auto const& [name, value] : more) text.append(name).append(": ").append(value).append("\r\n");
    if (!body.empty()) text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    text.append("\r\n").append(body);
    if (!connection_) {
        connection_ = std::make_unique<tls_client>(host_, port_);
        ++connections_;
    }
    connection_->write(text);
    auto answer = connection_->read_answer(method == "HEAD");
    if (!answer.keep_alive) connection_.reset();
    return answer;
}

// --- WebSocket ---

struct ws_client::impl {
    tls_client tls;
    http_answer upgraded;
    std::string partial; ///< fragments so far
    bool close_sent = false;
    std::vector<std::string> pongs = {};
};

namespace {

http_answer upgrade_over(tls_client& tls, std::string const& host, std::string const& path, headers more)
{
    auto const has = [&more](std::string_view name) {
        for (auto const& entry : more)
            if (lower_case(entry.first) == name) return true;
        return false;
    };
    if (!has("sec-websocket-protocol")) more.emplace_back("Sec-WebSocket-Protocol", "rendezvous.v1");
    if (!has("sec-websocket-version")) more.emplace_back("Sec-WebSocket-Version", "13");
    if (!has("sec-websocket-key")) more.emplace_back("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    std::string text =
        "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    for (auto const& [name, value] : more)
        if (!value.empty()) text.append(name).append(": ").append(value).append("\r\n");
    tls.write(text + "\r\n");
    auto answer = tls.read_answer();
    if (answer.status == 101 && answer.header("sec-websocket-accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        && !has("sec-websocket-key"))
        fail("Sec-WebSocket-Accept is wrong");
    return answer;
}

} // namespace

ws_client::ws_client(std::string const& host, std::uint16_t port, std::string const& path, headers more)
    : impl_(std::make_unique<impl>(impl{tls_client(host, port), {}, {}}))
{
    impl_->upgraded = upgrade_over(impl_->tls, host, path, std::move(more));
    if (impl_->upgraded.status != 101) fail("upgrade refused: " + std::to_string(impl_->upgraded.status));
}

ws_client::~ws_client() = default;
ws_client::ws_client(ws_client&&) noexcept = default;
ws_client& ws_client::operator=(ws_client&&) noexcept = default;

http_answer ws_client::refusal(std::string const& host, std::uint16_t port, std::string const& path, headers more)
{
    tls_client tls(host, port);
    return upgrade_over(tls, host, path, std::move(more));
}

std::vector<std::string> const& ws_client::pongs() const
{
    return impl_->pongs;
}

http_answer const& ws_client::upgrade_answer() const
{
    return impl_->upgraded;
}

std::string ws_client::frame(std::uint8_t first_byte, std::string_view payload)
{
    std::string out(1, static_cast<char>(first_byte));
    auto const size = payload.size();
    int const length_bytes = size < 126 ? 0 : size < 65'536 ? 2 : 8;
    auto const marker = length_bytes == 0 ? size : length_bytes == 2 ? 126U : 127U;
    out.push_back(static_cast<char>(0x80U | marker));
    for (int i = length_bytes - 1; i >= 0; --i) out.push_back(static_cast<char>((size >> (8 * i)) & 0xffU));
    unsigned char mask[4];
    RAND_bytes(mask, sizeof mask);
    out.append(reinterpret_cast<char const*>(mask), sizeof mask);
    for (std::size_t i = 0; i < size; ++i)
        out.push_back(static_cast<char>(static_cast<unsigned char>(payload[i]) ^ mask[i % 4]));
    return out;
}

void ws_client::send_text(std::string_view text)
{
    impl_->tls.write(frame(0x81, text));
}

void ws_client::send_binary(std::string_view bytes)
{
    impl_->tls.write(frame(0x82, bytes));
}

void ws_client::send_raw(std::string_view bytes)
{
    impl_->tls.write(bytes);
}

std::size_t ws_client::send_raw_within(std::string_view bytes, std::chrono::milliseconds span)
{
    return impl_->tls.write_within(bytes, span);
}

ws_message ws_client::receive(std::chrono::milliseconds span)
{
    using outcome = tls_client::impl::outcome;
    auto const until = steady::now() + span;
    auto& in = impl_->tls.impl_->in;
    ws_message ended;
    ended.what = ws_message::kind::closed;
    ended.close_code = 1006;
    for (;;) {
        auto const byte = [&in](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(in[i])); };
        std::size_t header = 2;
        std::size_t size = 0;
        bool whole = in.size() >= 2;
        if (whole) {
            if ((byte(1) & 0x80U) != 0) fail("the server masked a frame");
            size = byte(1);
            std::size_t const length_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
            header += length_bytes;
            whole = in.size() >= header;
            if (whole && length_bytes > 0) {
                size = 0;
                for (std::size_t i = 2; i < header; ++i) size = size * 256 + byte(i);
            }
            whole = whole && in.size() >= header + size;
        }
        if (!whole) {
            auto const got = impl_->tls.impl_->read_until(until);
            if (got == outcome::end) return ended;
            if (got == outcome::late) return {};
            continue;
        }
        auto const first = byte(0);
        auto payload = in.substr(header, size);
        in.erase(0, header + size);
        switch (first & 0x0fU) {
        case 0x0:
        case 0x1:
            impl_->partial += payload;
            if ((first & 0x80U) == 0) break;
            ended = {};
            ended.what = ws_message::kind::text;
            ended.text = std::exchange(impl_->partial, {});
            return ended;
        case 0x8:
            if (payload.size() >= 2) {
                ended.close_code = static_cast<std::uint16_t>(
                    static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]));
                ended.close_reason = payload.substr(2);
            } else {
                ended.close_code = 1005;
            }
            if (!std::exchange(impl_->close_sent, true))
                impl_->tls.write_within(frame(0x88, payload.substr(0, 2)), patience);
            return ended;
        case 0x9: impl_->tls.write(frame(0x8a, payload)); break;
        case 0xa: impl_->pongs.push_back(std::move(payload)); break;
        default: fail("the server sent a frame that is not text");
        }
    }
}

std::uint16_t ws_client::close(std::uint16_t code)
{
    std::string payload;
    payload.push_back(static_cast<char>(code >> 8U));
    payload.push_back(static_cast<char>(code & 0xffU));
    impl_->close_sent = true;
    impl_->tls.write(frame(0x88, payload));
    for (;;) {
        auto const got = receive();
        if (got.what == ws_message::kind::closed) return got.close_code;
        if (got.what == ws_message::kind::nothing) fail("the server does not close");
    }
}

void ws_client::drop()
{
    impl_->tls.impl_->release();
}

} // namespace rendezvous::test
