#include "access.hpp"

#include "rendezvous/auth/api_key.hpp"
#include "rendezvous/auth/hash.hpp"
#include "rendezvous/auth/turn_credentials.hpp"
#include "rendezvous/base/limits.hpp"

namespace rendezvous::app {

access::access(auth::token_verifier verifier, auth::token_signer signer, turn servers, std::uint32_t failures_max,
    base::id_generator& ids)
    : verifier_(std::make_shared<auth::token_verifier const>(std::move(verifier))),
      signer_(std::move(signer)),
      turn_(std::move(servers)),
      ids_(ids),
      failures_(failures_max),
      appointment_failures_(failures_max)
{}

std::shared_ptr<auth::token_verifier const> access::verifier() const
{
    std::lock_guard const lock(verifier_guard_);
    return verifier_;
}

void access::use_verifier(auth::token_verifier fresh)
{
    auto made = std::make_shared<auth::token_verifier const>(std::move(fresh));
    std::lock_guard const lock(verifier_guard_);
    verifier_.swap(made);
}

void access::use_failures_max(std::uint32_t failures_max)
{
    std::lock_guard const lock(failures_guard_);
    failures_.set_failures_max(failures_max);
    appointment_failures_.set_failures_max(failures_max);
}

base::result<service::bearer> access::check_token(std::string_view token, base::utc_time now) const
{
    auto verified = verifier()->verify(token, now);
    if (!verified) return verified.error();
    auto& who = verified->who;
    return service::bearer{std::move(who.user), who.role, std::move(who.name), std::move(who.appointments),
        who.limited_to_appointments, who.expires_at, verified->expired, std::move(verified->token_hash)};
}

base::result<service::minted_token> access::mint_token(base::user_id const& user, call::role role,
    std::string const& name, base::appointment_id const& appointment, std::chrono::seconds ttl,
    base::utc_time now) const
{
    auto made = signer_.sign({user, role, name, std::nullopt, {appointment}}, ttl, now, ids_);
    if (!made) return made.error();
    return service::minted_token{std::move(made->token), made->expires_at};
}

std::vector<service::ice_entry> access::ice_servers(
    base::user_id const& user, base::call_id const& call, base::utc_time now) const
{
    std::vector<service::ice_entry> out;
    service::ice_entry relay;
    for (auto const& uri : turn_.uris) {
        if (uri.starts_with("stun"))
            out.push_back({{uri}, {}, {}});
        else
            relay.urls.push_back(uri);
    }
    if (relay.urls.empty()) return out;
    if (!turn_.secret.empty()) {
        auto made = auth::make_turn_credentials(turn_.secret, user, call, turn_.ttl, now);
        relay.username = std::move(made.username);
        relay.credential = std::move(made.credential);
    }
    out.push_back(std::move(relay));
    return out;
}

std::string access::hash(std::string_view text) const
{
    return auth::sha256_hex(text);
}

std::optional<std::string> access::api_key_hash(std::string_view text) const
{
    return auth::api_key_hash(text);
}

base::milliseconds access::failure_wait(std::string_view ip, base::instant now)
{
    std::lock_guard const lock(failures_guard_);
    return failures_.wait(ip, now);
}

base::milliseconds access::record_failure(std::string_view ip, base::instant now, std::string_view appointment)
{
    std::lock_guard const lock(failures_guard_);
    failures_.record_failure(ip, now);
    if (appointment.empty()) return base::milliseconds{0};
    // Never read as an address, whatever an appointment is called.
    auto const key = "appointment " + std::string(appointment);
    auto const wait = appointment_failures_.wait(key, now);
    appointment_failures_.record_failure(key, now);
    return wait;
}

} // namespace rendezvous::app
