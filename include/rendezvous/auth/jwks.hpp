#pragma once

#include "rendezvous/auth/token_verifier.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::auth {

inline constexpr std::size_t jwks_bytes_max = 256 * 1024;
inline constexpr std::size_t jwks_keys_max = 64;

/// What a set of keys (RFC 7517 section 5) holds for us.
struct key_set {
    std::vector<token_key> keys; ///< those that can verify with one of the wanted algorithms
    std::size_t skipped = 0;     ///< encryption keys, other kinds and curves, keys too small
};

/// Reads a set of public keys. One key that is of no use to us is skipped, as sets grow; a set that
/// is not in order as a whole is refused: no JSON object with `keys`, a name twice in an object,
/// over jwks_bytes_max or jwks_keys_max, two usable keys of one `kid`, several of which one has none.
/// Errors: too_large, bad_json, validation.
base::result<key_set> parse_jwks(std::string_view text, std::vector<token_algorithm> const& wanted);

} // namespace rendezvous::auth
