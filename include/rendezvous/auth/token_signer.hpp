#pragma once

#include "rendezvous/base/error.hpp"
#include "rendezvous/base/ids.hpp"
#include "rendezvous/call/words.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::auth {

/// What a token of our own shall say.
struct token_claims {
    base::user_id user;
    call::role role = call::role::patient;
    std::string name; ///< empty: no `name`
    std::optional<std::string> locale;
    std::vector<base::appointment_id> appointments;  ///< empty: no `appointment`
    std::optional<base::utc_time> first_issued_at{}; ///< `auth_time`: of the first of a row of renewed ones
    std::string invite{};                            ///< `invite`; empty: none
    /// `iat` is at least that, though never more than a second ahead: a token given right after all
    /// of its user were revoked must not look as old as those.
    std::optional<base::utc_time> issued_after{};
};

struct signed_token {
    std::string token;
    std::string jti; ///< UUIDv7
    base::utc_time expires_at{};
};

/// Makes tokens of the server's own issuer (`iss` = public_url), HS256 with the signing key.
/// Thread: any; immutable after construction.
class token_signer {
public:
    /// Throws std::invalid_argument for a secret shorter than token_secret_bytes_min.
    token_signer(std::string issuer, std::string audience, std::string secret);

    /// Errors: validation if `ttl` is not between a second and token_lifetime_max, or if the
    /// token would be longer than token_bytes_max or name more than token_appointments_max.
    base::result<signed_token> sign(
        token_claims const& claims, std::chrono::seconds ttl, base::utc_time now, base::id_generator& ids) const;

private:
    std::string issuer_;
    std::string audience_;
    std::string secret_;
};

} // namespace rendezvous::auth
