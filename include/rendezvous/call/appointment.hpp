#pragma once

#include "rendezvous/base/ids.hpp"
#include "rendezvous/call/words.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::call {

using base::appointment_id;
using base::call_id;
using base::instant;
using base::milliseconds;
using base::participant_id;
using base::session_id;
using base::user_id;
using base::utc_time;

/// Someone listed in an appointment. `id` is ours and stays the same as long as this person is
/// listed in this appointment; call events name people by it alone, so that a person can be erased later.
struct member {
    participant_id id;
    user_id user;
    call::role role = call::role::patient;
    std::string name;
    std::optional<std::string> locale;
    friend bool operator==(member const&, member const&) = default;
};

/// Our projection of an appointment that the booking system owns. The room *is* the appointment.
struct appointment {
    appointment_id id;
    appointment_status status = appointment_status::booked;
    payment_status payment = payment_status::waived;
    utc_time start{};
    utc_time end{};
    media_kind media = media_kind::video;
    start_policy policy = start_policy::any;
    unsigned capacity = 2; ///< people in the call at once, 2-6
    utc_time opens_at{};   ///< default 15 min before `start`
    utc_time closes_at{};  ///< default 60 min after `end`
    bool hard_end = false; ///< an active call ends at `closes_at` even with staff in it
    std::vector<member> members;
    std::uint64_t version = 1; ///< grows with every change; the ETag
    friend bool operator==(appointment const&, appointment const&) = default;
};

inline constexpr milliseconds window_before{15 * 60'000};
inline constexpr milliseconds window_after{60 * 60'000};
/// Longest time an active call may go on behind `closes_at`.
inline constexpr milliseconds overtime_max{4 * 3'600'000};

/// How long before an end those inside are warned.
inline constexpr milliseconds warning_before{5 * 60'000};
/// The most by which one command moves an end.
inline constexpr milliseconds extension_max{4 * 3'600'000};

/// The member with that user id, or null. The pointer lives as long as `of` is unchanged.
member const* find_member(appointment const& of, user_id const& user);
member const* find_member(appointment const& of, participant_id const& who);

/// Cancelled or no-show: nothing may be started or joined any more.
bool is_closed(appointment const& a);
bool is_open_at(appointment const& a, utc_time at);

} // namespace rendezvous::call
