#include "memory_backend.hpp"

#include "rendezvous/store/retention.hpp"

#include <algorithm>

// Tokens that were given and taken back, and what becomes of invitations.

namespace rendezvous::store::memory {
namespace {

using base::errc;

std::string key_of(service::revocation const& what)
{
    return std::to_string(static_cast<int>(what.kind)) + what.id;
}

} // namespace

result<void> memory_backend::put_token(service::token_row const& row)
{
    if (all_.tokens.contains(row.jti)) return errc::illegal_transition;
    undo_.keep(&tables::tokens, all_, row.jti);
    all_.tokens.emplace(row.jti, row);
    return {};
}

result<service::revocation> memory_backend::revoke(service::revocation const& what)
{
    auto kept = what;
    auto const token = all_.tokens.find(what.id);
    if (what.kind == service::revoked_kind::token && token != all_.tokens.end())
        kept.until = std::min(kept.until, token->second.expires_at + retention::tokens);
    auto const known = all_.revocations.find(key_of(what));
    if (known != all_.revocations.end() && known->second.at >= kept.at) return kept;
    undo_.keep(&tables::revocations, all_, key_of(what));
    all_.revocations.insert_or_assign(key_of(what), kept);
    return kept;
}

result<std::vector<service::revocation>> memory_backend::list_revocations(base::utc_time now, std::size_t rows_max)
{
    std::vector<service::revocation> out;
    for (auto const& [key, row] : all_.revocations)
        if (row.until > now) out.push_back(row);
    std::sort(out.begin(), out.end(), [](auto const& a, auto const& b) { return a.until > b.until; });
    if (out.size() > rows_max) out.resize(rows_max);
    return out;
}

result<unsigned> memory_backend::take_pin_try(std::string const& invite_id)
{
    auto const found = all_.invites.find(invite_id);
    if (found == all_.invites.end()) return errc::not_found;
    if (found->second.pin_tries >= service::pin_tries_max) return errc::forbidden;
    undo_.keep(&tables::invites, all_, invite_id);
    return service::pin_tries_max - ++found->second.pin_tries;
}

result<void> memory_backend::redeem_invite(std::string const& invite_id, service::token_row const& given)
{
    auto const found = all_.invites.find(invite_id);
    if (found == all_.invites.end()) return errc::not_found;
    if (found->second.revoked_at) return errc::gone;
    undo_.keep(&tables::invites, all_, invite_id);
    found->second.redeemed_at = given.issued_at;
    ++found->second.redeemed_count;
    found->second.pin_tries = 0;
    return put_token(given);
}

result<service::invite_row> memory_backend::reissue_invite(base::appointment_id const& id, std::string const& invite_id,
    std::string const& hash, std::optional<base::utc_time> const& expires_at)
{
    auto const found = all_.invites.find(invite_id);
    if (found == all_.invites.end() || found->second.appointment != id) return errc::not_found;
    if (found->second.revoked_at) return errc::gone;
    undo_.keep(&tables::invites, all_, invite_id);
    found->second.hash = hash;
    if (expires_at) found->second.expires_at = *expires_at;
    found->second.pin_tries = 0;
    return found->second;
}

std::size_t memory_backend::sweep_credentials(base::utc_time now, std::size_t rows_max)
{
    std::size_t count = 0;
    auto const drop = [&](auto& table, auto const& over) {
        for (auto at = table.begin(); at != table.end() && count < rows_max;) {
            bool const gone = over(at->second);
            at = gone ? table.erase(at) : std::next(at);
            if (gone) ++count;
        }
    };
    drop(all_.tokens, [now](auto const& row) { return row.expires_at + retention::tokens <= now; });
    drop(all_.revocations, [now](auto const& row) { return row.until <= now; });
    drop(all_.invites, [now](auto const& row) { return row.expires_at + retention::invites <= now; });
    return count;
}

} // namespace rendezvous::store::memory
