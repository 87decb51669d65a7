#pragma once

#include "rendezvous/base/error.hpp"
#include "rendezvous/base/limits.hpp"
#include "rendezvous/call/event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The messages of the server (docs/protocol.md, "Server messages") as JSON text, one function
/// each. Pure functions of their arguments; strings are escaped, invalid UTF-8 in them becomes
/// U+FFFD. `seq` is the number of the message in its session. Thread: any.
namespace rendezvous::protocol {

/// One entry of `iceServers` (W3C RTCIceServer). Without `username` no credential is written.
struct ice_server {
    std::vector<std::string> urls;
    std::string username;
    std::string credential; ///< never to be logged
};

struct heartbeat_times {
    base::milliseconds every{10'000};      ///< from one `ping` to the next
    base::milliseconds timeout{10'000};    ///< for the `pong`
    base::milliseconds dead_after{20'000}; ///< silence after which the client gives the socket up
};

/// Why a session is a new one.
enum class reset_reason { fresh, expired, overflow, restart };

/// What `registered` says besides the room. Exactly one of `room` and `appointments` is set:
/// a room, or the day's list of a user-level socket.
struct registration {
    std::string re; ///< id of the `register`; empty: null
    base::session_id session;
    std::string resume_key; ///< never to be logged
    bool resumed = false;
    std::uint64_t received = 0;         ///< client messages counted in this session
    std::optional<reset_reason> reason; ///< set unless `resumed`
    call::own_view you;                 ///< an empty `id` (user-level) is left out
    std::optional<call::room_snapshot> room;
    std::optional<std::vector<call::appointment_view>> appointments;
    std::vector<ice_server> ice_servers;
    bool relay_only = false; ///< `iceTransportPolicy` is `relay`; else it is left out
    base::limits limits;
    heartbeat_times heartbeat;
    base::utc_time server_time{};
};

/// `registered`; carries no `seq`.
std::string registered_message(registration const& r);

/// `ok` without further fields (leave, endCall, refresh).
std::string ok_message(std::uint64_t seq, std::string_view re, std::uint64_t received);
/// `ok` to startCall and joinCall: `call`, `order`, `joinedExisting`, `reattached`, `offerRelayed`.
/// Precondition: `o.call` is set.
std::string ok_message(std::uint64_t seq, std::string_view re, std::uint64_t received, call::outcome const& o);
/// `ok` to ice.
std::string ok_message(
    std::uint64_t seq, std::string_view re, std::uint64_t received, std::vector<ice_server> const& servers);

/// `error`. An empty `re` is written as null; an empty `text` is the error's own sentence;
/// `received` as in `ok`.
std::string error_message(std::uint64_t seq, std::string_view re, std::uint64_t received, base::errc code,
    std::string_view text = {}, std::optional<base::milliseconds> retry_after = {});
/// `error` to a refused `register`: there is no session yet, so no `seq` and no `received`.
std::string register_error_message(std::string_view re, base::errc code, std::string_view text = {},
    std::optional<base::milliseconds> retry_after = {});

/// An event of a room. Signals are put together from bytes: `data` and `offer` stand in the
/// message exactly as they came.
std::string event_message(std::uint64_t seq, call::event const& event);

std::string token_expiring_message(std::uint64_t seq, base::milliseconds in);
/// The server is about to end: this socket closes after `in`. `goaway`, `ping` and `bye` carry no `seq`.
std::string goaway_message(base::milliseconds in, std::string_view reason);
std::string ping_message(std::uint64_t n, std::uint64_t received);
std::string bye_message(
    std::uint16_t close_code, std::string_view reason, std::optional<base::milliseconds> retry_after = {});

} // namespace rendezvous::protocol
