#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string_view>

namespace rendezvous::auth {

/// Reads one JSON object as RFC 8725 and RFC 7515 section 4 want it for tokens: UTF-8 without byte
/// order mark, no name twice in any object, nested at most four deep, nothing behind it.
std::optional<nlohmann::json> parse_strict_object(std::string_view text);

} // namespace rendezvous::auth
