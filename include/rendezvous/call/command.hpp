#pragma once

#include "rendezvous/call/done_command.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What is asked of a room: by a participant on a socket, by one over REST, by the booking system,
/// by time. Values only; whoever made the command has already established who speaks.
namespace rendezvous::call {

/// Bytes that are passed on and never read: SDP, candidates. Shared so that a relay copies nothing.
using opaque = std::shared_ptr<std::string const>;

/// Who speaks. `session` is empty for REST. `token_role` is what the token says; the membership
/// says the rest, and both must agree.
struct speaker {
    user_id user;
    call::role token_role = call::role::patient;
    std::optional<session_id> session;
    friend bool operator==(speaker const&, speaker const&) = default;
};

/// What one participant sends and how well it is connected, as their own client says.
struct media_state {
    bool audio = false;
    bool video = false;
    bool screen = false;
    media_connection connection = media_connection::none;
    friend bool operator==(media_state const&, media_state const&) = default;
};

} // namespace rendezvous::call

namespace rendezvous::call::commands {

/// A socket has registered for this room.
struct enter {
    speaker who;
    std::string instance;   ///< UUID of the tab, empty if the client gave none
    std::string token_hash; ///< SHA-256 of the token the socket registered with
    /// The token has expired: only good for the seat that was taken with the very same token.
    bool token_expired = false;
};
/// The socket is gone without `leave`: absence, not leaving. The session stays, and is told what
/// happens until it comes back (`resume`) or the room closes it (`close_reason::given_up`).
struct disconnect {
    session_id session;
};
/// The session is back on a new socket and has missed nothing.
struct resume {
    speaker who;
    std::string token_hash; ///< of the token it came back with
    bool token_expired = false;
};
/// The session can never come back, with or without a socket now.
struct forget {
    session_id session;
};
struct start_call {
    speaker who;
    call_id fresh_id; ///< of the call, if one begins
    std::optional<media_kind> media;
    opaque offer; ///< null if none
    std::optional<command_key> key{};
    /// Staff opens a door that is closed for want of payment, or until the window opens, and says why.
    std::optional<std::string> override_reason{};
};
struct join_call {
    speaker who;
    std::optional<call_id> call;
    opaque offer;
    bool keep = false;     ///< the page still holds its peer connections
    bool takeover = false; ///< take one's own seat from a living session
    std::optional<command_key> key{};
};
struct signal {
    session_id from;
    std::optional<participant_id> to;
    std::optional<call_id> call;
    opaque data;
};
struct leave {
    session_id session;
    std::optional<call_id> call;
    std::optional<command_key> key{};
};
struct end_call {
    speaker who;
    std::optional<call_id> call;
    bool override_membership = false; ///< an admin who is no member; REST only
    std::optional<command_key> key{};
};
struct set_media {
    session_id session;
    std::optional<call_id> call;
    media_state media;
};
/// The same as part of a heartbeat: how well it is connected, and nothing else.
struct set_connection {
    session_id session;
    media_connection connection{};
};
struct sample_quality {
    session_id session;
    std::optional<call_id> call;
    std::optional<double> rtt_ms, loss_ratio, jitter_ms, bitrate_kbps;
    std::optional<std::string> candidate_type;
};
/// The booking system writes the appointment. Empty fields keep what is there, or the default.
struct put_appointment {
    struct listed {
        user_id user;
        call::role role{};
        std::string name;
        std::optional<std::string> locale;
        participant_id fresh_id; ///< used if this person is new in the appointment
    };
    appointment_id id;
    std::optional<appointment_status> status;
    std::optional<payment_status> payment;
    std::optional<utc_time> start, end, opens_at, closes_at;
    std::optional<media_kind> media;
    std::optional<start_policy> policy;
    std::optional<unsigned> capacity;
    std::optional<bool> hard_end;
    std::optional<std::vector<listed>> members;
    std::optional<std::uint64_t> if_version; ///< If-Match
};
struct cancel_appointment {};
/// Staff moves the end of the appointment, and of its window, by so much.
struct extend_appointment {
    speaker who;
    milliseconds by{};
    bool override_membership = false; ///< an admin who is no member; REST only
};
/// A person was erased: what the room still holds of them in its newest call gets the pseudonym that
/// the store writes in their place. Their membership was taken over by a `put_appointment` before.
struct forget_person {
    user_id user;
    user_id pseudonym;
};
/// Time has passed: does what is due.
struct tick {};
/// The room has just been loaded and its call is open, from a process before this one: its people
/// have `room_rules::recovery` to come back to their seats.
struct recover {};

} // namespace rendezvous::call::commands

namespace rendezvous::call {

using command =
    std::variant<commands::enter, commands::disconnect, commands::resume, commands::forget, commands::start_call,
        commands::join_call, commands::signal, commands::leave, commands::end_call, commands::set_media,
        commands::set_connection, commands::sample_quality, commands::put_appointment, commands::cancel_appointment,
        commands::extend_appointment, commands::forget_person, commands::tick, commands::recover>;

} // namespace rendezvous::call
