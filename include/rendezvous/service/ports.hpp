#pragma once
// The hallway: one service that both doors (WebSocket and REST) walk through, the shards that own
// the rooms, and the interfaces to everything that waits: the only interfaces of the house.

#include "rendezvous/base/error.hpp"
#include "rendezvous/call/event.hpp"
#include "rendezvous/call/fact.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::service {

using base::result;

/// How a port answers. Called exactly once, on the adapter's own thread: the caller hops back to
/// where it belongs. Must not block and must not throw.
template <class T>
using completion = std::function<void(result<T>)>;

/// One page of a list, newest first. `next` is the opaque cursor of the page behind it.
template <class T>
struct page {
    std::vector<T> rows;
    std::optional<std::string> next;
};

/// Which calls to list; empty members do not filter.
struct call_filter {
    std::optional<base::utc_time> from; ///< created at or after
    std::optional<base::utc_time> to;   ///< created before
    std::vector<call::call_state> states;
    std::optional<call::end_reason> end_reason;
    std::optional<call::call_kind> kind;
    std::optional<base::appointment_id> appointment;
    std::optional<base::user_id> user; ///< has or had a seat, or is listed in the call's appointment
    std::size_t rows_max = 50;
    std::optional<std::string> after; ///< `next` of the page before
};

struct appointment_filter {
    std::optional<base::utc_time> from; ///< start at or after
    std::optional<base::utc_time> to;   ///< start before
    std::optional<call::appointment_status> status;
    std::optional<call::call_status> call_status;
    std::optional<base::user_id> user; ///< is a member
    std::size_t rows_max = 50;
    std::optional<std::string> after;
};

/// An appointment with its newest call, as lists show it. Newest `start` first.
using appointment_row = call::room_record;

/// One row of the append-only history of a call.
struct call_event_row {
    std::uint64_t seq = 0; ///< 1, 2, 3... within the call
    base::utc_time at{};
    std::string type; ///< `call.started`, `call.joined`, ...
    std::optional<base::participant_id> participant;
    std::string data; ///< JSON object; ids, words and numbers only
    std::string hash; ///< lower-case hex of the row's SHA-256
};

/// Writes of the call records. Thread: any; completions run on the store's thread.
/// Order: writes are made durable in the order of the calls to `append`.
class call_store {
public:
    virtual ~call_store() = default;
    /// Stores all facts in one transaction, durable when `done` gets success.
    /// Errors: store_unavailable (nothing was stored; within about 2 s), illegal_transition (the
    /// stored state was not the one the facts start from; nothing was stored).
    virtual void append(std::vector<call::fact> facts, completion<void> done) = 0;
};

/// Reads of the call records; never delays a write by more than one slice of 2 ms.
/// Thread: any; completions run on the store's thread. Errors: store_unavailable; `bad_field` for
/// an `after` that is no cursor of ours; `not_found` where one thing is asked for.
class call_reader {
public:
    virtual ~call_reader() = default;
    /// What a room begins with, the commands of the last 24 hours included; empty when the
    /// appointment is unknown.
    virtual void load_room(base::appointment_id id, completion<call::room_record> done) = 0;
    /// Appointments whose newest call has not ended; at boot.
    virtual void open_rooms(completion<std::vector<base::appointment_id>> done) = 0;
    /// Appointments whose window had closed at `now` without anybody judging what became of them,
    /// and without an open call; at most `rows_max`, longest first.
    virtual void unjudged(
        base::utc_time now, std::size_t rows_max, completion<std::vector<base::appointment_id>> done) = 0;
    virtual void list_calls(call_filter filter, completion<page<call::call_record>> done) = 0;
    virtual void get_call(base::call_id id, completion<call::call_record> done) = 0;
    virtual void list_call_events(base::call_id id, completion<std::vector<call_event_row>> done) = 0;
    virtual void list_appointments(appointment_filter filter, completion<page<appointment_row>> done) = 0;
};

/// Where the effects of rooms go: the sockets' side of the house. One per shard.
/// Thread: the shard that owns the session. Never fails, never blocks: a gone session drops what
/// it is told, a full send queue closes that session alone (4008).
class event_sink {
public:
    virtual ~event_sink() = default;
    virtual void deliver(base::session_id const& to, call::event const& what) = 0;
    virtual void close(base::session_id const& session, call::close_reason why) = 0;
    /// The session now holds a seat in a call, or no longer does.
    virtual void seat_changed(base::session_id const& session, bool seated) = 0;
};

/// An API key as kept: never the key itself.
struct api_key_row {
    std::string name;   ///< what `api-key create --name` said
    std::string prefix; ///< first characters, to recognise it in lists and logs
    std::string hash;   ///< SHA-256 of the whole key, hex
    base::utc_time created_at{};
    std::optional<base::utc_time> revoked_at;
    std::vector<std::string> scopes{}; ///< what it may be used for; empty: everything
};

/// An invitation of one member to one appointment; the code itself is never kept.
struct invite_row {
    std::string id;   ///< UUIDv7
    std::string hash; ///< SHA-256 of the code, hex
    base::appointment_id appointment;
    base::user_id user;
    base::utc_time created_at{};
    base::utc_time expires_at{};
    std::optional<base::utc_time> revoked_at;
    std::optional<std::string> pin_hash{}; ///< of the PIN that the redeemer has to know
    unsigned pin_tries = 0;                ///< wrong ones since it was sent
    std::optional<base::utc_time> redeemed_at{}; ///< last
    std::uint64_t redeemed_count = 0;
};

/// Credentials that live in the database. Thread: any; completions run on the store's thread.
class credential_store {
public:
    virtual ~credential_store() = default;
    virtual void put_api_key(api_key_row row, completion<void> done) = 0;
    /// Revokes all keys of that name, or the one of that prefix, that are not revoked; the number of
    /// them.
    virtual void revoke_api_keys(std::string name, base::utc_time at, completion<std::size_t> done) = 0;
    virtual void list_api_keys(completion<std::vector<api_key_row>> done) = 0;
    /// The key with that hash, revoked ones too, or not_found.
    virtual void find_api_key(std::string hash, completion<api_key_row> done) = 0;
    virtual void put_invite(invite_row row, completion<void> done) = 0;
    virtual void find_invite(std::string hash, completion<invite_row> done) = 0;
    /// Invites of one appointment, newest first, at most 200.
    virtual void list_invites(base::appointment_id id, completion<std::vector<invite_row>> done) = 0;
    /// Errors: not_found if the appointment has no such invite. Revoking twice is success.
    virtual void revoke_invite(
        base::appointment_id id, std::string invite_id, base::utc_time at, completion<void> done) = 0;
};

} // namespace rendezvous::service
