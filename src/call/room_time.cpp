#include "rendezvous/call/room.hpp"

#include <algorithm>

// What time does to a room: absence that lasts too long, windows that open and close.

namespace rendezvous::call {

/// When a seat that nobody sits on is given up; nothing while someone does.
std::optional<instant> room::seat_deadline(participant_id const& who) const
{
    auto const* here = find(who);
    if (!here || !here->seat || seated(*here)) return std::nullopt;
    auto const& call = *record_.newest;
    auto const since = here->seat->vacant_since;
    if (here->seat->reserved) return since + rules_.call_grace;
    auto const absence = here->seat->recovered ? rules_.recovery : rules_.call_grace;
    if (call.state == call_state::waiting && !here->seat->recovered) {
        // The starter may wait at another tab, or come back: the call rings on.
        if (connected(*here)) return std::nullopt;
        return std::max(since, here->since, [](auto a, auto b) { return a.boot < b.boot; }) + rules_.starter_grace;
    }
    auto const media_flows = [&](auto const& entry) {
        auto const& [other, there] = entry;
        return other != who && seated(there) && there.media.connection == media_connection::up;
    };
    bool const kept = std::any_of(attendees_.begin(), attendees_.end(), media_flows);
    return since + (kept ? std::max(rules_.kept_call, absence) : absence);
}

/// Why the clock on the wall ends the open call now, if it does.
std::optional<end_reason> room::overdue(utc_time now) const
{
    auto const& a = *record_.appointment;
    if (now < a.closes_at) return std::nullopt;
    auto const& call = *record_.newest;
    auto const staff_inside = [](seat const& s) { return holds_place(s) && is_staff(s.role); };
    bool const staffed = std::any_of(call.seats.begin(), call.seats.end(), staff_inside);
    bool const may_go_on =
        call.state == call_state::active && staffed && !a.hard_end && now < a.closes_at + overtime_max;
    return may_go_on ? std::nullopt : std::optional{end_reason::expired};
}

bool room::anybody_seated() const
{
    return std::any_of(attendees_.begin(), attendees_.end(), [](auto const& entry) { return seated(entry.second); });
}

decision room::decide_tick(instant now) const
{
    decision out;
    out.durability = durability::deferrable;
    note_staff(out, now);
    auto const* call = open_call(record_);
    if (!call) {
        consider_judgement(out, now);
        return out;
    }
    if (auto const why = overdue(now.utc)) {
        out.facts.emplace_back(recovering_ ? lost_ending() : ending(*why, now));
        return out;
    }
    std::size_t staying = held_count(*call);
    for (auto const& s : call->seats) {
        if (!holds_place(s)) continue;
        auto const deadline = seat_deadline(s.participant);
        if (!deadline || now.boot < deadline->boot) continue;
        out.facts.emplace_back(facts::seat_left{call->id, s.participant, s.order, leave_reason::lost, now.utc});
        --staying;
    }
    if (staying == 0) out.facts.emplace_back(recovering_ ? lost_ending() : ending(end_reason::lost, now));
    if (!out.facts.empty()) return out;
    if (anybody_seated() && now.boot - alive_stored_.boot >= alive_interval) {
        out.durability = durability::behind;
        out.facts.emplace_back(facts::call_alive{call->id, now.utc});
    }
    return out;
}

void room::commit_tick(decision const& d, instant now, committed& out)
{
    tell_facts(d, now, out);
    for (auto& [who, here] : attendees_) {
        if (!here.present || connected(here) || here.seat) continue;
        if (now.boot - here.since.boot < rules_.grace) continue;
        give_up_away(here, out, now);
        tell_presence(who, events::change::left, out);
    }
    forget_long_away(now, out);
    auto const phase = window_at(now.utc);
    if (window_told_ && *window_told_ != phase) tell_appointment(now, out);
    window_told_ = phase;
    warn(now, out);
}

/// A session that nobody came back to; that of a seat waits as long as the seat does.
void room::forget_long_away(instant now, committed& out)
{
    std::vector<session_id> over;
    for (auto const& [who, here] : attendees_)
        for (auto const& s : here.sessions)
            if (s.away_since && now.boot - s.away_since->boot >= rules_.grace
                && !(here.seat && here.seat->session == s.id))
                over.push_back(s.id);
    for (auto const& session : over) {
        out.effects.emplace_back(effects::close{session, close_reason::given_up});
        drop_session(session, now, out);
    }
}

/// Who held a seat when the process before this one ended, holds it still, and is absent.
void room::commit_recover(instant now)
{
    auto const* call = open_call(record_);
    if (!call) return;
    recovering_ = true;
    alive_stored_ = now;
    for (auto const& s : call->seats) {
        if (!holds_place(s)) continue;
        auto& here = at(s.participant);
        here.present = here.admitted = true;
        here.since = now;
        here.seat = seat_binding{std::nullopt, {}, s.token_hash, now, false, true};
    }
}

/// Nobody came back: the call was over at its last proof of life.
facts::call_ended room::lost_ending() const
{
    auto const& call = *record_.newest;
    auto const alive = std::max(call.last_alive_at, call.created_at);
    auto const span = [&](std::optional<utc_time> from) {
        return from ? std::max(alive - *from, milliseconds{0}) : milliseconds{0};
    };
    auto const duration = span(call.answered_at); // a stepped clock must not bill more than that
    return {call.id, end_reason::lost, alive, duration, std::min(span(call.connected_at), duration), std::nullopt};
}

std::optional<milliseconds> room::until_next(instant now) const
{
    std::optional<milliseconds> next;
    auto const consider = [&](milliseconds span) {
        span = std::max(span, milliseconds{0});
        next = next ? std::min(*next, span) : span;
    };
    for (auto const& [who, here] : attendees_) {
        if (here.present && !connected(here) && !here.seat) consider(here.since.boot + rules_.grace - now.boot);
        for (auto const& s : here.sessions)
            if (s.away_since && !(here.seat && here.seat->session == s.id))
                consider(s.away_since->boot + rules_.grace - now.boot);
    }
    if (auto const* call = open_call(record_)) {
        if (anybody_seated()) consider(alive_stored_.boot + alive_interval - now.boot);
        for (auto const& s : call->seats)
            if (auto const deadline = holds_place(s) ? seat_deadline(s.participant) : std::nullopt)
                consider(deadline->boot - now.boot);
        auto const closes = record_.appointment->closes_at;
        if (overdue(now.utc))
            consider(milliseconds{0});
        else
            consider((now.utc < closes ? closes : closes + overtime_max) - now.utc);
    }
    auto const is_connected = [](auto const& entry) { return connected(entry.second); };
    if (record_.appointment && std::any_of(attendees_.begin(), attendees_.end(), is_connected)) {
        for (auto const edge : {record_.appointment->opens_at, record_.appointment->closes_at})
            if (edge > now.utc) consider(edge - now.utc);
        if (!window_told_) consider(milliseconds{0});
        for (auto const& each : endings())
            if (each.at > now.utc && std::find(warned_.begin(), warned_.end(), each) == warned_.end())
                consider(each.at - warning_before - now.utc);
    }
    if (auto const span = until_judgement(now)) consider(*span);
    return next;
}

} // namespace rendezvous::call
