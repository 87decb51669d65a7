#pragma once

#include "rendezvous/call/appointment.hpp"

#include <optional>
#include <string>
#include <vector>

namespace rendezvous::call {

/// One presence of a person in a call, from joining to leaving. Coming back after `leave`, a
/// reload or a takeover is a new seat with a new, highest `order`; a dropped socket is not.
/// Of two seats the lower `order` is the polite one (W3C perfect negotiation).
struct seat {
    participant_id participant;
    user_id user;
    call::role role = call::role::patient;
    std::string name;
    unsigned order = 0; ///< 1, 2, 3... in the order of joining
    seat_state state = seat_state::joined;
    utc_time joined_at{};
    std::optional<utc_time> left_at;
    std::optional<call::leave_reason> leave_reason;
    /// SHA-256 of the token the seat was taken with: that one is good for coming back to it.
    std::string token_hash;
    friend bool operator==(seat const&, seat const&) = default;
};

/// One call from its start to its end; the row of the history. Named `call_record` because
/// `call` is the folder.
struct call_record {
    call_id id;
    std::optional<appointment_id> appointment;
    call_kind kind = call_kind::appointment;
    media_kind media = media_kind::video;
    call_state state = call_state::waiting;
    std::optional<call::end_reason> end_reason;
    participant_id started_by;
    user_id started_by_user;
    utc_time created_at{};
    std::optional<utc_time> answered_at;  ///< became active
    std::optional<utc_time> connected_at; ///< media of anybody first flowed after that
    std::optional<utc_time> ended_at;
    /// The same two moments by the boot clock, as long as the machine has not booted since.
    std::optional<base::boot_time> answered_boot, connected_boot;
    utc_time last_alive_at{}; ///< last proof of life, see facts::call_alive
    milliseconds duration{0}; ///< ended - answered, by the boot clock; 0 while it lasts
    milliseconds billable{0}; ///< ended - connected, 0 if media never flowed
    bool overridden = false;  ///< staff opened the door for it: window and payment are not asked
    std::optional<call_id> parent;
    std::vector<seat> seats; ///< by `order`, the given-up ones included
    friend bool operator==(call_record const&, call_record const&) = default;
};

/// Joined or reconnecting: the person holds a place in the call.
bool holds_place(seat const& s);
/// The seat that `who` holds now, or null.
seat const* held_seat(call_record const& of, participant_id const& who);
seat* held_seat(call_record& of, participant_id const& who);
/// The newest seat of each participant, ordered by first joining: what `participants` shows.
std::vector<seat> latest_seats(call_record const& of);
std::size_t held_count(call_record const& of);
/// The order that the next seat gets.
unsigned next_order(call_record const& of);

/// What the appointment says of its newest call; `inactive` without one.
call_status status_of(call_record const* newest);

} // namespace rendezvous::call
