#include "rendezvous/call/call.hpp"

#include <algorithm>
#include <utility>

namespace rendezvous::call {

bool holds_place(seat const& s)
{
    return s.state == seat_state::joined || s.state == seat_state::reconnecting;
}

seat const* held_seat(call_record const& of, participant_id const& who)
{
    for (auto const& s : of.seats)
        if (s.participant == who && holds_place(s)) return &s;
    return nullptr;
}

seat* held_seat(call_record& of, participant_id const& who)
{
    return const_cast<seat*>(held_seat(std::as_const(of), who));
}

std::vector<seat> latest_seats(call_record const& of)
{
    std::vector<seat> out;
    for (auto const& s : of.seats) {
        auto const same = [&](seat const& o) { return o.participant == s.participant; };
        auto const known = std::find_if(out.begin(), out.end(), same);
        if (known == out.end())
            out.push_back(s);
        else
            *known = s;
    }
    return out;
}

std::size_t held_count(call_record const& of)
{
    return static_cast<std::size_t>(std::count_if(of.seats.begin(), of.seats.end(), holds_place));
}

unsigned next_order(call_record const& of)
{
    return of.seats.empty() ? 1 : of.seats.back().order + 1;
}

call_status status_of(call_record const* newest)
{
    if (!newest) return call_status::inactive;
    switch (newest->state) {
    case call_state::queued:
    case call_state::waiting: return call_status::waiting;
    case call_state::active: return call_status::active;
    case call_state::ended: return call_status::ended;
    }
    return call_status::inactive;
}

} // namespace rendezvous::call
