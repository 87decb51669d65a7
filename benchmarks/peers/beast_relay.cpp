// What Boost.Beast gives without further thought: one io_context, one thread, callbacks in the
// style of its advanced WebSocket examples, a queue of shared strings. JSON is not looked at, or
// with parse=nlohmann parsed and written again.
//
// usage: beast_relay PORT [CERTIFICATE KEY] [parse=none|nlohmann]
//
// With -DRELAY_LEAN, what Beast gives with care: a concrete executor, no tcp_stream timers, no
// WebSocket timeouts, no locks in the io_context.
#include <sys/resource.h>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <cstdio>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
namespace net = boost::asio;
namespace ssl = net::ssl;
using tcp = net::ip::tcp;

#ifdef RELAY_LEAN
using socket_type = net::basic_stream_socket<tcp, net::io_context::executor_type>;
using plain_stream = socket_type;
using tls_stream = ssl::stream<socket_type>;
#else
using socket_type = tcp::socket;
using plain_stream = beast::tcp_stream;
using tls_stream = beast::ssl_stream<beast::tcp_stream>;
#endif
using acceptor_type = net::basic_socket_acceptor<tcp, socket_type::executor_type>;
using shared_text = std::shared_ptr<std::string const>;

struct member {
    virtual ~member() = default;
    virtual void deliver(shared_text text) = 0;
};

bool parses = false;
std::unordered_map<std::string, std::unordered_set<member*>> rooms;

template <class Derived>
class session : public member {
public:
    ~session() override
    {
        auto const room = rooms.find(room_);
        if (room == rooms.end()) return;
        room->second.erase(this);
        if (room->second.empty()) rooms.erase(room);
    }

    void read_request()
    {
        http::async_read(self().ws().next_layer(), buffer_, request_,
            [me = self().shared_from_this()](beast::error_code ec, std::size_t) {
                if (!ec) me->on_request();
            });
    }

    void deliver(shared_text text) override
    {
        queue_.push_back(std::move(text));
        if (queue_.size() == 1) write();
    }

private:
    Derived& self() { return static_cast<Derived&>(*this); }

    void on_request()
    {
#ifndef RELAY_LEAN
        beast::get_lowest_layer(self().ws()).expires_never();
        self().ws().set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
#endif
        self().ws().read_message_max(65536);
        std::string const target(request_.target());
        auto const at = target.find("room=");
        room_ = at == std::string::npos ? "" : target.substr(at + 5, target.find('&', at) - at - 5);
        self().ws().async_accept(request_, [me = self().shared_from_this()](beast::error_code ec) {
            if (ec) return;
            rooms[me->room_].insert(me.get());
            me->deliver(std::make_shared<std::string const>("{\"type\":\"joined\"}"));
            me->read();
        });
    }

    void read()
    {
        self().ws().async_read(buffer_, [me = self().shared_from_this()](beast::error_code ec, std::size_t) {
            if (ec) return;
            auto text = beast::buffers_to_string(me->buffer_.data());
            me->buffer_.consume(me->buffer_.size());
            me->relay(std::move(text));
            me->read();
        });
    }

    void relay(std::string text)
    {
        if (parses) {
            auto const json = nlohmann::json::parse(text, nullptr, false);
            if (json.is_discarded() || json.value("type", "") != "signal") return;
            text = json.dump();
        }
        auto const shared = std::make_shared<std::string const>(std::move(text));
        for (member* const other : rooms[room_])
            if (other != this) other->deliver(shared);
    }

    void write()
    {
        self().ws().text(true);
        self().ws().async_write(
            net::buffer(*queue_.front()), [me = self().shared_from_this()](beast::error_code ec, std::size_t) {
                if (ec) return;
                me->queue_.pop_front();
                if (!me->queue_.empty()) me->write();
            });
    }

    beast::flat_buffer buffer_;
    http::request<http::string_body> request_;
    std::deque<shared_text> queue_;
    std::string room_;
};

class plain_session : public session<plain_session>, public std::enable_shared_from_this<plain_session> {
public:
    plain_session(socket_type socket, ssl::context&) : ws_(std::move(socket)) {}
    auto& ws() { return ws_; }
    void start() { read_request(); }

private:
    websocket::stream<plain_stream> ws_;
};

class tls_session : public session<tls_session>, public std::enable_shared_from_this<tls_session> {
public:
    tls_session(socket_type socket, ssl::context& context) : ws_(std::move(socket), context) {}
    auto& ws() { return ws_; }
    void start()
    {
        ws_.next_layer().async_handshake(ssl::stream_base::server, [me = shared_from_this()](beast::error_code ec) {
            if (!ec) me->read_request();
        });
    }

private:
    websocket::stream<tls_stream> ws_;
};

template <class Session>
void accept_next(acceptor_type& acceptor, ssl::context& context)
{
    acceptor.async_accept([&](beast::error_code ec, socket_type socket) {
        if (!ec) {
            socket.set_option(tcp::no_delay(true));
            std::make_shared<Session>(std::move(socket), context)->start();
        }
        accept_next<Session>(acceptor, context);
    });
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
    if (argc < 2) {
        std::fputs("usage: beast_relay PORT [CERTIFICATE KEY] [parse=none|nlohmann]\n", stderr);
        return 64;
    }
    std::string certificate;
    std::string key;
    for (int i = 2; i < argc; ++i) {
        std::string const argument = argv[i];
        if (argument.starts_with("parse="))
            parses = argument == "parse=nlohmann";
        else
            (certificate.empty() ? certificate : key) = argument;
    }
    raise_descriptor_limit();
#ifdef RELAY_LEAN
    net::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
#else
    net::io_context context{1};
#endif
    ssl::context tls{ssl::context::tlsv13_server};
    if (!certificate.empty()) {
        tls.use_certificate_chain_file(certificate);
        tls.use_private_key_file(key, ssl::context::pem);
    }
    acceptor_type acceptor{context};
    tcp::endpoint const endpoint{net::ip::address_v4::loopback(), std::uint16_t(std::stoi(argv[1]))};
    acceptor.open(endpoint.protocol());
    acceptor.set_option(net::socket_base::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen(4096);
    if (certificate.empty())
        accept_next<plain_session>(acceptor, tls);
    else
        accept_next<tls_session>(acceptor, tls);
    context.run();
}
