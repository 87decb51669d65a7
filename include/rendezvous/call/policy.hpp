#pragma once

#include "rendezvous/base/error.hpp"
#include "rendezvous/call/fact.hpp"

#include <optional>

/// Who may do what, and when: every rule once, for both doors and for the views that explain
/// themselves (`canStart`, `canJoin`, `reason`). Pure functions of values.
namespace rendezvous::call {

/// The `[rooms]` section of the configuration, as far as the domain decides by it.
struct room_rules {
    milliseconds grace{120'000};         ///< absence in the waiting room before one has left
    milliseconds call_grace{60'000};     ///< absence from a seat before it is given up
    milliseconds starter_grace{300'000}; ///< absence of the starter before a waiting call ends
    milliseconds kept_call{900'000};     ///< instead of call_grace while media flows without us
    milliseconds recovery{90'000};       ///< for the people of open calls after a restart
    bool payment_gate = true;
    unsigned signals_unanswered_max = 256;
};

/// Proof of life of an open call is stored this often.
inline constexpr milliseconds alive_interval{15'000};

/// One person before the door of an appointment.
struct applicant {
    user_id user;
    call::role token_role{};
    bool admitted = false;  ///< guests only: staff has let them in
    bool overrides = false; ///< staff who said why the door must open: payment, and the window until it opens
};

/// Membership and the role of the token: not_found for strangers, forbidden for another role.
/// `a` may be null (unknown appointment). The member on success.
base::result<member const*> check_membership(appointment const* a, user_id const& user, call::role token_role);

/// The payment gate is closed: it is asked for, and the appointment is neither paid nor waived.
bool is_unpaid(appointment const& a, room_rules const& rules);

/// Membership, admission, closed (410), window (403), payment (402), in this order. Someone who
/// holds a seat in the open call only returns: window and payment were checked when they took it.
/// For a call that staff started by override the last two are not asked of anybody.
std::optional<base::errc> check_door(
    room_record const& record, applicant const& who, room_rules const& rules, utc_time now);

/// check_door, then: is there a call to join, does it have room?
std::optional<base::errc> check_join(
    room_record const& record, applicant const& who, room_rules const& rules, utc_time now);

/// check_door, then `startPolicy`. With an open call, starting is joining.
std::optional<base::errc> check_start(
    room_record const& record, applicant const& who, room_rules const& rules, utc_time now);

/// The call that has not ended, or null.
call_record const* open_call(room_record const& record);

} // namespace rendezvous::call
