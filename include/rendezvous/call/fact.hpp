#pragma once

#include "rendezvous/call/call.hpp"
#include "rendezvous/call/done_command.hpp"

#include <optional>
#include <variant>
#include <vector>

/// What has to be stored. A fact is one thing that happened, complete enough to be written
/// without reading first: one conditional row change and, for those that concern a call, one row
/// of `call_events`. Facts of one decision are stored in one transaction or not at all; nobody is
/// told of them before. `apply` turns the state before into the state after, in memory.
namespace rendezvous::call::facts {

/// The booking system wrote the appointment (whole object, members with their ids).
struct appointment_put {
    appointment value;
    bool created = false;
};
/// The status moved by itself: a patient came (`arrived`) or it was cancelled.
struct appointment_status_set {
    appointment_id id;
    appointment_status status{};
    std::uint64_t version = 0; ///< the version after it
};
/// Somebody came for the first time: the patient, or one of the staff. Not a transition.
struct attendance_noted {
    appointment_id id;
    participant_id who;
    call::role role{};
    utc_time at{};
};
/// The window has closed and nothing goes on any more. Once, unless the window moves again.
struct appointment_judged {
    appointment_id id;
    std::optional<call::verdict> verdict; ///< what is proposed to the booking system, if anything
    utc_time at{};
    milliseconds waited{0}; ///< of the patient, until they met or the window closed
};
/// Staff started a call although the door was closed, and said why. Stored with `call_started`.
struct access_overridden {
    appointment_id id;
    call_id call;
    participant_id by;
    user_id user;
    call::role role{};
    bool payment = false; ///< the appointment is not paid
    bool window = false;  ///< its window is not open yet
    std::string reason;   ///< for the audit alone
    utc_time at{};
};
/// A call began; its `seats` hold the starter's, order 1.
struct call_started {
    call_record call;
};
/// Someone took a new seat. `replaces` is the order of their own seat that this one ends
/// (`how` says why: `replaced` after a reload, `moved` by takeover).
struct seat_taken {
    call_id call;
    seat taken;
    std::optional<unsigned> replaces;
    leave_reason how = leave_reason::replaced;
    bool answers = false;   ///< the call becomes active with it
    base::boot_time boot{}; ///< when, by the boot clock
};
struct seat_left {
    call_id call;
    participant_id participant;
    unsigned order = 0;
    leave_reason reason{};
    utc_time at{};
};
/// Media flowed for the first time in the answered call. Not a transition: written behind.
struct call_connected {
    call_id call;
    utc_time at{};
    base::boot_time boot{};
};
/// Proof of life, every 15 s of an open call. Not a transition: written behind, no event row.
struct call_alive {
    call_id call;
    utc_time at{};
};
/// The call is over; seats still held end with it (`leave_reason::ended`).
struct call_ended {
    call_id call;
    end_reason reason{};
    utc_time at{};
    milliseconds duration{0};
    milliseconds billable{0};
    std::optional<participant_id> by; ///< who ended it, if a person did
};
/// One quality sample of one participant. Written behind, no event row, short retention.
struct quality_sampled {
    call_id call;
    participant_id participant;
    utc_time at{};
    std::optional<double> rtt_ms;
    std::optional<double> loss_ratio;
    std::optional<double> jitter_ms;
    std::optional<double> bitrate_kbps;
    std::optional<std::string> candidate_type;
};

/// A command was carried out, in the same transaction as what it did. No event row.
struct command_carried_out {
    appointment_id appointment;
    done_command what;
};

} // namespace rendezvous::call::facts

namespace rendezvous::call {

using fact = std::variant<facts::appointment_put, facts::appointment_status_set, facts::attendance_noted,
    facts::appointment_judged, facts::access_overridden, facts::call_started, facts::seat_taken, facts::seat_left,
    facts::call_connected, facts::call_alive, facts::call_ended, facts::quality_sampled, facts::command_carried_out>;

/// What became of an appointment so far.
struct attendance {
    std::optional<utc_time> patient_came_at; ///< first
    std::optional<utc_time> staff_came_at;   ///< first of them
    std::optional<utc_time> met_at;          ///< a call was answered for the first time
    std::optional<utc_time> judged_at;       ///< `appointment_judged` was stored
    std::optional<call::verdict> verdict;
    friend bool operator==(attendance const&, attendance const&) = default;
};

/// The durable half of a room: what the store holds of it.
struct room_record {
    std::optional<call::appointment> appointment;
    call::attendance attendance;
    std::optional<call_record> newest; ///< the open call, or else the last one that ended
    /// Of the last 24 hours, oldest first, at most done_commands_max. Lists leave it empty.
    std::vector<done_command> done;
    friend bool operator==(room_record const&, room_record const&) = default;
};

/// Brings `record` to the state after `happened`. The only code that changes durable state in
/// memory: rooms, the memory store and the tests share it.
void apply(room_record& record, fact const& happened);

} // namespace rendezvous::call
