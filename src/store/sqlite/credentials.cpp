#include "sqlite_backend.hpp"

namespace rendezvous::store::sqlite {
namespace {

using base::errc;

std::vector<std::string> words_of(std::string_view text)
{
    std::vector<std::string> out;
    while (!text.empty()) {
        auto const end = text.find(' ');
        out.emplace_back(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    }
    return out;
}

std::string in_one(std::vector<std::string> const& words)
{
    std::string out;
    for (auto const& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

service::api_key_row key_of(statement const& row)
{
    return {row.text(0), row.text(1), row.text(2), row.time(3), row.maybe_time(4), words_of(row.text(5))};
}

service::invite_row invite_of(statement const& row)
{
    return {row.text(0), row.text(1), base::appointment_id{row.text(2)}, base::user_id{row.text(3)}, row.time(4),
        row.time(5), row.maybe_time(6), row.maybe_text(7), static_cast<unsigned>(row.integer(8)), row.maybe_time(9),
        static_cast<std::uint64_t>(row.integer(10))};
}

} // namespace

result<void> sqlite_backend::put_api_key(service::api_key_row const& row)
{
    auto const put = attempt([&] {
        return db_.run("INSERT INTO api_keys (name, prefix, hash, created_at, revoked_at, scopes)"
                       " VALUES ($1, $2, $3, $4, $5, $6)",
            row.name, row.prefix, row.hash, row.created_at, row.revoked_at, in_one(row.scopes));
    });
    if (!put) return put.error();
    return {};
}

result<std::size_t> sqlite_backend::revoke_api_keys(std::string const& name, base::utc_time at)
{
    return attempt([&] {
        return db_.run(
            "UPDATE api_keys SET revoked_at = $2 WHERE (name = $1 OR prefix = $1) AND revoked_at IS NULL", name, at);
    });
}

result<std::vector<service::api_key_row>> sqlite_backend::list_api_keys()
{
    return attempt([&] {
        auto row = db_.prepare(
            "SELECT name, prefix, hash, created_at, revoked_at, scopes FROM api_keys ORDER BY name, created_at");
        std::vector<service::api_key_row> out;
        while (row.step()) out.push_back(key_of(row));
        return out;
    });
}

result<service::api_key_row> sqlite_backend::find_api_key(std::string const& hash)
{
    auto found = attempt([&]() -> std::optional<service::api_key_row> {
        auto row =
            db_.prepare("SELECT name, prefix, hash, created_at, revoked_at, scopes FROM api_keys WHERE hash = $1");
        row.bind_all(hash);
        if (!row.step()) return std::nullopt;
        return key_of(row);
    });
    if (!found) return found.error();
    if (!*found) return errc::not_found;
    return std::move(**found);
}

result<void> sqlite_backend::put_invite(service::invite_row const& row)
{
    try {
        db_.run("INSERT INTO invites (id, hash, appointment_id, user_id, created_at, expires_at, revoked_at, pin_hash)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            row.id, row.hash, row.appointment, row.user, row.created_at, row.expires_at, row.revoked_at, row.pin_hash);
        return {};
    } catch (failure const& e) {
        if (e.is_foreign_key()) return errc::not_found;
        return note(e);
    }
}

result<service::invite_row> sqlite_backend::find_invite(std::string const& hash)
{
    auto found = attempt([&]() -> std::optional<service::invite_row> {
        auto row = db_.prepare("SELECT id, hash, appointment_id, user_id, created_at, expires_at, revoked_at, pin_hash,"
                               " pin_tries, redeemed_at, redeemed_count FROM invites WHERE hash = $1");
        row.bind_all(hash);
        if (!row.step()) return std::nullopt;
        return invite_of(row);
    });
    if (!found) return found.error();
    if (!*found) return errc::not_found;
    return std::move(**found);
}

result<std::vector<service::invite_row>> sqlite_backend::list_invites(
    base::appointment_id const& id, std::size_t rows_max)
{
    return attempt([&] {
        auto row = db_.prepare("SELECT id, hash, appointment_id, user_id, created_at, expires_at, revoked_at, pin_hash,"
                               " pin_tries, redeemed_at, redeemed_count FROM invites"
                               " WHERE appointment_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2");
        row.bind_all(id, rows_max);
        std::vector<service::invite_row> out;
        while (row.step()) out.push_back(invite_of(row));
        return out;
    });
}

result<void> sqlite_backend::revoke_invite(
    base::appointment_id const& id, std::string const& invite_id, base::utc_time at)
{
    auto const revoked = attempt([&] {
        return db_.run("UPDATE invites SET revoked_at = COALESCE(revoked_at, $3) WHERE id = $1 AND appointment_id = $2",
            invite_id, id, at);
    });
    if (!revoked) return revoked.error();
    if (*revoked == 0) return errc::not_found;
    return {};
}

} // namespace rendezvous::store::sqlite
