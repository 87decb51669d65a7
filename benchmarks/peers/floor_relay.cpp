// The floor: epoll + OpenSSL + the least WebSocket framing that works, one thread. What a relay
// cannot do for less on this kernel and this OpenSSL. "/echo" gives a connection its text back;
// "/r?room=X" passes every text verbatim to the other connection of the room. JSON is not looked
// at, and nothing is validated: this is a measuring stick, not a server.
//
// usage: floor_relay PORT [CERTIFICATE KEY]
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

enum class state : std::uint8_t { handshake, upgrade, open };

struct connection {
    int descriptor = -1;
    state now = state::upgrade;
    bool wants_write = false;
    bool echoes = false;
    SSL* ssl = nullptr;
    connection* peer = nullptr;
    std::string room;
    std::string incoming; // only while a frame is incomplete
    std::string outgoing; // only while the socket is full
};

constexpr std::size_t frame_bytes_max = 1 << 17;

int epoll = -1;
SSL_CTX* context = nullptr;
std::unordered_map<std::string, connection*> rooms; // the first one of each room
char read_buffer[1 << 20];
char write_buffer[frame_bytes_max];

void watch_writes(connection& c, bool wanted)
{
    if (c.wants_write == wanted) return;
    c.wants_write = wanted;
    epoll_event event{};
    event.events = EPOLLIN | (wanted ? std::uint32_t(EPOLLOUT) : 0U);
    event.data.ptr = &c;
    epoll_ctl(epoll, EPOLL_CTL_MOD, c.descriptor, &event);
}

void drop(connection* c)
{
    if (auto const room = rooms.find(c->room); room != rooms.end() && room->second == c) {
        room->second = c->peer;
        if (c->peer == nullptr) rooms.erase(room);
    }
    if (c->peer != nullptr) c->peer->peer = nullptr;
    SSL_free(c->ssl);
    close(c->descriptor);
    delete c;
}

// 0 = try again later, -1 = broken.
ssize_t write_some(connection& c, std::string_view bytes)
{
    if (c.ssl == nullptr) {
        ssize_t const count = send(c.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        return count < 0 && errno == EAGAIN ? 0 : count;
    }
    int const count = SSL_write(c.ssl, bytes.data(), int(bytes.size()));
    if (count > 0) return count;
    int const error = SSL_get_error(c.ssl, count);
    if (error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ) return 0;
    ERR_clear_error();
    return -1;
}

ssize_t read_some(connection& c, char* into, std::size_t size)
{
    if (c.ssl == nullptr) {
        ssize_t const count = recv(c.descriptor, into, size, 0);
        if (count < 0 && errno == EAGAIN) return 0;
        return count > 0 ? count : -1;
    }
    int const count = SSL_read(c.ssl, into, int(size));
    if (count > 0) return count;
    int const error = SSL_get_error(c.ssl, count);
    if (error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ) return 0;
    ERR_clear_error();
    return -1;
}

bool write_or_queue(connection& c, std::string_view bytes)
{
    while (c.outgoing.empty() && !bytes.empty()) {
        ssize_t const count = write_some(c, bytes);
        if (count < 0) return false;
        if (count == 0) break;
        bytes.remove_prefix(std::size_t(count));
    }
    if (bytes.empty()) return true;
    c.outgoing += bytes;
    watch_writes(c, true);
    return true;
}

bool write_text(connection& c, std::string_view text)
{
    std::size_t header = 2;
    write_buffer[0] = char(0x81);
    if (text.size() < 126) {
        write_buffer[1] = char(text.size());
    } else {
        write_buffer[1] = 126;
        write_buffer[2] = char(text.size() >> 8);
        write_buffer[3] = char(text.size() & 0xff);
        header = 4;
    }
    std::memcpy(write_buffer + header, text.data(), text.size());
    return write_or_queue(c, {write_buffer, header + text.size()});
}

std::string accept_value(std::string_view key)
{
    std::string const text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<unsigned char const*>(text.data()), text.size(), digest);
    unsigned char encoded[32];
    int const length = EVP_EncodeBlock(encoded, digest, sizeof digest);
    return {encoded, encoded + length};
}

std::string_view between(std::string_view text, std::string_view from, std::string_view until)
{
    auto const at = text.find(from);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + from.size());
    return text.substr(0, text.find_first_of(until));
}

void enter_room(connection& c, std::string_view name)
{
    c.room = name;
    auto const [room, is_new] = rooms.try_emplace(c.room, &c);
    if (is_new) return;
    c.peer = room->second;
    c.peer->peer = &c;
}

bool upgrade(connection& c, std::string_view request)
{
    auto const key = between(request, "Sec-WebSocket-Key: ", "\r");
    auto const room = between(request, "room=", "& ");
    c.echoes = request.starts_with("GET /echo");
    if (key.empty() || (room.empty() && !c.echoes)) return false;
    std::string const answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + accept_value(key) + "\r\n\r\n";
    if (!write_or_queue(c, answer)) return false;
    c.now = state::open;
    if (!c.echoes) enter_room(c, room);
    return write_text(c, "{\"type\":\"joined\"}");
}

void unmask(char* payload, std::size_t size, char const* mask)
{
    std::uint32_t once = 0;
    std::memcpy(&once, mask, sizeof once);
    std::uint64_t const twice = std::uint64_t(once) << 32 | once;
    std::size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, payload + i, 8);
        word ^= twice;
        std::memcpy(payload + i, &word, 8);
    }
    for (; i < size; ++i) payload[i] = char(payload[i] ^ mask[i & 3]);
}

// Bytes of the first whole frame after relaying it, 0 while it is incomplete, -1 to hang up.
ssize_t relay_frame(connection& c, char* bytes, std::size_t size)
{
    auto const* const head = reinterpret_cast<unsigned char const*>(bytes);
    if (size < 6) return 0;
    std::size_t length = head[1] & 0x7fU;
    std::size_t header = 2;
    if (length == 127) return -1;
    if (length == 126) {
        length = std::size_t(head[2]) << 8 | head[3];
        header = 4;
    }
    if (size < header + 4 + length) return 0;
    char* const payload = bytes + header + 4;
    unmask(payload, length, bytes + header);
    int const opcode = head[0] & 0x0f;
    if (opcode == 8) return -1;
    connection* const to = c.echoes ? &c : c.peer;
    if (opcode == 1 && to != nullptr && !write_text(*to, {payload, length})) {
        if (to == &c) return -1;
        shutdown(to->descriptor, SHUT_RDWR); // its own event drops it
    }
    return ssize_t(header + 4 + length);
}

bool on_bytes(connection& c, char* bytes, std::size_t size)
{
    std::size_t used = 0;
    if (c.now == state::upgrade) {
        auto const end = std::string_view(bytes, size).find("\r\n\r\n");
        if (end != std::string_view::npos) {
            if (!upgrade(c, {bytes, end})) return false;
            used = end + 4;
        }
    }
    while (c.now == state::open) {
        ssize_t const frame = relay_frame(c, bytes + used, size - used);
        if (frame < 0) return false;
        if (frame == 0) break;
        used += std::size_t(frame);
    }
    if (used < size || !c.incoming.empty()) c.incoming = std::string(bytes + used, size - used);
    return true;
}

void on_readable(connection* c)
{
    do {
        std::size_t const kept = c->incoming.size();
        std::copy(c->incoming.begin(), c->incoming.end(), read_buffer);
        ssize_t const count = read_some(*c, read_buffer + kept, sizeof read_buffer - kept);
        if (count == 0) return;
        if (count < 0 || !on_bytes(*c, read_buffer, kept + std::size_t(count))) return drop(c);
    } while (c->ssl != nullptr && SSL_has_pending(c->ssl) != 0);
}

void on_handshake(connection* c)
{
    int const result = SSL_do_handshake(c->ssl);
    if (result == 1) {
        c->now = state::upgrade;
        watch_writes(*c, false);
        if (SSL_has_pending(c->ssl) != 0) on_readable(c);
        return;
    }
    int const error = SSL_get_error(c->ssl, result);
    if (error == SSL_ERROR_WANT_READ) return watch_writes(*c, false);
    if (error == SSL_ERROR_WANT_WRITE) return watch_writes(*c, true);
    ERR_clear_error();
    drop(c);
}

void on_event(connection* c, std::uint32_t events)
{
    if (c->now == state::handshake) return on_handshake(c);
    if ((events & EPOLLOUT) != 0 && !c->outgoing.empty()) {
        std::string rest;
        rest.swap(c->outgoing);
        if (!write_or_queue(*c, rest)) return drop(c);
        if (c->outgoing.empty()) watch_writes(*c, false);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) on_readable(c);
}

void accept_some(int listener)
{
    for (int i = 0; i < 64; ++i) {
        int const descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) return;
        int const one = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        auto* const c = new connection;
        c->descriptor = descriptor;
        if (context != nullptr) {
            c->ssl = SSL_new(context);
            SSL_set_fd(c->ssl, descriptor);
            SSL_set_accept_state(c->ssl);
            c->now = state::handshake;
        }
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = c;
        epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
    }
}

bool use_tls(char const* certificate, char const* key)
{
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_mode(
        context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);
    return SSL_CTX_use_certificate_chain_file(context, certificate) == 1
           && SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1;
}

int listen_on(std::uint16_t port)
{
    int const listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int const one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) return -1;
    return listen(listener, 4096) == 0 ? listener : -1;
}

void raise_descriptor_limit()
{
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2 && argc != 4) {
        std::fputs("usage: floor_relay PORT [CERTIFICATE KEY]\n", stderr);
        return 64;
    }
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    if (argc == 4 && !use_tls(argv[2], argv[3])) {
        ERR_print_errors_fp(stderr);
        return 78;
    }
    int const listener = listen_on(std::uint16_t(std::atoi(argv[1])));
    if (listener < 0) {
        std::perror("floor_relay");
        return 1;
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    epoll_event events[512];
    for (;;) {
        int const count = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < count; ++i) {
            if (events[i].data.ptr == nullptr)
                accept_some(listener);
            else
                on_event(static_cast<connection*>(events[i].data.ptr), events[i].events);
        }
    }
}
