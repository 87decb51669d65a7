#pragma once

#include "http_connection.hpp"
#include "shard_net.hpp"
#include "tls_stream.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace rendezvous::net {

/// `address:port` or `[address]:port`; throws std::runtime_error naming the text.
boost::asio::ip::tcp::endpoint parse_endpoint(std::string const& text);

/// One bound port. Accepts on shard 0, asks the gate there and hands the sockets round the shards.
class listener : public std::enable_shared_from_this<listener> {
public:
    /// Binds and listens, or takes over `inherited`, a listening socket; throws std::runtime_error
    /// with one line. `v6_only` matters for IPv6.
    listener(std::vector<std::shared_ptr<shard_net>> shards, boost::asio::ip::tcp::endpoint const& at, bool v6_only,
        bool websocket_only, std::shared_ptr<boost::asio::ssl::context> tls, int inherited = -1);

    std::uint16_t port() const;
    std::string address() const;

    // On shard 0:
    void accept();
    void stop();
    /// A connection has ended: if there was no descriptor left, there is one now.
    void on_vacancy();
    void use(std::shared_ptr<boost::asio::ssl::context> tls) { tls_ = std::move(tls); }

private:
    using acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

    std::size_t open_sockets() const;
    boost::asio::io_context::executor_type next_executor() const;
    void accept_waiting();
    void on_accepted(boost::system::error_code ec, tcp_socket socket);
    void admit(tcp_socket socket);
    void hand_over(tcp_socket socket, arrival arrived);

    std::vector<std::shared_ptr<shard_net>> shards_;
    acceptor acceptor_;
    deadline pause_; ///< armed while there is no descriptor left
    bool websocket_only_;
    std::shared_ptr<boost::asio::ssl::context> tls_;
    boost::asio::ip::tcp::endpoint peer_;
    std::size_t next_shard_ = 0;
};

} // namespace rendezvous::net
