#include "reads.hpp"

#include <algorithm>

namespace rendezvous::store::sqlite {
namespace {

/// A word the CHECKs of the schema let in; anything else means a broken file.
template <class Enum>
Enum word(statement const& row, int column)
{
    auto const value = call::from_word<Enum>(row.text(column));
    if (!value) throw failure(11 /* SQLITE_CORRUPT */, "a row holds an unknown word");
    return *value;
}

template <class Enum>
std::optional<Enum> maybe_word(statement const& row, int column)
{
    if (row.is_null(column)) return std::nullopt;
    return word<Enum>(row, column);
}

template <class Id>
std::optional<Id> maybe_id(statement const& row, int column)
{
    if (row.is_null(column)) return std::nullopt;
    return Id{row.text(column)};
}

std::optional<base::boot_time> maybe_boot(statement const& row, int column)
{
    if (row.is_null(column)) return std::nullopt;
    return base::boot_time{row.integer(column)};
}

/// Being connected is not kept: a held seat reads as joined.
call::seat_state state_of(call::seat const& s)
{
    if (!s.leave_reason) return call::seat_state::joined;
    return *s.leave_reason == call::leave_reason::removed ? call::seat_state::removed : call::seat_state::left;
}

service::call_event_row event_of(statement const& row)
{
    return {static_cast<std::uint64_t>(row.integer(0)), row.time(1), row.text(2),
        maybe_id<base::participant_id>(row, 3), row.text(4), row.text(5)};
}

} // namespace

std::vector<call::member> reads::members(base::appointment_id const& id)
{
    auto row = db_.prepare("SELECT participant_id, user_id, role, name, locale FROM appointment_participants"
                           " WHERE appointment_id = $1 AND removed_at IS NULL ORDER BY position");
    row.bind_all(id);
    std::vector<call::member> out;
    while (row.step())
        out.push_back({base::participant_id{row.text(0)}, base::user_id{row.text(1)}, word<call::role>(row, 2),
            row.text(3), row.maybe_text(4)});
    return out;
}

std::optional<call::appointment> reads::appointment(base::appointment_id const& id)
{
    auto row = db_.prepare("SELECT status, payment_status, start_at, end_at, media, start_policy, capacity, opens_at,"
                           " closes_at, hard_end, version FROM appointments WHERE id = $1");
    row.bind_all(id);
    if (!row.step()) return std::nullopt;
    call::appointment out;
    out.id = id;
    out.status = word<call::appointment_status>(row, 0);
    out.payment = word<call::payment_status>(row, 1);
    out.start = row.time(2);
    out.end = row.time(3);
    out.media = word<call::media_kind>(row, 4);
    out.policy = word<call::start_policy>(row, 5);
    out.capacity = static_cast<unsigned>(row.integer(6));
    out.opens_at = row.time(7);
    out.closes_at = row.time(8);
    out.hard_end = row.integer(9) != 0;
    out.version = static_cast<std::uint64_t>(row.integer(10));
    out.members = members(id);
    return out;
}

std::vector<call::seat> reads::seats(base::call_id const& id)
{
    auto row = db_.prepare("SELECT participant_id, user_id, role, name, seat_order, joined_at, left_at, leave_reason,"
                           " token_hash"
                           " FROM call_seats WHERE call_id = $1 ORDER BY seat_order");
    row.bind_all(id);
    std::vector<call::seat> out;
    while (row.step()) {
        call::seat s;
        s.participant = base::participant_id{row.text(0)};
        s.user = base::user_id{row.text(1)};
        s.role = word<call::role>(row, 2);
        s.name = row.text(3);
        s.order = static_cast<unsigned>(row.integer(4));
        s.joined_at = row.time(5);
        s.left_at = row.maybe_time(6);
        s.leave_reason = maybe_word<call::leave_reason>(row, 7);
        s.token_hash = row.text(8);
        s.state = state_of(s);
        out.push_back(std::move(s));
    }
    return out;
}

std::optional<call::call_record> reads::call(base::call_id const& id)
{
    auto row =
        db_.prepare("SELECT appointment_id, kind, media, state, end_reason, started_by, started_by_user, created_at,"
                    " answered_at, connected_at, ended_at, last_alive_at, duration_ms, billable_ms, parent_call_id,"
                    " answered_boot_ms, connected_boot_ms, boot_id, overridden"
                    " FROM calls WHERE id = $1");
    row.bind_all(id);
    if (!row.step()) return std::nullopt;
    call::call_record out;
    out.id = id;
    out.appointment = maybe_id<base::appointment_id>(row, 0);
    out.kind = word<call::call_kind>(row, 1);
    out.media = word<call::media_kind>(row, 2);
    out.state = word<call::call_state>(row, 3);
    out.end_reason = maybe_word<call::end_reason>(row, 4);
    out.started_by = base::participant_id{row.text(5)};
    out.started_by_user = base::user_id{row.text(6)};
    out.created_at = row.time(7);
    out.answered_at = row.maybe_time(8);
    out.connected_at = row.maybe_time(9);
    out.ended_at = row.maybe_time(10);
    out.last_alive_at = row.time(11);
    out.duration = base::milliseconds{row.integer(12)};
    out.billable = base::milliseconds{row.integer(13)};
    out.parent = maybe_id<base::call_id>(row, 14);
    if (!boot_id_.empty() && row.text(17) == boot_id_) {
        out.answered_boot = maybe_boot(row, 15);
        out.connected_boot = maybe_boot(row, 16);
    }
    out.overridden = row.integer(18) != 0;
    out.seats = seats(id);
    return out;
}

call::attendance reads::attendance(base::appointment_id const& id)
{
    auto row = db_.prepare("SELECT patient_came_at, staff_came_at, met_at, judged_at, verdict FROM appointments"
                           " WHERE id = $1");
    row.bind_all(id);
    if (!row.step()) return {};
    return {
        row.maybe_time(0), row.maybe_time(1), row.maybe_time(2), row.maybe_time(3), maybe_word<call::verdict>(row, 4)};
}

std::optional<call::call_record> reads::newest_call(base::appointment_id const& id)
{
    std::optional<base::call_id> newest;
    {
        auto row = db_.prepare("SELECT newest_call_id FROM appointments WHERE id = $1");
        row.bind_all(id);
        if (row.step()) newest = maybe_id<base::call_id>(row, 0);
    }
    if (!newest) return std::nullopt;
    return call(*newest);
}

call::room_record reads::room(base::appointment_id const& id)
{
    return {appointment(id), attendance(id), newest_call(id), {}};
}

std::vector<call::done_command> reads::done_commands(base::appointment_id const& id, base::utc_time since)
{
    auto row = db_.prepare("SELECT name, content, kind, at, call_id, seat_order, joined_existing, reattached,"
                           " offer_relayed FROM done_commands WHERE appointment_id = $1 AND at > $2"
                           " ORDER BY at DESC, name DESC LIMIT $3");
    row.bind_all(id, since, call::done_commands_max);
    std::vector<call::done_command> out;
    while (row.step())
        out.push_back(
            {{row.text(0), row.text(1)}, word<call::command_kind>(row, 2), row.time(3), maybe_id<base::call_id>(row, 4),
                static_cast<unsigned>(row.integer(5)), row.integer(6) != 0, row.integer(7) != 0, row.integer(8) != 0});
    std::reverse(out.begin(), out.end());
    return out;
}

std::vector<base::appointment_id> reads::open_rooms(base::appointment_id const& after, std::size_t rows_max)
{
    auto row = db_.prepare("SELECT appointment_id FROM calls WHERE state <> 'ended' AND appointment_id IS NOT NULL"
                           " AND appointment_id > $1 ORDER BY appointment_id LIMIT $2");
    row.bind_all(after, rows_max);
    std::vector<base::appointment_id> out;
    while (row.step()) out.emplace_back(row.text(0));
    return out;
}

std::vector<base::appointment_id> reads::unjudged(base::utc_time now, std::size_t rows_max)
{
    auto row = db_.prepare("SELECT id FROM appointments WHERE judged_at IS NULL AND closes_at <= $1"
                           " AND call_status NOT IN ('waiting', 'active') ORDER BY closes_at, id LIMIT $2");
    row.bind_all(now, rows_max);
    std::vector<base::appointment_id> out;
    while (row.step()) out.emplace_back(row.text(0));
    return out;
}

std::vector<service::call_event_row> reads::events(base::call_id const& id, std::uint64_t after, std::size_t rows_max)
{
    auto row = db_.prepare("SELECT seq, at, type, participant_id, data, hash FROM call_events"
                           " WHERE call_id = $1 AND seq > $2 ORDER BY seq LIMIT $3");
    row.bind_all(id, after, rows_max);
    std::vector<service::call_event_row> out;
    while (row.step()) out.push_back(event_of(row));
    return out;
}

std::vector<chain_row> reads::chain(std::uint64_t after, std::size_t rows_max)
{
    auto row =
        db_.prepare("SELECT seq, at, type, participant_id, data, hash, event_id, call_id, prev_hash FROM call_events"
                    " WHERE event_id > $1 ORDER BY event_id LIMIT $2");
    row.bind_all(after, rows_max);
    std::vector<chain_row> out;
    while (row.step())
        out.push_back(
            {static_cast<std::uint64_t>(row.integer(6)), base::call_id{row.text(7)}, event_of(row), row.text(8)});
    return out;
}

} // namespace rendezvous::store::sqlite
