#include "rendezvous/call/appointment.hpp"

namespace rendezvous::call {

member const* find_member(appointment const& of, user_id const& user)
{
    for (auto const& m : of.members)
        if (m.user == user) return &m;
    return nullptr;
}

member const* find_member(appointment const& of, participant_id const& who)
{
    for (auto const& m : of.members)
        if (m.id == who) return &m;
    return nullptr;
}

bool is_closed(appointment const& a)
{
    return a.status == appointment_status::cancelled || a.status == appointment_status::noshow;
}

bool is_open_at(appointment const& a, utc_time at)
{
    return at >= a.opens_at && at < a.closes_at;
}

} // namespace rendezvous::call
