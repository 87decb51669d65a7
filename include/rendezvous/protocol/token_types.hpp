#pragma once

#include "rendezvous/protocol/rest_types.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Bodies of the REST API that give tokens and take them back; see rest_types.hpp.
namespace rendezvous::protocol {

/// How long a token lives that nobody asked otherwise for, and the longest there is; also how long
/// tokens can be renewed, from the first on.
inline constexpr std::chrono::seconds token_ttl_default{2 * 3'600};
inline constexpr std::chrono::seconds token_ttl_max{12 * 3'600};

struct token_body {
    base::user_id user;
    call::role role{};
    std::string name; ///< empty: none
    std::vector<base::appointment_id> appointments;
    std::chrono::seconds ttl = token_ttl_default;
};
struct revoke_user_body {
    base::user_id user;
};
struct resend_body {
    std::optional<base::utc_time> expires_at;
};

/// POST /api/tokens. Patients and guests need an appointment.
body<token_body> parse_token(std::string_view text, std::size_t depth_max = 16);
/// POST /api/tokens/revoke.
body<revoke_user_body> parse_revoke_user(std::string_view text, std::size_t depth_max = 16);
/// POST .../invites/{inviteId}/resend; an empty body is `{}`.
body<resend_body> parse_resend(std::string_view text, std::size_t depth_max = 16);

/// `{token, jti, expiresAt}`; never to be logged.
std::string token_json(std::string const& token, std::string const& jti, base::utc_time expires_at);

} // namespace rendezvous::protocol
