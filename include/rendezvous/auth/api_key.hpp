#pragma once

#include "rendezvous/base/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace rendezvous::auth {

/// A new API key: `rk_`, eight hex digits, `_`, 43 characters of base64url (256 random bits).
/// `text` is shown once and never kept.
struct api_key {
    std::string text;
    std::string prefix; ///< `rk_` and the digits: to recognise the key in lists and logs
    std::string hash;   ///< SHA-256 of the whole text, hex
};

api_key make_api_key(base::id_generator& ids);

/// A bearer credential that begins like an API key, well formed or not: such a one is no token.
bool looks_like_api_key(std::string_view text) noexcept;

/// The hash to look up, or nothing for a text that no key of ours can have.
std::optional<std::string> api_key_hash(std::string_view text);

} // namespace rendezvous::auth
