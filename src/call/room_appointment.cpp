#include "rendezvous/call/room.hpp"

#include "rendezvous/base/limits.hpp"

#include <algorithm>
#include <set>

// The booking system's writes: a new or changed appointment, and what follows for those inside.

namespace rendezvous::call {
namespace {

using base::errc;

std::vector<member> merge_members(
    appointment const* before, std::vector<commands::put_appointment::listed> const& listed)
{
    std::vector<member> out;
    for (auto const& l : listed) {
        auto const* known = before ? find_member(*before, l.user) : nullptr;
        out.push_back({known ? known->id : l.fresh_id, l.user, l.role, l.name, l.locale});
    }
    return out;
}

unsigned default_capacity(std::size_t members)
{
    return static_cast<unsigned>(std::clamp<std::size_t>(members, 2, base::limits::participants_max));
}

bool is_sound(appointment const& a)
{
    std::set<user_id> users;
    for (auto const& m : a.members) users.insert(m.user);
    return !a.members.empty() && users.size() == a.members.size() && a.members.size() <= base::limits::participants_max
           && a.end > a.start && a.closes_at > a.opens_at && a.capacity >= 2
           && a.capacity <= base::limits::participants_max;
}

/// The appointment as `asked` wants it, or nothing if a new one lacks start, end or participants.
std::optional<appointment> merged(appointment const* before, commands::put_appointment const& asked)
{
    if (!before && (!asked.start || !asked.end || !asked.members)) return std::nullopt;
    appointment out = before ? *before : appointment{};
    out.id = asked.id;
    out.status = asked.status.value_or(out.status);
    out.payment = asked.payment.value_or(out.payment);
    out.start = asked.start.value_or(out.start);
    out.end = asked.end.value_or(out.end);
    out.media = asked.media.value_or(out.media);
    out.policy = asked.policy.value_or(out.policy);
    out.hard_end = asked.hard_end.value_or(out.hard_end);
    if (asked.members) out.members = merge_members(before, *asked.members);
    // What follows from another value moves with it, unless it is said.
    if (!before || asked.start) out.opens_at = out.start - window_before;
    if (!before || asked.end) out.closes_at = out.end + window_after;
    if (!before || asked.members) out.capacity = default_capacity(out.members.size());
    out.opens_at = asked.opens_at.value_or(out.opens_at);
    out.closes_at = asked.closes_at.value_or(out.closes_at);
    out.capacity = asked.capacity.value_or(out.capacity);
    return out;
}

} // namespace

decision room::decide_put(commands::put_appointment const& asked, instant now) const
{
    auto const* before = record_.appointment ? &*record_.appointment : nullptr;
    if (asked.if_version && (!before || before->version != *asked.if_version))
        return decision::refused(errc::version_mismatch);
    auto after = merged(before, asked);
    if (!after || !is_sound(*after)) return decision::refused(errc::validation);
    decision out;
    if (before && *after == *before) return out;
    after->version = before ? before->version + 1 : 1;
    add_consequences(*after, out, now);
    out.facts.emplace_back(facts::appointment_put{std::move(*after), !before});
    return out;
}

/// A closed appointment ends its call; a person taken off it, or given another role, loses the seat.
void room::add_consequences(appointment const& after, decision& d, instant now) const
{
    auto const* call = open_call(record_);
    if (!call) return;
    if (is_closed(after)) {
        d.facts.emplace_back(ending(end_reason::cancelled, now));
        return;
    }
    std::size_t staying = held_count(*call);
    for (auto const& s : call->seats) {
        auto const* still = find_member(after, s.participant);
        if (!holds_place(s) || (still && still->role == s.role)) continue;
        d.facts.emplace_back(facts::seat_left{call->id, s.participant, s.order, leave_reason::removed, now.utc});
        --staying;
    }
    if (staying == 0) {
        bool const waiting = call->state == call_state::waiting;
        d.facts.emplace_back(ending(waiting ? end_reason::cancelled : end_reason::completed, now));
    }
}

decision room::decide_cancel(instant now) const
{
    if (!record_.appointment) return decision::refused(errc::not_found);
    decision out;
    auto const& a = *record_.appointment;
    if (a.status == appointment_status::cancelled) return out;
    if (open_call(record_)) out.facts.emplace_back(ending(end_reason::cancelled, now));
    out.facts.emplace_back(facts::appointment_status_set{a.id, appointment_status::cancelled, a.version + 1});
    return out;
}

decision room::decide_extend(commands::extend_appointment const& asked, instant now) const
{
    auto const* before = record_.appointment ? &*record_.appointment : nullptr;
    if (!before) return decision::refused(errc::not_found);
    if (!asked.override_membership) {
        auto const found = check_membership(before, asked.who.user, asked.who.token_role);
        if (!found) return decision::refused(base::to_errc(found.error()));
    }
    if (!is_staff(asked.who.token_role)) return decision::refused(errc::forbidden);
    if (is_closed(*before)) return decision::refused(errc::appointment_closed);
    if (asked.by <= milliseconds{0} || asked.by > extension_max) return decision::refused(errc::validation);
    auto after = *before;
    after.end += asked.by;
    after.closes_at += asked.by;
    after.version = before->version + 1;
    if (after.closes_at <= now.utc) return decision::refused(errc::outside_window);
    decision out;
    out.facts.emplace_back(facts::appointment_put{std::move(after), false});
    return out;
}

/// The store does the same with its rows; nothing is told, since nobody may learn of it.
void room::commit_forget(commands::forget_person const& asked)
{
    if (!record_.newest) return;
    if (record_.newest->started_by_user == asked.user) record_.newest->started_by_user = asked.pseudonym;
    for (auto& s : record_.newest->seats) {
        if (s.user != asked.user) continue;
        s.user = asked.pseudonym;
        s.name.clear();
        s.token_hash.clear();
    }
}

void room::commit_appointment(decision const& d, instant now, committed& out)
{
    auto const& a = *record_.appointment;
    auto const is_put = [](fact const& f) { return std::holds_alternative<facts::appointment_put>(f); };
    auto const put = std::find_if(d.facts.begin(), d.facts.end(), is_put);
    out.outcome.created = put != d.facts.end() && std::get<facts::appointment_put>(*put).created;
    tell_facts(d, now, out);
    if (!d.facts.empty()) tell_appointment(now, out);

    std::vector<std::pair<session_id, close_reason>> leaving;
    for (auto const& [session, who] : sessions_) {
        if (!find_member(a, who))
            leaving.emplace_back(session, close_reason::removed);
        else if (is_closed(a))
            leaving.emplace_back(session, close_reason::appointment_closed);
    }
    for (auto const& [session, why] : leaving) {
        auto const who = sessions_.at(session);
        out.effects.emplace_back(effects::close{session, why});
        drop_session(session, now, out);
        at(who).present = false;
    }
    std::erase_if(attendees_, [&](auto const& entry) { return !find_member(a, entry.first); });

    out.outcome.appointment = appointment_for(first_member(record_), now.utc);
}

} // namespace rendezvous::call
