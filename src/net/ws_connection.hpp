#pragma once

#include "shard_net.hpp"
#include "tls_stream.hpp"
#include "upgrade.hpp"

#include <memory>
#include <string>

namespace rendezvous::net {

/// Answers a checked upgrade request with 101 and serves the WebSocket until it closes. The
/// connection keeps itself alive; `ticket` is its place at the gate. On the connection's shard.
void start_websocket(std::shared_ptr<shard_net> here, tls_stream stream, upgrade accepted, std::string remote_ip,
    std::shared_ptr<gate_ticket> ticket);

} // namespace rendezvous::net
