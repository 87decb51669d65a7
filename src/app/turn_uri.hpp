#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rendezvous::app {

/// A `stun:`, `stuns:`, `turn:` or `turns:` address (RFC 7064, RFC 7065) with its defaults filled in.
struct turn_uri {
    enum class transport { udp, tcp };
    bool relays = false; ///< `turn:` or `turns:`
    bool tls = false;    ///< `stuns:` or `turns:`
    std::string host;    ///< IPv6 without brackets
    std::uint16_t port = 0;
    transport over = transport::udp;
};

/// Nothing if it is none.
std::optional<turn_uri> parse_turn_uri(std::string_view text);

} // namespace rendezvous::app
