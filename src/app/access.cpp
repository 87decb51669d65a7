#include "access.hpp"

#include "rendezvous/auth/api_key.hpp"
#include "rendezvous/auth/hash.hpp"
#include "rendezvous/auth/turn_credentials.hpp"
#include "rendezvous/base/limits.hpp"

namespace rendezvous::app {

access::access(auth::token_verifier verifier, auth::token_signer signer, turn servers, std::uint32_t failures_max,
    base::id_generator& ids, std::string own_issuer, auth::pin_keeper pins)
    : verifier_(std::make_shared<auth::token_verifier const>(std::move(verifier))),
      signer_(std::move(signer)),
      own_issuer_(std::move(own_issuer)),
      pins_(std::move(pins)),
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
    auto holder = bearer_of(std::move(*verified));
    if (revoked(holder)) return base::errc::token_invalid;
    return holder;
}

service::bearer access::bearer_of(auth::verified_token verified) const
{
    auto& who = verified.who;
    service::bearer out{std::move(who.user), who.role, std::move(who.name), std::move(who.appointments),
        who.limited_to_appointments, who.expires_at, verified.expired, std::move(verified.token_hash)};
    out.locale = std::move(who.locale);
    out.ours = who.issuer == own_issuer_;
    out.jti = std::move(who.jti);
    out.issued_at = who.issued_at;
    // Only our own tokens are renewed by us, and exchanged for invitations of ours.
    if (out.ours) {
        out.first_issued_at = who.first_issued_at;
        out.invite = std::move(who.invite);
    }
    return out;
}

bool access::await_keys(std::string_view token, std::function<void()> then)
{
    if (!published_) return false;
    auto const issuer = verifier()->issuer_to_ask(token);
    return !issuer.empty() && published_->await(issuer, std::move(then));
}

bool access::revoked(service::bearer const& who) const
{
    std::shared_lock const lock(revoked_guard_);
    return revoked_.cover(who.jti, who.user.str(), who.issued_at, who.invite);
}

bool access::is_revoked(std::string_view token, base::utc_time now) const
{
    auto verified = verifier()->verify(token, now);
    return verified && revoked(bearer_of(std::move(*verified)));
}

bool access::revoke(service::revocation const& what)
{
    std::unique_lock const lock(revoked_guard_);
    return revoked_.add(what);
}

bool access::may_revoke() const
{
    std::shared_lock const lock(revoked_guard_);
    return !revoked_.full();
}

void access::forget_revocations(base::utc_time now)
{
    std::unique_lock const lock(revoked_guard_);
    revoked_.forget_over(now);
}

std::string access::pin_hash(std::string_view pin) const
{
    return pins_.keep(pin, ids_);
}

bool access::pin_matches(std::string_view pin, std::string_view kept) const
{
    return pins_.matches(pin, kept);
}

base::result<service::minted_token> access::mint_token(service::token_wish const& wish, base::utc_time now) const
{
    auth::token_claims claims{wish.user, wish.role, wish.name, wish.locale, wish.appointments};
    claims.first_issued_at = wish.first_issued_at;
    claims.invite = wish.invite;
    {
        std::shared_lock const lock(revoked_guard_);
        claims.issued_after = revoked_.user_revoked_at(wish.user.str());
    }
    auto made = signer_.sign(claims, wish.ttl, now, ids_);
    if (!made) return made.error();
    return service::minted_token{std::move(made->token), made->expires_at, std::move(made->jti)};
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
