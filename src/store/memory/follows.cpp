#include "memory_backend.hpp"
#include "rendezvous/store/retention.hpp"

#include <algorithm>
#include <set>

namespace rendezvous::store::memory {
namespace {

struct checker {
    tables const& all;

    kept_appointment const* appointment(base::appointment_id const& id) const
    {
        auto const found = all.appointments.find(id.str());
        return found == all.appointments.end() ? nullptr : &found->second;
    }

    call::call_record const* open_call(base::call_id const& id) const
    {
        auto const found = all.calls.find(id.str());
        return found == all.calls.end() || found->second.state == call::call_state::ended ? nullptr : &found->second;
    }

    static bool holds(call::call_record const& c, unsigned order, base::participant_id const& who)
    {
        return std::any_of(c.seats.begin(), c.seats.end(),
            [&](call::seat const& s) { return s.order == order && s.participant == who && !s.left_at; });
    }

    bool operator()(call::facts::appointment_put const& f) const
    {
        auto const* const known = appointment(f.value.id);
        std::set<std::string> users, ids;
        for (auto const& m : f.value.members)
            if (!users.insert(m.user.str()).second || !ids.insert(m.id.str()).second) return false;
        return f.created ? known == nullptr : known != nullptr && known->value.version + 1 == f.value.version;
    }
    bool operator()(call::facts::appointment_status_set const& f) const
    {
        auto const* const known = appointment(f.id);
        return known && known->value.version + 1 == f.version;
    }
    bool operator()(call::facts::attendance_noted const& f) const { return appointment(f.id) != nullptr; }
    bool operator()(call::facts::appointment_judged const& f) const
    {
        auto const* const known = appointment(f.id);
        return known && !known->attendance.judged_at;
    }
    bool operator()(call::facts::access_overridden const& f) const { return open_call(f.call) != nullptr; }
    bool operator()(call::facts::call_started const& f) const
    {
        if (f.call.state == call::call_state::ended || all.calls.contains(f.call.id.str())) return false;
        for (std::size_t i = 0; i < f.call.seats.size(); ++i)
            if (f.call.seats[i].order != i + 1) return false;
        if (f.call.parent && !all.calls.contains(f.call.parent->str())) return false;
        if (!f.call.appointment) return f.call.kind != call::call_kind::appointment;
        auto const* const known = appointment(*f.call.appointment);
        return known && (!known->newest || !open_call(*known->newest));
    }
    bool operator()(call::facts::seat_taken const& f) const
    {
        auto const* const c = open_call(f.call);
        if (!c || f.taken.order != call::next_order(*c)) return false;
        if (f.answers && c->state != call::call_state::waiting) return false;
        if (f.replaces) return holds(*c, *f.replaces, f.taken.participant);
        return call::held_seat(*c, f.taken.participant) == nullptr;
    }
    bool operator()(call::facts::seat_left const& f) const
    {
        auto const* const c = open_call(f.call);
        return c && holds(*c, f.order, f.participant);
    }
    bool operator()(call::facts::call_connected const& f) const
    {
        auto const* const c = open_call(f.call);
        return c && c->state == call::call_state::active && !c->connected_at;
    }
    bool operator()(call::facts::call_alive const& f) const { return open_call(f.call) != nullptr; }
    bool operator()(call::facts::call_ended const& f) const { return open_call(f.call) != nullptr; }
    bool operator()(call::facts::quality_sampled const& f) const { return all.calls.contains(f.call.str()); }
    bool operator()(call::facts::command_carried_out const& f) const
    {
        if (!appointment(f.appointment)) return false;
        auto const known = all.done.find(done_key(f.appointment, f.what.key.name));
        return known == all.done.end() || known->second.at + retention::done_commands <= f.what.at;
    }
};

} // namespace

bool follows(tables const& all, call::fact const& happened)
{
    return std::visit(checker{all}, happened);
}

} // namespace rendezvous::store::memory
