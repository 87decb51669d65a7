#pragma once

#include "origins.hpp"

#include "rendezvous/net/http_types.hpp"

#include <optional>
#include <string>

namespace rendezvous::net {

/// Whether the path is one of the two WebSocket endpoints: `/ws` or `/appointment/{id}`.
bool is_websocket_path(http_request const& request);

/// Whether the request asks to become a WebSocket at all.
bool wants_upgrade(http_request const& request);

/// What a good upgrade request said.
struct upgrade {
    std::string key;              ///< Sec-WebSocket-Key
    bool subprotocol = false;     ///< rendezvous.v1 was offered and is chosen
    std::string path_appointment; ///< empty for `/ws`
};

/// The checks before the upgrade (docs/protocol.md, "Opening a socket"): either `refusal` is set,
/// or `accepted` may be upgraded.
struct upgrade_verdict {
    upgrade accepted;
    std::optional<http_response> refusal;
};
upgrade_verdict check_upgrade(http_request const& request, origin_rules const& origins);

} // namespace rendezvous::net
