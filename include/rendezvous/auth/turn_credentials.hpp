#pragma once

#include "rendezvous/base/clock.hpp"
#include "rendezvous/base/ids.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace rendezvous::auth {

/// Credentials for a TURN server with `use-auth-secret` (draft-uberti-behave-turn-rest-00).
struct turn_credentials {
    std::string username;   ///< `expiry:user:call`, or `expiry:user` outside a call
    std::string credential; ///< base64 of HMAC-SHA1(secret, username)
    base::utc_time expires_at{};
};

/// Credentials for one person in one call that the TURN server accepts for `ttl`; they cannot be
/// recalled. `call` may be empty. Thread: any.
turn_credentials make_turn_credentials(std::string_view secret, base::user_id const& user, base::call_id const& call,
    std::chrono::seconds ttl, base::utc_time now);

/// The password that belongs to a user name.
std::string turn_password(std::string_view secret, std::string_view username);

} // namespace rendezvous::auth
