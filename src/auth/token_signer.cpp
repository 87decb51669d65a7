#include "rendezvous/auth/token_signer.hpp"

#include "rendezvous/auth/hash.hpp"
#include "rendezvous/auth/token_verifier.hpp"
#include "rendezvous/base/limits.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace rendezvous::auth {
namespace {

using nlohmann::json;

void put_appointments(json& claims, std::vector<base::appointment_id> const& appointments)
{
    if (appointments.size() == 1) claims["appointment"] = appointments.front().str();
    if (appointments.size() < 2) return;
    auto& list = claims["appointment"] = json::array();
    for (auto const& id : appointments) list.push_back(id.str());
}

} // namespace

token_signer::token_signer(std::string issuer, std::string audience, std::string secret)
    : issuer_(std::move(issuer)),
      audience_(std::move(audience)),
      secret_(std::move(secret))
{
    if (secret_.size() < token_secret_bytes_min)
        throw std::invalid_argument(
            "the signing key is shorter than " + std::to_string(token_secret_bytes_min) + " bytes");
}

base::result<signed_token> token_signer::sign(
    token_claims const& claims, std::chrono::seconds ttl, base::utc_time now, base::id_generator& ids) const
{
    if (ttl < std::chrono::seconds{1} || ttl > token_lifetime_max
        || claims.appointments.size() > token_appointments_max)
        return base::errc::validation;
    auto issued_at = std::chrono::floor<std::chrono::seconds>(now);
    if (claims.issued_after && issued_at <= *claims.issued_after && now >= *claims.issued_after)
        issued_at += std::chrono::seconds{1};
    signed_token made;
    made.jti = ids.uuid(now);
    made.expires_at = issued_at + ttl;
    json payload{{"iss", issuer_}, {"aud", audience_}, {"sub", claims.user.str()},
        {"role", std::string(call::to_word(claims.role))}, {"iat", issued_at.time_since_epoch().count()},
        {"exp", (issued_at + ttl).time_since_epoch().count()}, {"jti", made.jti}};
    if (!claims.name.empty()) payload["name"] = claims.name;
    if (claims.locale) payload["locale"] = *claims.locale;
    if (claims.first_issued_at)
        payload["auth_time"] =
            std::chrono::floor<std::chrono::seconds>(*claims.first_issued_at).time_since_epoch().count();
    if (!claims.invite.empty()) payload["invite"] = claims.invite;
    put_appointments(payload, claims.appointments);

    // Names come from outside: bytes that are no UTF-8 become U+FFFD instead of an exception.
    auto const body = payload.dump(-1, ' ', false, json::error_handler_t::replace);
    made.token = base::base64url(R"({"alg":"HS256","typ":"JWT"})");
    made.token.append(".").append(base::base64url(body));
    auto const signature = hmac_sha256(secret_, made.token);
    made.token.append(".").append(base::base64url(signature));
    if (made.token.size() > base::limits::token_bytes_max) return base::errc::validation;
    return made;
}

} // namespace rendezvous::auth
