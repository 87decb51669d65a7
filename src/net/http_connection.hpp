#pragma once

#include "shard_net.hpp"
#include "tls_stream.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>

namespace rendezvous::net {

/// What the listener knows about a connection it hands to its shard.
struct arrival {
    boost::asio::ip::address peer;
    std::shared_ptr<gate_ticket> ticket; ///< none for a trusted proxy: its visitors are counted
    std::uint32_t debt = 0; ///< what its address owes (admission::debt): who owes less is served first
    bool websocket_only = false;
    bool refused = false; ///< too many of this address: the first request is answered 503
};

/// Serves one accepted connection: TLS, then HTTP/1.1 until it becomes a WebSocket or ends. Keeps
/// itself alive. On the shard of `here`, whose io_context `socket` belongs to.
void serve_http(std::shared_ptr<shard_net> here, tcp_socket socket, boost::asio::ssl::context& tls, arrival arrived);

} // namespace rendezvous::net
