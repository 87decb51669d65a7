#include "rendezvous/net/metrics_door.hpp"

#include "listener.hpp"

#include "rendezvous/base/log.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <chrono>

namespace rendezvous::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t header_bytes_max = 8'192;
constexpr std::chrono::seconds patience{5};
constexpr std::chrono::milliseconds exhausted_pause{250};
constexpr std::size_t connections_max = 8;

std::string response(std::string_view status, std::string_view more, std::string_view type, std::string_view body)
{
    std::string out = "HTTP/1.1 " + std::string(status) + "\r\nConnection: close\r\nCache-Control: no-store\r\n";
    out += "X-Content-Type-Options: nosniff\r\n" + std::string(more);
    out += "Content-Type: " + std::string(type) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    return out += body;
}

std::string refusal(std::string_view status, std::string_view more = {})
{
    return response(status, more, "text/plain; charset=utf-8", std::string(status) + "\n");
}

} // namespace

struct metrics_door::impl : std::enable_shared_from_this<impl> {
    impl(asio::io_context& context, std::function<std::string()> make_page)
        : acceptor(context),
          pause(context),
          page(std::move(make_page))
    {}

    void accept();
    std::string answer(std::string_view request_line) const;

    tcp::acceptor acceptor;
    asio::steady_timer pause;
    std::function<std::string()> page;
    std::size_t open = 0;
    bool accepting = false;
};

namespace {

/// One scrape. Keeps itself and the door's inside alive until it is over.
template <class Door>
class scrape : public std::enable_shared_from_this<scrape<Door>> {
public:
    scrape(std::shared_ptr<Door> door, tcp::socket socket)
        : door_(std::move(door)),
          socket_(std::move(socket)),
          over_(socket_.get_executor())
    {
        ++door_->open;
    }
    ~scrape()
    {
        --door_->open;
        door_->accept();
    }

    void start()
    {
        over_.expires_after(patience);
        over_.async_wait([weak = this->weak_from_this()](error_code ec) {
            auto const self = weak.lock();
            if (!ec && self) self->close();
        });
        asio::async_read_until(socket_, asio::dynamic_buffer(header_, header_bytes_max), "\r\n\r\n",
            [self = this->shared_from_this()](error_code ec, std::size_t) {
                if (!ec) return self->write(self->door_->answer(self->header_));
                if (ec == asio::error::not_found) self->write(refusal("431 Request Header Fields Too Large"));
            });
    }

private:
    void write(std::string text)
    {
        text_ = std::move(text);
        asio::async_write(socket_, asio::buffer(text_), [self = this->shared_from_this()](error_code ec, std::size_t) {
            error_code ignored;
            if (!ec) self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
            self->over_.cancel();
        });
    }

    void close()
    {
        error_code ignored;
        socket_.close(ignored);
    }

    std::shared_ptr<Door> door_;
    tcp::socket socket_;
    asio::steady_timer over_;
    std::string header_;
    std::string text_;
};

} // namespace

void metrics_door::impl::accept()
{
    if (!acceptor.is_open() || accepting || open >= connections_max) return;
    accepting = true;
    acceptor.async_accept([self = shared_from_this()](error_code ec, tcp::socket socket) {
        self->accepting = false;
        if (!ec) std::make_shared<scrape<impl>>(self, std::move(socket))->start();
        if (!ec || ec == asio::error::operation_aborted) return self->accept();
        // Without a descriptor to spare, asking again at once would spin.
        self->pause.expires_after(exhausted_pause);
        self->pause.async_wait([self](error_code cancelled) {
            if (!cancelled) self->accept();
        });
    });
}

std::string metrics_door::impl::answer(std::string_view request) const
{
    auto const line = request.substr(0, request.find("\r\n"));
    auto const method = line.substr(0, line.find(' '));
    auto const rest = line.substr(std::min(line.size(), method.size() + 1));
    auto const target = rest.substr(0, rest.find(' '));
    auto const version = rest.substr(std::min(rest.size(), target.size() + 1));
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return refusal("400 Bad Request");
    if (target != "/metrics") return refusal("404 Not Found");
    if (method != "GET") return refusal("405 Method Not Allowed", "Allow: GET\r\n");
    return response("200 OK", {}, "text/plain; version=0.0.4; charset=utf-8", page());
}

metrics_door::metrics_door(asio::io_context& context, std::function<std::string()> page)
    : impl_(std::make_shared<impl>(context, std::move(page)))
{}

metrics_door::~metrics_door()
{
    error_code ignored;
    impl_->acceptor.close(ignored);
    impl_->pause.cancel();
}

std::uint16_t metrics_door::start(std::string const& endpoint)
{
    auto const at = parse_endpoint(endpoint);
    auto& acceptor = impl_->acceptor;
    try {
        acceptor.open(at.protocol());
        acceptor.set_option(tcp::acceptor::reuse_address(true));
        acceptor.bind(at);
        acceptor.listen();
    } catch (boost::system::system_error const& e) {
        throw std::runtime_error("metrics.listen: cannot listen on " + endpoint + ": " + e.code().message());
    }
    auto const port = acceptor.local_endpoint().port();
    base::log::info("metrics_listening", {{"address", at.address().to_string()}, {"port", unsigned{port}}});
    asio::post(acceptor.get_executor(), [inside = impl_] { inside->accept(); });
    return port;
}

} // namespace rendezvous::net
