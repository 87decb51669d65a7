#include "fact_writer.hpp"

#include "rendezvous/store/retention.hpp"

namespace rendezvous::store::sqlite {
namespace {

using base::errc;
using call::to_word;

errc one_row(std::size_t changed)
{
    return changed == 1 ? errc::ok : errc::illegal_transition;
}

template <class Enum>
std::optional<std::string_view> maybe_word(std::optional<Enum> value)
{
    if (!value) return std::nullopt;
    return to_word(*value);
}

} // namespace

bool fact_writer::put_appointment(call::appointment const& a, bool created)
{
    auto const* const sql =
        created
            ? "INSERT INTO appointments (id, version, status, payment_status, start_at, end_at, media, start_policy,"
              " capacity, opens_at, closes_at, hard_end) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
            : "UPDATE appointments SET version = $2, status = $3, payment_status = $4, start_at = $5, end_at = $6,"
              " media = $7, start_policy = $8, capacity = $9, opens_at = $10, closes_at = $11, hard_end = $12,"
              " judged_at = CASE WHEN closes_at = $11 THEN judged_at END,"
              " verdict = CASE WHEN closes_at = $11 THEN verdict END,"
              " patient_came_at = CASE WHEN closes_at > $10 THEN patient_came_at END,"
              " staff_came_at = CASE WHEN closes_at > $10 THEN staff_came_at END,"
              " met_at = CASE WHEN closes_at > $10 THEN met_at END"
              " WHERE id = $1 AND version = $2 - 1";
    return db_.run(sql, a.id, a.version, to_word(a.status), to_word(a.payment), a.start, a.end, to_word(a.media),
               to_word(a.policy), a.capacity, a.opens_at, a.closes_at, a.hard_end)
           == 1;
}

bool fact_writer::put_members(call::appointment const& a)
{
    // Everybody is taken off first and whoever is listed comes back: nobody listed is touched twice.
    db_.run("UPDATE appointment_participants SET removed_at = COALESCE(removed_at, $2), start_at = $3"
            " WHERE appointment_id = $1",
        a.id, now_, a.start);
    std::int64_t position = 0;
    for (auto const& m : a.members) {
        auto const changed =
            db_.run("INSERT INTO appointment_participants (participant_id, appointment_id, user_id, role, name, "
                    "locale, position,"
                    " start_at, removed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)"
                    " ON CONFLICT (participant_id) DO UPDATE SET role = excluded.role, name = excluded.name,"
                    " locale = excluded.locale, position = excluded.position, removed_at = NULL"
                    " WHERE appointment_participants.appointment_id = excluded.appointment_id"
                    " AND appointment_participants.user_id = excluded.user_id",
                m.id, a.id, m.user, to_word(m.role), m.name, m.locale, ++position, a.start);
        if (changed != 1) return false; // the id is another person's
    }
    return true;
}

void fact_writer::put_call_users(call::appointment_id const& id)
{
    db_.run("DELETE FROM call_users WHERE call_id IN (SELECT id FROM calls WHERE appointment_id = $1)"
            " AND NOT EXISTS (SELECT 1 FROM call_seats s WHERE s.call_id = call_users.call_id"
            "                 AND s.user_id = call_users.user_id)"
            " AND NOT EXISTS (SELECT 1 FROM appointment_participants p WHERE p.appointment_id = $1"
            "                 AND p.user_id = call_users.user_id AND p.removed_at IS NULL)",
        id);
    db_.run("INSERT INTO call_users (user_id, created_at, call_id)"
            " SELECT p.user_id, c.created_at, c.id FROM calls c, appointment_participants p"
            " WHERE c.appointment_id = $1 AND p.appointment_id = $1 AND p.removed_at IS NULL"
            " ON CONFLICT DO NOTHING",
        id);
}

errc fact_writer::operator()(call::facts::appointment_put const& f)
{
    if (!put_appointment(f.value, f.created) || !put_members(f.value)) return errc::illegal_transition;
    if (!f.created) put_call_users(f.value.id);
    return errc::ok;
}

errc fact_writer::operator()(call::facts::appointment_status_set const& f)
{
    return one_row(db_.run("UPDATE appointments SET status = $2, version = $3 WHERE id = $1 AND version = $3 - 1", f.id,
        to_word(f.status), f.version));
}

errc fact_writer::operator()(call::facts::attendance_noted const& f)
{
    auto const* const sql =
        call::is_staff(f.role)
            ? "UPDATE appointments SET staff_came_at = COALESCE(staff_came_at, $2) WHERE id = $1"
            : "UPDATE appointments SET patient_came_at = COALESCE(patient_came_at, $2) WHERE id = $1";
    return one_row(db_.run(sql, f.id, f.at));
}

errc fact_writer::operator()(call::facts::appointment_judged const& f)
{
    return one_row(db_.run("UPDATE appointments SET judged_at = $2, verdict = $3 WHERE id = $1 AND judged_at IS NULL",
        f.id, f.at, maybe_word(f.verdict)));
}

errc fact_writer::operator()(call::facts::access_overridden const& f)
{
    return one_row(db_.run("UPDATE calls SET overridden = 1 WHERE id = $1 AND state <> 'ended'", f.call));
}

bool fact_writer::put_seat(call::call_id const& id, call::seat const& s)
{
    auto const changed =
        db_.run("INSERT INTO call_seats (call_id, seat_order, participant_id, user_id, role, name, joined_at, left_at, "
                "leave_reason, token_hash)"
                " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10"
                " WHERE $2 = (SELECT COALESCE(MAX(seat_order), 0) + 1 FROM call_seats WHERE call_id = $1)",
            id, s.order, s.participant, s.user, to_word(s.role), s.name, s.joined_at, s.left_at,
            maybe_word(s.leave_reason), s.token_hash);
    if (changed != 1) return false;
    db_.run("INSERT INTO call_users (user_id, created_at, call_id) SELECT $2, created_at, id FROM calls WHERE id = $1"
            " ON CONFLICT DO NOTHING",
        id, s.user);
    return true;
}

errc fact_writer::operator()(call::facts::call_started const& f)
{
    auto const& c = f.call;
    if (c.state == call::call_state::ended) return errc::illegal_transition;
    db_.run("INSERT INTO calls (id, appointment_id, kind, media, state, end_reason, started_by, started_by_user, "
            "created_at,"
            " answered_at, connected_at, ended_at, last_alive_at, duration_ms, billable_ms, parent_call_id,"
            " answered_boot_ms, connected_boot_ms, boot_id)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        c.id, c.appointment, to_word(c.kind), to_word(c.media), to_word(c.state), maybe_word(c.end_reason),
        c.started_by, c.started_by_user, c.created_at, c.answered_at, c.connected_at, c.ended_at, c.last_alive_at,
        c.duration, c.billable, c.parent, c.answered_boot, c.connected_boot, boot_id_);
    for (auto const& s : c.seats)
        if (!put_seat(c.id, s)) return errc::illegal_transition;
    if (!c.appointment) return errc::ok;
    db_.run("INSERT INTO call_users (user_id, created_at, call_id)"
            " SELECT user_id, $3, $2 FROM appointment_participants WHERE appointment_id = $1 AND removed_at IS NULL"
            " ON CONFLICT DO NOTHING",
        *c.appointment, c.id, c.created_at);
    return one_row(db_.run("UPDATE appointments SET call_status = $2, newest_call_id = $3 WHERE id = $1",
        *c.appointment, to_word(call::status_of(&c)), c.id));
}

errc fact_writer::operator()(call::facts::seat_taken const& f)
{
    auto const* const sql =
        f.answers ? "UPDATE calls SET last_alive_at = $2, state = 'active', answered_at = $2, answered_boot_ms = $3,"
                    " boot_id = $4 WHERE id = $1 AND state = 'waiting'"
                  : "UPDATE calls SET last_alive_at = $2 WHERE id = $1 AND state <> 'ended'";
    if (db_.run(sql, f.call, f.taken.joined_at, f.boot, boot_id_) != 1) return errc::illegal_transition;
    if (f.answers)
        db_.run(
            "UPDATE appointments SET call_status = 'active', met_at = COALESCE(met_at, $2) WHERE newest_call_id = $1",
            f.call, f.taken.joined_at);
    if (f.replaces) {
        auto const given_up =
            db_.run("UPDATE call_seats SET left_at = $3, leave_reason = $4"
                    " WHERE call_id = $1 AND seat_order = $2 AND participant_id = $5 AND left_at IS NULL",
                f.call, *f.replaces, f.taken.joined_at, to_word(f.how), f.taken.participant);
        if (given_up != 1) return errc::illegal_transition;
    }
    return put_seat(f.call, f.taken) ? errc::ok : errc::illegal_transition;
}

errc fact_writer::operator()(call::facts::seat_left const& f)
{
    return one_row(db_.run("UPDATE call_seats SET left_at = $4, leave_reason = $5"
                           " WHERE call_id = $1 AND seat_order = $2 AND participant_id = $3 AND left_at IS NULL",
        f.call, f.order, f.participant, f.at, to_word(f.reason)));
}

errc fact_writer::operator()(call::facts::call_connected const& f)
{
    return one_row(
        // The boot times of a call are of one boot: that of before is dropped.
        db_.run("UPDATE calls SET connected_at = $2, connected_boot_ms = $3, boot_id = $4,"
                " answered_boot_ms = CASE WHEN boot_id = $4 THEN answered_boot_ms END"
                " WHERE id = $1 AND state = 'active' AND connected_at IS NULL",
            f.call, f.at, f.boot, boot_id_));
}

errc fact_writer::operator()(call::facts::call_alive const& f)
{
    return one_row(db_.run("UPDATE calls SET last_alive_at = $2 WHERE id = $1 AND state <> 'ended'", f.call, f.at));
}

errc fact_writer::operator()(call::facts::call_ended const& f)
{
    auto const ended = db_.run("UPDATE calls SET state = 'ended', end_reason = $2, ended_at = $3, duration_ms = $4,"
                               " billable_ms = $5 WHERE id = $1 AND state <> 'ended'",
        f.call, to_word(f.reason), f.at, f.duration, f.billable);
    if (ended != 1) return errc::illegal_transition;
    db_.run("UPDATE call_seats SET left_at = $2, leave_reason = 'ended' WHERE call_id = $1 AND left_at IS NULL", f.call,
        f.at);
    db_.run("UPDATE appointments SET call_status = 'ended' WHERE newest_call_id = $1", f.call);
    return errc::ok;
}

errc fact_writer::operator()(call::facts::quality_sampled const& f)
{
    return one_row(db_.run("INSERT INTO call_stats (call_id, participant_id, at, rtt_ms, loss_ratio, jitter_ms,"
                           " bitrate_kbps, candidate_type) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        f.call, f.participant, f.at, f.rtt_ms, f.loss_ratio, f.jitter_ms, f.bitrate_kbps, f.candidate_type));
}

errc fact_writer::operator()(call::facts::command_carried_out const& f)
{
    // A name that has been kept long enough is free again, swept or not.
    auto const& c = f.what;
    return one_row(db_.run(
        "INSERT INTO done_commands (appointment_id, name, content, kind, at, call_id, seat_order, joined_existing,"
        " reattached, offer_relayed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT (appointment_id, name) DO UPDATE SET content = excluded.content, kind = excluded.kind,"
        " at = excluded.at, call_id = excluded.call_id, seat_order = excluded.seat_order,"
        " joined_existing = excluded.joined_existing, reattached = excluded.reattached,"
        " offer_relayed = excluded.offer_relayed WHERE done_commands.at <= $11",
        f.appointment, c.key.name, c.key.content, to_word(c.kind), c.at, c.call, c.order, c.joined_existing,
        c.reattached, c.offer_relayed, c.at - retention::done_commands));
}

} // namespace rendezvous::store::sqlite
