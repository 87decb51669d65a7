#pragma once

#include "rendezvous/base/error.hpp"
#include "rendezvous/call/command.hpp"
#include "rendezvous/call/policy.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What a room tells: views of its state as one particular viewer may see it, events, and the
/// effects that carry them to sockets. Values; the doors turn them into messages.
namespace rendezvous::call {

/// One participant of the room as others see them.
struct participant_view {
    participant_id id;
    user_id user;
    call::role role{};
    std::string name;
    call::presence presence = call::presence::offline;
    bool in_call = false;
    std::optional<unsigned> order; ///< of the seat held
    bool admitted = false;
    media_state media;
    std::optional<utc_time> since; ///< when the present `presence` began
};

/// An appointment with the summary of its newest call and, for the viewer, what is possible now.
struct appointment_view {
    call::appointment appointment;
    call::call_status call_status = call::call_status::inactive;
    std::optional<user_id> call_started_by;
    std::optional<utc_time> call_started_at, call_ended_at;
    bool can_start = false;
    bool can_join = false;
    std::optional<base::errc> reason; ///< what starting or joining would be refused with
    std::vector<user_id> online;      ///< members with a living socket in the room
};

/// The first member: as whom those see an appointment who see all without being in it.
/// Precondition: the appointment exists; it has at least one member.
member const& first_member(room_record const& record);

/// The appointment for one viewer, by what the store holds: everything but who is online.
/// Precondition: the appointment exists.
appointment_view summarize(room_record const& record, applicant const& viewer, room_rules const& rules, utc_time now);

/// `you` of `registered`.
struct own_view {
    participant_id id;
    user_id user;
    call::role role{};
    std::string name;
    bool admitted = false;
    bool in_call = false;
    std::optional<unsigned> order;
};

/// The room as one viewer may see it.
struct room_snapshot {
    std::string key; ///< the appointment id
    std::uint64_t rev = 0;
    appointment_view appointment;
    std::vector<participant_view> participants;
    std::optional<call_record> call; ///< the open call
};

} // namespace rendezvous::call

namespace rendezvous::call::events {

struct active_call {
    std::uint64_t rev = 0;
    call_record call;
};
struct joiner_connected {
    std::uint64_t rev = 0;
    call_record call;
    participant_view participant;
    opaque offer; ///< null if none for this receiver
    bool moved = false;
};
struct signal {
    participant_id from;
    call_id call;
    unsigned order = 0; ///< of the sender's seat
    opaque data;
};
enum class change { entered, back, reconnecting, left, media, waiting, admitted, removed };
struct participant_changed {
    std::uint64_t rev = 0;
    events::change change{};
    participant_view participant;
    bool reset = false; ///< with `back`: messages were lost meanwhile
};
struct call_ended {
    std::uint64_t rev = 0;
    call_id call;
    end_reason reason{};
    milliseconds duration{0};
};
/// What comes to its end soon: the planned time, or the moment at which an active call is cut.
enum class warning { end, hard_end };
struct appointment_changed {
    std::uint64_t rev = 0;
    appointment_view appointment;
    std::optional<events::warning> warning;
    milliseconds in{0}; ///< with `warning`: how soon
};

} // namespace rendezvous::call::events

namespace rendezvous::call {

template <>
struct word_table<events::change> {
    static constexpr auto words = std::to_array<std::string_view>(
        {"entered", "back", "reconnecting", "left", "media", "waiting", "admitted", "removed"});
};

template <>
struct word_table<events::warning> {
    static constexpr auto words = std::to_array<std::string_view>({"end", "hardEnd"});
};

using event = std::variant<events::active_call, events::joiner_connected, events::signal, events::participant_changed,
    events::call_ended, events::appointment_changed>;

/// The revision of the room that an event makes known; 0 for a signal, which changes nothing.
std::uint64_t rev_of(event const& what);

/// Why a room asks for a socket to be closed; protocol/error_map knows the close codes.
/// `given_up`: a session without socket that is told nothing more; there is nobody to say it to.
enum class close_reason { taken_over, too_many_devices, appointment_closed, removed, left, given_up };

} // namespace rendezvous::call

namespace rendezvous::call::effects {

/// To one socket in the room.
struct tell {
    session_id to;
    call::event event;
};
/// To the sockets of a user that are in no room (the day's list).
struct tell_user {
    user_id to;
    call::event event;
};
struct close {
    session_id session;
    close_reason reason{};
};
/// The session now holds a seat in the call, or no longer does (device limits spare it).
struct seat_bound {
    session_id session;
    bool bound = false;
};

} // namespace rendezvous::call::effects

namespace rendezvous::call {

using effect = std::variant<effects::tell, effects::tell_user, effects::close, effects::seat_bound>;

/// What the one who asked gets. Which members are set depends on the command.
struct outcome {
    std::optional<call_record> call; ///< start, join, end
    unsigned order = 0;              ///< start, join: one's own
    bool joined_existing = false;
    bool reattached = false;
    bool offer_relayed = false;
    /// The command had been carried out before, on this call. `call` is empty if a newer one exists.
    std::optional<call_id> repeated;
    std::optional<own_view> you;                 ///< enter, resume
    std::optional<room_snapshot> room;           ///< enter, resume
    std::optional<appointment_view> appointment; ///< put, cancel
    bool created = false;                        ///< put
};

} // namespace rendezvous::call
