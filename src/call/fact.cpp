#include "rendezvous/call/fact.hpp"

#include <algorithm>
#include <cassert>

namespace rendezvous::call {
namespace {

struct applier {
    room_record& record;

    call_record& open_call(call_id const& id) const
    {
        assert(record.newest && record.newest->id == id);
        (void)id;
        return *record.newest;
    }

    static void give_up(seat& s, leave_reason why, utc_time at)
    {
        s.state = why == leave_reason::removed ? seat_state::removed : seat_state::left;
        s.left_at = at;
        s.leave_reason = why;
    }

    /// A window that moves is judged anew when it closes; one that begins behind the old one is another sitting.
    void operator()(facts::appointment_put const& f) const
    {
        auto const* before = record.appointment ? &*record.appointment : nullptr;
        if (before && before->closes_at != f.value.closes_at) {
            record.attendance.judged_at.reset();
            record.attendance.verdict.reset();
        }
        if (before && before->closes_at <= f.value.opens_at) record.attendance = {};
        record.appointment = f.value;
    }

    void operator()(facts::appointment_status_set const& f) const
    {
        assert(record.appointment);
        record.appointment->status = f.status;
        record.appointment->version = f.version;
    }

    void operator()(facts::attendance_noted const& f) const
    {
        auto& came = is_staff(f.role) ? record.attendance.staff_came_at : record.attendance.patient_came_at;
        if (!came) came = f.at;
    }

    void operator()(facts::appointment_judged const& f) const
    {
        record.attendance.judged_at = f.at;
        record.attendance.verdict = f.verdict;
    }

    void operator()(facts::access_overridden const& f) const { open_call(f.call).overridden = true; }

    void operator()(facts::call_started const& f) const { record.newest = f.call; }

    void operator()(facts::seat_taken const& f) const
    {
        auto& call = open_call(f.call);
        for (auto& s : call.seats)
            if (f.replaces && s.order == *f.replaces) give_up(s, f.how, f.taken.joined_at);
        call.seats.push_back(f.taken);
        call.last_alive_at = f.taken.joined_at;
        if (f.answers) {
            call.state = call_state::active;
            call.answered_at = f.taken.joined_at;
            call.answered_boot = f.boot;
            if (!record.attendance.met_at) record.attendance.met_at = f.taken.joined_at;
        }
    }

    void operator()(facts::seat_left const& f) const
    {
        auto& call = open_call(f.call);
        for (auto& s : call.seats)
            if (s.order == f.order) give_up(s, f.reason, f.at);
    }

    void operator()(facts::call_connected const& f) const
    {
        auto& call = open_call(f.call);
        call.connected_at = f.at;
        call.connected_boot = f.boot;
    }
    void operator()(facts::call_alive const& f) const { open_call(f.call).last_alive_at = f.at; }
    void operator()(facts::quality_sampled const&) const {}

    void operator()(facts::command_carried_out const& f) const
    {
        auto& done = record.done;
        auto const expired = [&](done_command const& old) { return old.at + done_commands_kept <= f.what.at; };
        done.erase(done.begin(), std::find_if_not(done.begin(), done.end(), expired));
        if (done.size() >= done_commands_max) done.erase(done.begin());
        done.push_back(f.what);
    }

    void operator()(facts::call_ended const& f) const
    {
        auto& call = open_call(f.call);
        for (auto& s : call.seats)
            if (holds_place(s)) give_up(s, leave_reason::ended, f.at);
        call.state = call_state::ended;
        call.end_reason = f.reason;
        call.ended_at = f.at;
        call.duration = f.duration;
        call.billable = f.billable;
    }
};

} // namespace

void apply(room_record& record, fact const& happened)
{
    std::visit(applier{record}, happened);
}

} // namespace rendezvous::call
