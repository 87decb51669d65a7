#include "rendezvous/store/retention.hpp"
#include "sqlite_backend.hpp"

#include <algorithm>
#include <array>

// Tokens that were given and taken back, and what becomes of invitations.

namespace rendezvous::store::sqlite {
namespace {

using base::errc;

constexpr auto kinds = std::to_array<std::string_view>({"token", "user", "invite"});

std::string_view word_of(service::revoked_kind kind)
{
    return kinds[static_cast<std::size_t>(kind)];
}

service::revoked_kind kind_of(std::string const& word)
{
    auto const found = std::find(kinds.begin(), kinds.end(), word);
    return static_cast<service::revoked_kind>(found - kinds.begin());
}

} // namespace

result<void> sqlite_backend::put_token(service::token_row const& row)
{
    auto const put = attempt([&] {
        return db_.run("INSERT INTO issued_tokens (jti, user_id, invite_id, issued_at, expires_at)"
                       " VALUES ($1, $2, $3, $4, $5)",
            row.jti, row.user, row.invite, row.issued_at, row.expires_at);
    });
    if (!put) return put.error();
    return {};
}

result<service::revocation> sqlite_backend::revoke(service::revocation const& what)
{
    return attempt([&] {
        auto kept = what;
        if (what.kind == service::revoked_kind::token) {
            auto row = db_.prepare("SELECT expires_at FROM issued_tokens WHERE jti = $1");
            row.bind_all(what.id);
            if (row.step()) kept.until = std::min(kept.until, row.time(0) + retention::tokens);
        }
        db_.run("INSERT INTO revocations (kind, id, at, until_at) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (kind, id) DO UPDATE SET at = excluded.at, until_at = excluded.until_at"
                " WHERE excluded.at > revocations.at",
            word_of(kept.kind), kept.id, kept.at, kept.until);
        return kept;
    });
}

result<std::vector<service::revocation>> sqlite_backend::list_revocations(base::utc_time now, std::size_t rows_max)
{
    return attempt([&] {
        auto row = db_.prepare(
            "SELECT kind, id, at, until_at FROM revocations WHERE until_at > $1 ORDER BY until_at DESC LIMIT $2");
        row.bind_all(now, rows_max);
        std::vector<service::revocation> out;
        while (row.step()) out.push_back({kind_of(row.text(0)), row.text(1), row.time(2), row.time(3)});
        return out;
    });
}

result<unsigned> sqlite_backend::take_pin_try(std::string const& invite_id)
{
    auto const left = attempt([&]() -> std::optional<unsigned> {
        auto row = db_.prepare("SELECT pin_tries FROM invites WHERE id = $1");
        row.bind_all(invite_id);
        if (!row.step()) return std::nullopt;
        auto const tried = static_cast<unsigned>(row.integer(0));
        if (tried >= service::pin_tries_max) return service::pin_tries_max;
        db_.run("UPDATE invites SET pin_tries = pin_tries + 1 WHERE id = $1", invite_id);
        return service::pin_tries_max - tried - 1;
    });
    if (!left) return left.error();
    if (!*left) return errc::not_found;
    if (**left == service::pin_tries_max) return errc::forbidden;
    return **left;
}

result<void> sqlite_backend::redeem_invite(std::string const& invite_id, service::token_row const& given)
{
    auto const changed = attempt([&] {
        return db_.run("UPDATE invites SET redeemed_at = $2, redeemed_count = redeemed_count + 1, pin_tries = 0"
                       " WHERE id = $1 AND revoked_at IS NULL",
            invite_id, given.issued_at);
    });
    if (!changed) return changed.error();
    if (*changed == 1) return put_token(given);
    auto const known = attempt([&] {
        auto row = db_.prepare("SELECT 1 FROM invites WHERE id = $1");
        row.bind_all(invite_id);
        return row.step();
    });
    if (!known) return known.error();
    return *known ? errc::gone : errc::not_found;
}

result<service::invite_row> sqlite_backend::reissue_invite(base::appointment_id const& id, std::string const& invite_id,
    std::string const& hash, std::optional<base::utc_time> const& expires_at)
{
    auto const changed = attempt([&] {
        return db_.run("UPDATE invites SET hash = $3, expires_at = COALESCE($4, expires_at), pin_tries = 0"
                       " WHERE id = $1 AND appointment_id = $2 AND revoked_at IS NULL",
            invite_id, id, hash, expires_at);
    });
    if (!changed) return changed.error();
    if (*changed == 1) return find_invite(hash);
    auto const known = attempt([&] {
        auto row = db_.prepare("SELECT 1 FROM invites WHERE id = $1 AND appointment_id = $2");
        row.bind_all(invite_id, id);
        return row.step();
    });
    if (!known) return known.error();
    return *known ? errc::gone : errc::not_found;
}

/// Inside the transaction of the sweep.
std::size_t sqlite_backend::sweep_credentials(base::utc_time now, std::size_t rows_max)
{
    auto count = db_.run("DELETE FROM issued_tokens WHERE rowid IN"
                         " (SELECT rowid FROM issued_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
        now - retention::tokens, rows_max);
    count += db_.run("DELETE FROM revocations WHERE rowid IN"
                     " (SELECT rowid FROM revocations WHERE until_at <= $1 ORDER BY until_at LIMIT $2)",
        now, rows_max - count);
    count += db_.run("DELETE FROM invites WHERE rowid IN"
                     " (SELECT rowid FROM invites WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
        now - retention::invites, rows_max - count);
    return count;
}

} // namespace rendezvous::store::sqlite
