#include "rendezvous/call/event.hpp"

namespace rendezvous::call {

std::uint64_t rev_of(event const& what)
{
    auto const read = [](auto const& e) -> std::uint64_t {
        if constexpr (requires { e.rev; })
            return e.rev;
        else
            return 0;
    };
    return std::visit(read, what);
}

member const& first_member(room_record const& record)
{
    return record.appointment->members.front();
}

appointment_view summarize(room_record const& record, applicant const& viewer, room_rules const& rules, utc_time now)
{
    appointment_view out;
    out.appointment = *record.appointment;
    out.call_status = status_of(record.newest ? &*record.newest : nullptr);
    if (record.newest) {
        out.call_started_by = record.newest->started_by_user;
        out.call_started_at = record.newest->created_at;
        out.call_ended_at = record.newest->ended_at;
    }
    bool const open = open_call(record) != nullptr;
    out.reason = open ? check_join(record, viewer, rules, now) : check_start(record, viewer, rules, now);
    out.can_join = open && !out.reason;
    out.can_start = !open && !out.reason;
    return out;
}

} // namespace rendezvous::call
