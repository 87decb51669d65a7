#pragma once

#include "rendezvous/auth/identity.hpp"
#include "rendezvous/auth/public_key.hpp"
#include "rendezvous/base/error.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rendezvous::auth {

/// One key of an issuer. The key fixes the algorithm; a token's header only has to agree
/// (RFC 8725 section 3.1).
struct token_key {
    token_algorithm algorithm = token_algorithm::hs256;
    std::string kid;                               ///< empty: the key serves every `kid`
    std::string secret;                            ///< HS256: the secret, at least `token_secret_bytes_min`
    std::shared_ptr<public_key const> verifying{}; ///< RS256, ES256: the key, of that algorithm
};

/// How an issuer says who somebody is.
struct role_rules {
    /// Where the role stands: the name of a claim, or else names with dots between them that lead
    /// into nested claims (`realm_access.roles`). Its value is a word, or a list of words.
    std::string claim = "role";
    /// The issuer's words for our roles. Empty: its words are ours. Otherwise only these count.
    std::vector<std::pair<std::string, call::role>> words{};
};

/// Somebody whose tokens are accepted: a booking system, or this server itself.
struct token_issuer {
    std::string issuer; ///< `iss`, compared byte by byte
    std::vector<token_key> keys;
    role_rules roles{};
    bool publishes_keys = false; ///< at an address: there may be none yet, and others later
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
    /// Throws std::invalid_argument for an issuer without key or named twice, for a secret shorter
    /// than token_secret_bytes_min, and for a key that is not of its algorithm.
    token_verifier(std::vector<token_issuer> issuers, std::string audience);

    /// Errors: token_expired for a token that is good in everything else but ended more than
    /// token_seat_extension ago; token_invalid for everything else, without saying why.
    /// Touches nothing outside itself; the cost is bounded by token_bytes_max.
    base::result<verified_token> verify(std::string_view token, base::utc_time now) const;

    /// The issuer that publishes its keys and may by now have the one that a refused token names;
    /// empty if no look at anybody's keys can make it good. Nothing of the token is verified.
    std::string issuer_to_ask(std::string_view token) const;

    /// The same with other keys for one issuer that publishes them; an unknown issuer changes nothing.
    token_verifier with_keys(std::string_view issuer, std::vector<token_key> keys) const;

private:
    token_issuer const* find_issuer(std::string_view issuer) const;

    std::vector<token_issuer> issuers_;
    std::string audience_;
};

} // namespace rendezvous::auth
