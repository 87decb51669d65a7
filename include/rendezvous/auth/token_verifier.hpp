#pragma once

#include "rendezvous/auth/identity.hpp"
#include "rendezvous/base/error.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::auth {

/// Signature algorithms of JWS (RFC 7518) that can be verified. `none` is none of them.
enum class token_algorithm { hs256 };

/// One key of an issuer. The key fixes the algorithm; a token's header only has to agree
/// (RFC 8725 section 3.1).
struct token_key {
    token_algorithm algorithm = token_algorithm::hs256;
    std::string kid;    ///< empty: the key serves every `kid`
    std::string secret; ///< HMAC secret, at least `token_secret_bytes_min`
};

/// Somebody whose tokens are accepted: a booking system, or this server itself.
struct token_issuer {
    std::string issuer; ///< `iss`, compared byte by byte
    std::vector<token_key> keys;
};

inline constexpr std::size_t token_secret_bytes_min = 32; ///< RFC 7518 section 3.2
inline constexpr std::chrono::seconds token_leeway{60};   ///< for `exp`, `nbf` and `iat`
/// How long after `exp` a token may still bring somebody back to a seat taken with it.
inline constexpr std::chrono::hours token_seat_extension{4};
/// An `exp` farther ahead than this is a mistake or an attack.
inline constexpr std::chrono::hours token_lifetime_max{366 * 24};
inline constexpr std::size_t token_appointments_max = 64;

/// A token that is genuine and meant for us.
struct verified_token {
    identity who;
    /// `exp` and the leeway have passed. Good for one thing only: to come back to a seat that was
    /// taken with this very token (`token_hash`), up to token_seat_extension after `exp`.
    bool expired = false;
    std::string token_hash; ///< SHA-256 of the token, hex
};

/// Checks bearer tokens: JWT (RFC 7519) in compact form, read by the closed rules of RFC 8725.
/// Thread: any; immutable after construction. New keys mean a new verifier.
class token_verifier {
public:
    /// Throws std::invalid_argument for an issuer without key or named twice, and for a secret
    /// shorter than token_secret_bytes_min.
    token_verifier(std::vector<token_issuer> issuers, std::string audience);

    /// Errors: token_expired for a token that is good in everything else but ended more than
    /// token_seat_extension ago; token_invalid for everything else, without saying why.
    /// Touches nothing outside itself; the cost is bounded by token_bytes_max.
    base::result<verified_token> verify(std::string_view token, base::utc_time now) const;

private:
    token_issuer const* find_issuer(std::string_view issuer) const;

    std::vector<token_issuer> issuers_;
    std::string audience_;
};

} // namespace rendezvous::auth
