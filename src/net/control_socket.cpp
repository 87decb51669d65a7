#include "rendezvous/net/control_socket.hpp"

#include "rendezvous/base/log.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>

namespace rendezvous::net {
namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::size_t bytes_max = 65'536;
constexpr std::chrono::seconds patience{5};
constexpr int client_patience_s = 30;
constexpr char unit_separator = '\x1f';

std::string join(std::vector<std::string> const& words)
{
    std::string out;
    for (auto const& w : words) {
        out += w;
        out += unit_separator;
    }
    return out;
}

std::vector<std::string> split(std::string_view text)
{
    std::vector<std::string> out;
    for (std::size_t begin = 0; begin < text.size();) {
        auto const end = std::min(text.find(unit_separator, begin), text.size());
        out.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return out;
}

/// One asker: reads until it shuts down its side, answers, closes.
class conversation : public std::enable_shared_from_this<conversation> {
public:
    conversation(local::socket peer, control_handler const& handler)
        : peer_(std::move(peer)),
          deadline_(peer_.get_executor()),
          handler_(handler)
    {}

    void start()
    {
        deadline_.expires_after(patience);
        deadline_.async_wait([self = shared_from_this()](error_code ec) {
            if (ec) return;
            error_code ignored;
            self->peer_.close(ignored);
        });
        asio::async_read(peer_, asio::dynamic_buffer(text_, bytes_max),
            [self = shared_from_this()](error_code ec, std::size_t) { self->on_read(ec); });
    }

private:
    void on_read(error_code ec)
    {
        deadline_.cancel();
        if (ec != asio::error::eof) return;
        handler_({split(text_)}, [self = shared_from_this()](control_reply reply) {
            asio::post(self->peer_.get_executor(), [self, reply = std::move(reply)] { self->answer(reply); });
        });
    }

    void answer(control_reply const& reply)
    {
        text_ = join({std::to_string(reply.exit_code), reply.out, reply.err});
        asio::async_write(peer_, asio::buffer(text_), [self = shared_from_this()](error_code, std::size_t) {});
    }

    local::socket peer_;
    asio::steady_timer deadline_;
    control_handler const& handler_;
    std::string text_;
};

void check(bool ok, char const* what)
{
    if (!ok) throw std::system_error(errno, std::generic_category(), what);
}

/// A connected descriptor, or -1 if nobody listens there.
int connect_to(std::filesystem::path const& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto const text = path.string();
    if (text.size() >= sizeof address.sun_path) return -1;
    text.copy(address.sun_path, text.size());
    int const fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(fd >= 0, "socket");
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
}

} // namespace

struct control_socket::impl : std::enable_shared_from_this<impl> {
    impl(asio::io_context& context, std::filesystem::path p, control_handler h)
        : acceptor(context),
          path(std::move(p)),
          handler(std::move(h))
    {
        if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
        // The database lock has made sure that no other service runs on this data: what lies here
        // was left behind by one that died.
        std::filesystem::remove(path);
        auto const before = ::umask(0177);
        error_code ec;
        acceptor.open();
        acceptor.bind(local::endpoint(path.string()), ec);
        ::umask(before);
        if (ec) throw std::system_error(ec, "control socket " + path.string());
        acceptor.listen();
    }

    void accept()
    {
        acceptor.async_accept([self = shared_from_this()](error_code ec, local::socket peer) {
            if (ec == asio::error::operation_aborted) return;
            if (!ec) std::make_shared<conversation>(std::move(peer), self->handler)->start();
            self->accept();
        });
    }

    local::acceptor acceptor;
    std::filesystem::path path;
    control_handler handler;
};

control_socket::control_socket(asio::io_context& context, std::filesystem::path path, control_handler handler)
    : impl_(std::make_shared<impl>(context, std::move(path), std::move(handler)))
{
    impl_->accept();
}

control_socket::~control_socket()
{
    error_code ignored;
    impl_->acceptor.close(ignored);
    std::error_code gone;
    std::filesystem::remove(impl_->path, gone);
}

std::optional<control_reply> ask_service(std::filesystem::path const& path, control_request const& request)
{
    int const fd = connect_to(path);
    if (fd < 0) return std::nullopt;
    std::unique_ptr<int const, void (*)(int const*)> const closer(&fd, [](int const* d) { ::close(*d); });
    timeval const wait{client_patience_s, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    auto const text = join(request.words);
    check(::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()), "control socket");
    check(::shutdown(fd, SHUT_WR) == 0, "control socket");
    std::string answer;
    char buffer[4096];
    for (;;) {
        auto const got = ::recv(fd, buffer, sizeof buffer, 0);
        check(got >= 0, "control socket");
        if (got == 0) break;
        answer.append(buffer, static_cast<std::size_t>(got));
    }
    auto const parts = split(answer);
    control_reply out;
    if (parts.empty()) throw std::system_error(EPROTO, std::generic_category(), "control socket");
    std::from_chars(parts[0].data(), parts[0].data() + parts[0].size(), out.exit_code);
    if (parts.size() > 1) out.out = parts[1];
    if (parts.size() > 2) out.err = parts[2];
    return out;
}

} // namespace rendezvous::net
