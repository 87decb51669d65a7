#include "rendezvous/call/room.hpp"

#include <algorithm>

// Who is here: sockets coming and going, media state, and the relay between seats.

namespace rendezvous::call {
namespace {

using base::errc;

constexpr milliseconds quality_interval{2'000};

} // namespace

decision room::decide_enter(commands::enter const& asked, instant now) const
{
    auto const* a = record_.appointment ? &*record_.appointment : nullptr;
    auto const found = check_membership(a, asked.who.user, asked.who.token_role);
    if (!found) return decision::refused(base::to_errc(found.error()));
    auto const& me = **found;
    if (asked.token_expired) {
        // Only the seat that was taken with this very token may be returned to with it.
        auto const* here = find(me.id);
        if (!here || !here->seat || here->seat->token_hash != asked.token_hash)
            return decision::refused(errc::token_expired);
    }
    decision out;
    out.durability = durability::deferrable;
    if (me.role == role::patient && a->status == appointment_status::booked)
        out.facts.emplace_back(facts::appointment_status_set{a->id, appointment_status::arrived, a->version + 1});
    bool const came = me.role == role::patient && !record_.attendance.patient_came_at;
    bool const staff_came = is_staff(me.role) && !record_.attendance.staff_came_at && is_open_at(*a, now.utc);
    if (came || staff_came) out.facts.emplace_back(facts::attendance_noted{a->id, me.id, me.role, now.utc});
    return out;
}

decision room::decide_resume(commands::resume const& asked, instant now) const
{
    if (!participant_of(*asked.who.session)) return decision::refused(errc::not_found);
    auto out = decide_enter({asked.who, {}, asked.token_hash, asked.token_expired}, now);
    out.facts.clear(); // they came when they entered
    return out;
}

void room::commit_enter(commands::enter const& asked, decision const& d, instant now, committed& out)
{
    auto const& me = *find_member(*record_.appointment, asked.who.user);
    auto& here = at(me.id);
    auto const before = presence_of(me.id);
    // The tab has begun anew: what it was before never comes back.
    std::vector<session_id> superseded;
    for (auto const& s : here.sessions)
        if (s.away_since && !asked.instance.empty() && s.instance == asked.instance) superseded.push_back(s.id);
    for (auto const& old : superseded) {
        out.effects.emplace_back(effects::close{old, close_reason::given_up});
        drop_session(old, now, out);
    }
    here.sessions.push_back({*asked.who.session, asked.instance, asked.token_hash, std::nullopt});
    sessions_[*asked.who.session] = me.id;
    here.admitted = here.admitted || me.role != role::guest;
    here.present = true;
    if (before != presence::online) here.since = now;
    if (before == presence::offline) tell_presence(me.id, events::change::entered, out);
    // A seat holder is back only when they take their seat again.
    if (before == presence::reconnecting && !here.seat) tell_presence(me.id, events::change::back, out);
    if (!d.facts.empty() || before != presence::online) tell_appointment(now, out);
    answer_entry(asked.who, now, out);
    // The newcomer has all this in the snapshot.
    auto const own = [&](effect const& e) {
        auto const* t = std::get_if<effects::tell>(&e);
        return t && t->to == *asked.who.session;
    };
    std::erase_if(out.effects, own);
}

/// The session goes on where it was; what it missed is in its ring.
void room::commit_resume(commands::resume const& asked, instant now, committed& out)
{
    auto const& session = *asked.who.session;
    auto const* who = participant_of(session);
    if (!who) return;
    auto const me = *who;
    auto& here = at(me);
    auto const before = presence_of(me);
    bool const was_seated = seated(here);
    for (auto& s : here.sessions) {
        if (s.id != session) continue;
        s.away_since.reset();
        s.token_hash = asked.token_hash;
    }
    here.present = true;
    if (before != presence::online) here.since = now;
    bool const back_on_seat = !was_seated && seated(here);
    if (back_on_seat) recovering_ = false;
    if (back_on_seat || (before == presence::reconnecting && !here.seat)) tell_presence(me, events::change::back, out);
    if (before != presence::online) tell_appointment(now, out);
    answer_entry(asked.who, now, out);
}

void room::answer_entry(speaker const& who, instant now, committed& out)
{
    auto const& me = *find_member(*record_.appointment, who.user);
    auto const& here = at(me.id);
    own_view you{me.id, me.user, me.role, me.name, here.admitted, here.seat.has_value(), {}};
    if (auto const* call = open_call(record_))
        if (auto const* mine = held_seat(*call, me.id)) you.order = mine->order;
    out.outcome.you = std::move(you);
    out.outcome.room = snapshot_for(*who.session, now.utc);
}

void room::commit_disconnect(session_id const& session, bool for_good, instant now, committed& out)
{
    auto const* who = participant_of(session);
    if (!who) return;
    auto const me = *who;
    auto& here = at(me);
    bool const was_online = connected(here);
    bool const was_seated = seated(here);
    if (for_good) {
        drop_session(session, now, out);
    } else {
        for (auto& s : here.sessions)
            if (s.id == session && !s.away_since) s.away_since = now;
        if (was_seated && !seated(here)) here.seat->vacant_since = now;
    }
    bool const is_online = connected(here);
    if (was_online && !is_online) here.since = now;
    if ((was_online && !is_online) || (was_seated && !seated(here)))
        tell_presence(me, events::change::reconnecting, out);
    if (was_online && !is_online) tell_appointment(now, out);
}

/// The session is no more; a seat it held waits for another one.
void room::drop_session(session_id const& session, instant now, committed& out)
{
    auto const it = sessions_.find(session);
    if (it == sessions_.end()) return;
    auto& here = at(it->second);
    if (here.seat && here.seat->session == session) {
        if (seated(here)) here.seat->vacant_since = now;
        here.seat->session.reset();
        out.effects.emplace_back(effects::seat_bound{session, false});
    }
    std::erase_if(here.sessions, [&](live_session const& s) { return s.id == session; });
    sessions_.erase(it);
}

/// They have left: what waited for their return waits no more.
void room::give_up_away(attendee& here, committed& out, instant now)
{
    here.present = false;
    here.since = now;
    auto const sessions = here.sessions;
    for (auto const& s : sessions) {
        if (!s.away_since) continue;
        out.effects.emplace_back(effects::close{s.id, close_reason::given_up});
        drop_session(s.id, now, out);
    }
}

decision room::decide_media(commands::set_media const& asked, instant now) const
{
    auto const* call = open_call(record_);
    if (participant_of(asked.session) && asked.call && (!call || *asked.call != call->id))
        return decision::refused(errc::call_ended);
    return decide_connection({asked.session, asked.media.connection}, now);
}

decision room::decide_connection(commands::set_connection const& asked, instant now) const
{
    auto const* who = participant_of(asked.session);
    if (!who) return decision::refused(errc::not_registered);
    auto const* call = open_call(record_);
    auto const* here = find(*who);
    if (!call || !here->seat || here->seat->session != asked.session) return decision::refused(errc::no_call);
    decision out;
    out.durability = durability::behind;
    bool const up = asked.connection == media_connection::up;
    if (up && call->state == call_state::active && !call->connected_at)
        out.facts.emplace_back(facts::call_connected{call->id, now.utc, now.boot});
    return out;
}

void room::commit_media(session_id const& session, media_state const& media, committed& out)
{
    auto const* who = participant_of(session);
    if (!who) return;
    auto& here = at(*who);
    if (here.media == media) return;
    here.media = media;
    tell_presence(*who, events::change::media, out);
}

decision room::decide_quality(commands::sample_quality const& asked, instant now) const
{
    auto const* who = participant_of(asked.session);
    if (!who) return decision::refused(errc::not_registered);
    auto const* call = open_call(record_);
    if (asked.call && (!call || *asked.call != call->id)) return decision::refused(errc::call_ended);
    auto const* here = find(*who);
    if (!call || !here->seat || here->seat->session != asked.session) return decision::refused(errc::no_call);
    if (here->sampled_at && now.boot - here->sampled_at->boot < quality_interval)
        return decision::refused(errc::rate_limited);
    decision out;
    out.durability = durability::behind;
    out.facts.emplace_back(facts::quality_sampled{call->id, *who, now.utc, asked.rtt_ms, asked.loss_ratio,
        asked.jitter_ms, asked.bitrate_kbps, asked.candidate_type});
    return out;
}

base::result<effects::tell> room::relay(commands::signal const& asked)
{
    auto const* who = participant_of(asked.from);
    if (!who) return errc::not_registered;
    auto const* call = open_call(record_);
    if (!call) return asked.call ? errc::call_ended : errc::no_call;
    if (asked.call && *asked.call != call->id) return errc::call_ended;
    auto& sender = at(*who);
    auto const* mine = held_seat(*call, *who);
    if (!mine || !sender.seat || sender.seat->session != asked.from) return errc::no_call;

    seat const* receiver = asked.to ? held_seat(*call, *asked.to) : nullptr;
    if (!asked.to) {
        for (auto const& s : call->seats) {
            if (!holds_place(s) || s.participant == *who) continue;
            if (receiver) return errc::bad_field; // several others: `to` is needed
            receiver = &s;
        }
    }
    if (!receiver || receiver == mine) return errc::peer_absent;
    auto* there = find(receiver->participant);
    if (!there || !there->seat || !there->seat->session) return errc::peer_absent;
    auto& unanswered = sender.unanswered[receiver->participant];
    if (unanswered >= rules_.signals_unanswered_max) return errc::too_many_candidates;
    ++unanswered;
    there->unanswered[*who] = 0;
    return effects::tell{*there->seat->session, events::signal{*who, call->id, mine->order, asked.data}};
}

} // namespace rendezvous::call
