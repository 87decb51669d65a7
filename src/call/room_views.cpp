#include "rendezvous/call/room.hpp"

// What each one may see of the room, and telling it to them.

namespace rendezvous::call {

participant_view room::view_of(participant_id const& who) const
{
    participant_view out;
    out.id = who;
    if (auto const* listed = record_.appointment ? find_member(*record_.appointment, who) : nullptr) {
        out.user = listed->user;
        out.role = listed->role;
        out.name = listed->name;
        out.admitted = listed->role != role::guest;
    } else if (record_.newest) {
        // Just taken off the appointment: the call still knows who they were.
        for (auto const& s : record_.newest->seats)
            if (s.participant == who) out.user = s.user, out.role = s.role, out.name = s.name;
    }
    out.presence = presence_of(who);
    if (auto const* here = find(who)) {
        out.admitted = out.admitted || here->admitted;
        out.media = here->media;
        if (here->present) out.since = here->since.utc;
        if (here->seat && !seated(*here) && out.presence == presence::online) out.presence = presence::reconnecting;
    }
    auto const* call = open_call(record_);
    if (auto const* held = call ? held_seat(*call, who) : nullptr) {
        out.in_call = true;
        out.order = held->order;
        if (out.presence == presence::offline) out.presence = presence::reconnecting;
    }
    return out;
}

/// Members see each other; a guest who waits sees the staff and themselves.
bool room::may_see(participant_id const& viewer, participant_id const& subject) const
{
    if (viewer == subject) return true;
    auto const* here = find(viewer);
    if (here && here->admitted) return true;
    auto const* other = record_.appointment ? find_member(*record_.appointment, subject) : nullptr;
    return other && is_staff(other->role);
}

appointment_view room::appointment_for(member const& viewer, utc_time now) const
{
    auto const* here = find(viewer.id);
    applicant const who{viewer.user, viewer.role, here && here->admitted};
    auto out = summarize(record_, who, rules_, now);
    if (viewer.role == role::guest && !who.admitted) { // waits outside: sees the staff, and no call
        std::erase_if(out.appointment.members, [&](member const& m) { return !may_see(viewer.id, m.id); });
        out.call_status = call_status::inactive;
        out.call_started_by.reset();
        out.call_started_at.reset();
        out.call_ended_at.reset();
    }
    for (auto const& m : out.appointment.members)
        if (presence_of(m.id) == presence::online) out.online.push_back(m.user);
    return out;
}

std::optional<call_record> room::newest_call() const
{
    auto out = record_.newest;
    if (!out) return out;
    for (auto& s : out->seats) {
        auto const* here = find(s.participant);
        if (holds_place(s) && !(here && seated(*here))) s.state = seat_state::reconnecting;
    }
    return out;
}

base::result<appointment_view> room::view_for(user_id const& user, utc_time now) const
{
    auto const* viewer = record_.appointment ? find_member(*record_.appointment, user) : nullptr;
    if (!viewer) return base::errc::not_found;
    return appointment_for(*viewer, now);
}

room_snapshot room::snapshot_for(session_id const& viewer, utc_time now) const
{
    room_snapshot out;
    auto const& who = *participant_of(viewer);
    out.key = id_.str();
    out.rev = rev_;
    out.appointment = appointment_for(*find_member(*record_.appointment, who), now);
    for (auto const& m : record_.appointment->members)
        if (may_see(who, m.id)) out.participants.push_back(view_of(m.id));
    for (auto& p : out.participants) // who reads this is here, whether or not their seat is taken yet
        if (p.id == who) p.presence = presence_of(who);
    auto const* call = open_call(record_);
    auto const* here = find(who);
    if (call && here && here->admitted) out.call = newest_call();
    return out;
}

/// To every socket in the room that may know of calls, except one.
void room::tell_others(std::optional<session_id> const& but, event const& what, committed& out) const
{
    for (auto const& [session, who] : sessions_) {
        if (but && session == *but) continue;
        if (auto const* here = find(who); !here || !here->admitted) continue;
        out.effects.emplace_back(effects::tell{session, what});
    }
}

void room::tell_presence(participant_id const& who, events::change what, committed& out, bool reset)
{
    events::participant_changed const news{++rev_, what, view_of(who), reset};
    for (auto const& [session, viewer] : sessions_)
        if (viewer != who && may_see(viewer, who)) out.effects.emplace_back(effects::tell{session, news});
}

/// Each member gets the appointment as it stands for them: what they may do is part of it.
void room::tell_appointment(instant now, committed& out, std::optional<ending_soon> const& warned)
{
    ++rev_;
    for (auto const& m : record_.appointment->members) {
        events::appointment_changed news{rev_, appointment_for(m, now.utc), std::nullopt, milliseconds{0}};
        if (warned) {
            news.warning = warned->what;
            news.in = warned->at - now.utc;
        }
        if (auto const* here = find(m.id))
            for (auto const& s : here->sessions) out.effects.emplace_back(effects::tell{s.id, news});
        out.effects.emplace_back(effects::tell_user{m.user, news});
    }
}

void room::tell_users(event const& what, committed& out) const
{
    for (auto const& m : record_.appointment->members)
        if (m.role != role::guest) out.effects.emplace_back(effects::tell_user{m.user, what});
}

} // namespace rendezvous::call
