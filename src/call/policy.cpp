#include "rendezvous/call/policy.hpp"

namespace rendezvous::call {
namespace {

using base::errc;

appointment const* appointment_of(room_record const& record)
{
    return record.appointment ? &*record.appointment : nullptr;
}

} // namespace

bool is_unpaid(appointment const& a, room_rules const& rules)
{
    return rules.payment_gate && a.payment != payment_status::paid && a.payment != payment_status::waived;
}

call_record const* open_call(room_record const& record)
{
    return record.newest && record.newest->state != call_state::ended ? &*record.newest : nullptr;
}

base::result<member const*> check_membership(appointment const* a, user_id const& user, call::role token_role)
{
    auto const* found = a ? find_member(*a, user) : nullptr;
    if (!found) return errc::not_found;
    if (found->role != token_role) return errc::forbidden;
    return found;
}

std::optional<errc> check_door(room_record const& record, applicant const& who, room_rules const& rules, utc_time now)
{
    auto const* a = appointment_of(record);
    auto const found = check_membership(a, who.user, who.token_role);
    if (!found) return base::to_errc(found.error());
    if ((*found)->role == role::guest && !who.admitted) return errc::not_admitted;
    if (is_closed(*a)) return errc::appointment_closed;
    auto const* open = open_call(record);
    if (open && held_seat(*open, (*found)->id)) return std::nullopt;
    bool const eased = who.overrides || (open && open->overridden);
    if (!is_open_at(*a, now) && !(eased && now < a->opens_at)) return errc::outside_window;
    if (is_unpaid(*a, rules) && !eased) return errc::payment_required;
    return std::nullopt;
}

std::optional<errc> check_join(room_record const& record, applicant const& who, room_rules const& rules, utc_time now)
{
    if (auto const refused = check_door(record, who, rules, now)) return refused;
    auto const* open = open_call(record);
    if (!open) return errc::no_call;
    auto const* me = find_member(*record.appointment, who.user);
    if (!held_seat(*open, me->id) && held_count(*open) >= record.appointment->capacity) return errc::room_full;
    return std::nullopt;
}

std::optional<errc> check_start(room_record const& record, applicant const& who, room_rules const& rules, utc_time now)
{
    if (open_call(record)) return check_join(record, who, rules, now);
    if (auto const refused = check_door(record, who, rules, now)) return refused;
    if (record.appointment->policy == start_policy::staff && !is_staff(who.token_role)) return errc::forbidden;
    return std::nullopt;
}

} // namespace rendezvous::call
