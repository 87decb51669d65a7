#pragma once
// The foundation: errors, ids, time, limits and logging. Knows nothing of calls, sockets,
// SQL or JSON; every other folder may include it and it includes none of them.

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string>

namespace rendezvous::base {

/// Every expected failure of the house, one name each. The names are those of the wire
/// (docs/protocol.md, "Error codes") with underscores; `protocol/error_map` gives each its wire
/// code, HTTP status and close code. Bugs are not in here: they assert or throw.
enum class errc {
    ok = 0,
    // what a person or a program did
    bad_json,
    bad_field,
    unknown_type,
    not_registered,
    unauthenticated,
    token_expired,
    token_invalid,
    forbidden,
    not_found,
    not_admitted,
    outside_window,
    payment_required,
    appointment_closed,
    no_call,
    call_ended,
    already_answered,
    in_call_elsewhere,
    peer_absent,
    busy,
    room_full,
    illegal_transition,
    rate_limited,
    too_large,
    too_many_candidates,
    origin_not_allowed,
    idempotency_key_reused,
    idempotency_in_progress,
    version_mismatch,
    validation,
    unsupported_media_type,
    method_not_allowed,
    gone,
    // what we did, or those we ask
    draining,
    connector_disabled,
    connector_unavailable,
    store_unavailable,
    internal,
};

/// The category of `errc`; `message()` is a short English sentence for developers.
boost::system::error_category const& errc_category() noexcept;

boost::system::error_code make_error_code(errc e) noexcept;

/// A value or an error. Expected failures travel in it; see docs/adr/0002-errors.md.
template <class T>
using result = boost::system::result<T>;

/// The `errc` inside `ec`, or `internal` for a code of another category.
errc to_errc(boost::system::error_code const& ec) noexcept;

} // namespace rendezvous::base

template <>
struct boost::system::is_error_code_enum<rendezvous::base::errc> : std::true_type {};
