#include "scrub.hpp"
#include "sqlite_backend.hpp"

#include <set>

// One person: what is kept of them, and how it is erased.

namespace rendezvous::store::sqlite {

using base::errc;
using namespace std::string_literals;

namespace {

template <class Enum>
Enum word(statement const& row, int column)
{
    auto const value = call::from_word<Enum>(row.text(column));
    if (!value) throw failure(11 /* SQLITE_CORRUPT */, "a row holds an unknown word");
    return *value;
}

service::subject_call call_of(call::call_record record, base::user_id const& user)
{
    service::subject_call out;
    out.call = record.id;
    out.appointment = record.appointment;
    out.kind = record.kind;
    out.media = record.media;
    out.state = record.state;
    out.end_reason = record.end_reason;
    out.started_by_them = record.started_by_user == user;
    out.created_at = record.created_at;
    out.answered_at = record.answered_at;
    out.connected_at = record.connected_at;
    out.ended_at = record.ended_at;
    out.duration = record.duration;
    out.billable = record.billable;
    for (auto& s : record.seats)
        if (s.user == user) out.seats.push_back(std::move(s));
    return out;
}

} // namespace

result<std::vector<service::subject_participation>> sqlite_backend::participations_of(
    base::user_id const& user, std::size_t skip, std::size_t rows_max)
{
    return attempt([&] {
        auto row =
            db_.prepare("SELECT p.appointment_id, p.participant_id, p.role, p.name, p.locale, a.start_at, a.end_at,"
                        " a.status, p.removed_at FROM appointment_participants p JOIN appointments a"
                        " ON a.id = p.appointment_id WHERE p.user_id = $1"
                        " ORDER BY p.appointment_id, p.participant_id LIMIT $3 OFFSET $2");
        row.bind_all(user, skip, rows_max);
        std::vector<service::subject_participation> out;
        while (row.step())
            out.push_back({base::appointment_id{row.text(0)}, base::participant_id{row.text(1)},
                word<call::role>(row, 2), row.text(3), row.maybe_text(4), row.time(5), row.time(6),
                word<call::appointment_status>(row, 7), row.maybe_time(8)});
        return out;
    });
}

result<std::vector<service::subject_call>> sqlite_backend::calls_of(
    base::user_id const& user, std::size_t skip, std::size_t rows_max)
{
    return attempt([&] {
        std::vector<base::call_id> ids;
        {
            auto row = db_.prepare("SELECT call_id FROM call_users WHERE user_id = $1"
                                   " ORDER BY created_at, call_id LIMIT $3 OFFSET $2");
            row.bind_all(user, skip, rows_max);
            while (row.step()) ids.emplace_back(row.text(0));
        }
        std::vector<service::subject_call> out;
        for (auto const& id : ids)
            if (auto record = reads_.call(id)) out.push_back(call_of(std::move(*record), user));
        return out;
    });
}

result<std::vector<service::subject_invite>> sqlite_backend::invites_of(
    base::user_id const& user, std::size_t skip, std::size_t rows_max)
{
    return attempt([&] {
        auto row = db_.prepare("SELECT id, appointment_id, created_at, expires_at, revoked_at FROM invites"
                               " WHERE user_id = $1 ORDER BY id LIMIT $3 OFFSET $2");
        row.bind_all(user, skip, rows_max);
        std::vector<service::subject_invite> out;
        while (row.step())
            out.push_back(
                {row.text(0), base::appointment_id{row.text(1)}, row.time(2), row.time(3), row.maybe_time(4)});
        return out;
    });
}

/// Rows stay, and with them the facts about others; what names the person goes.
result<service::erasure_report> sqlite_backend::erase(
    base::user_id const& user, base::user_id const& pseudonym, std::vector<std::string>& needles)
{
    auto done = attempt([&] {
        service::erasure_report out;
        out.pseudonym = pseudonym.str();
        std::set<std::string> names{user.str()};
        {
            auto row = db_.prepare("SELECT name FROM appointment_participants WHERE user_id = $1"
                                   " UNION SELECT name FROM call_seats WHERE user_id = $1");
            row.bind_all(user);
            while (row.step()) names.insert(row.text(0));
        }
        if (auto const ref = audit_.known_ref(user.str())) {
            {
                auto row = db_.prepare("SELECT COUNT(*) FROM audit_log WHERE subject_ref = $1 OR actor_ref = $1");
                row.bind_all(*ref);
                row.step();
                out.audit_rows = static_cast<std::size_t>(row.integer(0));
            }
            {
                auto row = db_.prepare("SELECT subject_key FROM subjects WHERE user_id = $1");
                row.bind_all(user);
                if (row.step()) names.insert(row.text(0));
            }
        }
        // A reason is somebody's own words about a visit: it may name anybody who was in it.
        auto const reasons = "SELECT t.seq FROM audit_texts t JOIN audit_log l ON l.seq = t.seq LEFT JOIN subjects s"
                             " ON s.user_id = $1 WHERE l.subject_ref = s.ref OR l.actor_ref = s.ref"
                             " OR EXISTS (SELECT 1 FROM appointment_participants p WHERE p.user_id = $1"
                             "            AND l.object = 'appointment:' || p.appointment_id)"s;
        {
            auto row = db_.prepare("SELECT text FROM audit_texts WHERE seq IN (" + reasons + ")");
            row.bind_all(user);
            while (row.step()) names.insert(row.text(0));
        }
        out.texts = db_.run("DELETE FROM audit_texts WHERE seq IN (" + reasons + ")", user);
        out.participations = db_.run("UPDATE appointment_participants SET user_id = $2, name = '', locale = NULL"
                                     " WHERE user_id = $1",
            user, out.pseudonym);
        out.seats = db_.run(
            "UPDATE call_seats SET user_id = $2, name = '', token_hash = '' WHERE user_id = $1", user, out.pseudonym);
        db_.run("UPDATE calls SET started_by_user = $2 WHERE started_by_user = $1", user, out.pseudonym);
        // The pseudonym may stand in the history already: as a participant in the person's place.
        db_.run("INSERT INTO call_users (user_id, created_at, call_id) SELECT $2, created_at, call_id FROM call_users"
                " WHERE user_id = $1 ON CONFLICT DO NOTHING",
            user, out.pseudonym);
        out.calls = db_.run("DELETE FROM call_users WHERE user_id = $1", user);
        // Nobody comes in by an invitation of somebody who is not there.
        out.invites = db_.run("DELETE FROM invites WHERE user_id = $1", user);
        // Their tokens of ours are good for nothing any more; the name of the token stays, not theirs.
        db_.run("INSERT INTO revocations (kind, id, at, until_at) SELECT 'token', jti, issued_at, expires_at"
                " FROM issued_tokens WHERE user_id = $1 ON CONFLICT DO NOTHING",
            user);
        out.credentials = db_.run("DELETE FROM issued_tokens WHERE user_id = $1", user);
        out.key_destroyed = db_.run("DELETE FROM subjects WHERE user_id = $1", user) > 0;
        audit_.bury(user.str());
        for (auto const& each : names)
            if (!each.empty()) needles.push_back(each);
        return out;
    });
    if (!done) return done;
    bool const known = done->participations + done->seats + done->calls + done->invites > 0 || done->key_destroyed;
    if (!known) return errc::not_found;
    return done;
}

result<std::unique_ptr<scrub_job>> sqlite_backend::start_scrub(std::vector<std::string> needles)
{
    return std::unique_ptr<scrub_job>(std::make_unique<scrub>(db_, std::move(needles)));
}

} // namespace rendezvous::store::sqlite
