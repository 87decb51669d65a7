#include "rendezvous/call/room.hpp"

#include <algorithm>

// How an appointment comes to its end: warnings before it, and afterwards what became of it.

namespace rendezvous::call {

/// The ends that those inside are warned of, whether they are near or not.
std::vector<room::ending_soon> room::endings() const
{
    std::vector<ending_soon> out;
    if (!record_.appointment || is_closed(*record_.appointment)) return out;
    auto const& a = *record_.appointment;
    if (!a.hard_end || a.end != a.closes_at) out.push_back({events::warning::end, a.end});
    if (a.hard_end) out.push_back({events::warning::hard_end, a.closes_at});
    return out;
}

/// Says once that an end is near; an end that has been moved is another one.
void room::warn(instant now, committed& out)
{
    auto const all = endings();
    std::erase_if(warned_, [&](ending_soon const& w) { return std::find(all.begin(), all.end(), w) == all.end(); });
    for (auto const& each : all) {
        bool const near = now.utc >= each.at - warning_before && now.utc < each.at;
        if (!near || std::find(warned_.begin(), warned_.end(), each) != warned_.end()) continue;
        warned_.push_back(each);
        tell_appointment(now, out, each);
    }
}

/// Staff who came before the window opened, and are still here, have come.
void room::note_staff(decision& d, instant now) const
{
    if (!record_.appointment || record_.attendance.staff_came_at || !is_open_at(*record_.appointment, now.utc)) return;
    for (auto const& m : record_.appointment->members) {
        auto const* here = find(m.id);
        if (!is_staff(m.role) || !here || !connected(*here)) continue;
        d.facts.emplace_back(facts::attendance_noted{id_, m.id, m.role, now.utc});
        return;
    }
}

/// Once the window has closed and no call goes on: what to propose. A status that says it already
/// is the booking system's word, and where nobody of the staff came there is nothing to say.
void room::consider_judgement(decision& d, instant now) const
{
    if (!record_.appointment || record_.attendance.judged_at) return;
    auto const& a = *record_.appointment;
    if (now.utc < a.closes_at) return;
    auto const& seen = record_.attendance;
    facts::appointment_judged judged{id_, std::nullopt, now.utc, milliseconds{0}};
    bool const said = is_closed(a) || a.status == appointment_status::fulfilled;
    if (!said && seen.met_at) judged.verdict = verdict::fulfilled;
    if (!said && !seen.met_at && seen.staff_came_at && !seen.patient_came_at) judged.verdict = verdict::noshow;
    if (seen.patient_came_at)
        judged.waited = std::max(seen.met_at.value_or(a.closes_at) - *seen.patient_came_at, milliseconds{0});
    d.facts.emplace_back(std::move(judged));
}

/// For a room with somebody in it; empty ones are looked for by `call_reader::unjudged`.
std::optional<milliseconds> room::until_judgement(instant now) const
{
    if (!record_.appointment || record_.attendance.judged_at || open_call(record_) || idle()) return std::nullopt;
    return std::max(record_.appointment->closes_at - now.utc, milliseconds{0});
}

} // namespace rendezvous::call
