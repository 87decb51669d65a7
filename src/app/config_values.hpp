#pragma once

#include "rendezvous/app/config.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace rendezvous::app {

/// `1.2.3.4:80`, `[::1]:80`, `localhost:80` (which is 127.0.0.1); nothing for anything else.
std::optional<listen_address> parse_listen_address(std::string_view text);

/// An origin as browsers write it in `Origin`: scheme, lower-case host, port unless it is the
/// scheme's own; no path, not even `/`.
bool is_origin(std::string_view text, std::string_view scheme);

/// An IP address, or a network such as `10.0.0.0/8`.
bool is_network(std::string_view text);

/// Where an issuer may publish its keys: https with a host, or http on this machine; without user,
/// query or fragment.
bool is_key_address(std::string_view text);

/// A host name or an IP address, without port.
bool is_host(std::string_view text);

} // namespace rendezvous::app
