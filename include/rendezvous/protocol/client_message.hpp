#pragma once
// Bytes <-> values: what browsers and programs send, as small structs, and what the server tells
// them, as text. No I/O, no thread, no clock and no rule about who may do what: those live
// behind the doors that call in here.

#include "rendezvous/base/error.hpp"
#include "rendezvous/base/limits.hpp"
#include "rendezvous/call/command.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// The messages of a client (docs/protocol.md, "Client messages"), one struct each. Absent
/// optional fields are empty; every value has the documented form.
namespace rendezvous::protocol::messages {

struct resume_request {
    base::session_id session;
    std::string resume_key;
    std::uint64_t last_seq = 0;
};
/// `register`, which is a reserved word of C++.
struct register_session {
    std::string token; ///< never to be logged
    std::optional<base::appointment_id> appointment;
    std::optional<base::call_id> call; ///< at most one of the two; both empty: a user-level socket
    std::string instance;              ///< UUID of the tab, lower case, empty if none
    std::optional<resume_request> resume;
};
struct start_call {
    std::optional<call::media_kind> media;
    call::opaque offer;                         ///< the offer's JSON object as it came; null if none
    std::optional<std::string> override_reason; ///< `override`
};
struct join_call {
    std::optional<base::call_id> call;
    call::opaque offer;
    bool keep = false;
    bool takeover = false;
};
struct signal {
    std::optional<base::participant_id> to;
    std::optional<base::call_id> call;
    call::opaque data; ///< never null; the JSON value as it came, without surrounding space
};
struct leave {
    std::optional<base::call_id> call;
};
struct end_call {
    std::optional<base::call_id> call;
};
struct media_state {
    std::optional<base::call_id> call;
    call::media_state media;
};
struct stats {
    std::optional<base::call_id> call;
    std::optional<double> rtt_ms, loss_ratio, jitter_ms, bitrate_kbps;
    std::optional<std::string> candidate_type;
};
struct ice {};
struct refresh {
    std::string token; ///< never to be logged
};
struct pong {
    std::optional<std::uint64_t> n; ///< of the `ping` it answers
    std::uint64_t seq = 0;          ///< the last message the client has seen
    std::optional<call::media_connection> connection;
};

} // namespace rendezvous::protocol::messages

namespace rendezvous::protocol {

using client_message = std::variant<messages::register_session, messages::start_call, messages::join_call,
    messages::signal, messages::leave, messages::end_call, messages::media_state, messages::stats, messages::ice,
    messages::refresh, messages::pong>;

struct parser_limits {
    std::size_t message_bytes_max = base::limits{}.message_bytes_max;
    std::size_t json_depth_max = base::limits{}.json_depth_max; ///< the outer object is depth 1
};

/// What one text message is.
struct parsed {
    /// The message's `id`, also when the message is refused; empty (the answer's `re` is null) if
    /// it had none or an unusable one.
    std::string id;
    /// Errors: too_large (beyond message_bytes_max), bad_json (not one valid JSON object in UTF-8,
    /// too deep, or a key twice), unknown_type, bad_field.
    base::result<client_message> message;
    /// With bad_field: which field, a literal that lives forever. Else empty.
    std::string_view field{};
};

/// Reads one message of a client. One validating scan over the bytes; `data` and `offer` are cut
/// out as they came and are never made into a tree. Keeps no reference to `text`. Reads nothing
/// behind it. Thread: any.
parsed parse_client_message(std::string_view text, parser_limits const& limits = {});

/// True for commands that change the call (start, join, leave, end): they are idempotent by
/// (user, room, instance, id).
bool changes_state(client_message const& message);

} // namespace rendezvous::protocol
