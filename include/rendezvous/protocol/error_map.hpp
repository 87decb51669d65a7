#pragma once

#include "rendezvous/base/clock.hpp"
#include "rendezvous/base/error.hpp"
#include "rendezvous/call/event.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace rendezvous::protocol {

/// The WebSocket close codes of docs/protocol.md (RFC 6455 7.4 and our own 4xxx).
namespace close_codes {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported_data = 1003; ///< binary frame
inline constexpr std::uint16_t invalid_utf8 = 1007;
inline constexpr std::uint16_t too_large = 1009;
inline constexpr std::uint16_t internal = 1011;
inline constexpr std::uint16_t unspecified = 4000;
inline constexpr std::uint16_t heartbeat_timeout = 4001;
inline constexpr std::uint16_t slow_consumer = 4008;
inline constexpr std::uint16_t resumed_elsewhere = 4100;
inline constexpr std::uint16_t taken_over = 4101;
inline constexpr std::uint16_t too_many_devices = 4102;
inline constexpr std::uint16_t appointment_closed = 4103;
inline constexpr std::uint16_t removed = 4104;
inline constexpr std::uint16_t token_expired = 4200;
inline constexpr std::uint16_t token_revoked = 4201;
inline constexpr std::uint16_t draining = 4300;
inline constexpr std::uint16_t overloaded = 4301;
inline constexpr std::uint16_t wrong_node = 4302;
inline constexpr std::uint16_t bad_message = 4400;
inline constexpr std::uint16_t not_registered = 4401;
inline constexpr std::uint16_t forbidden = 4403;
inline constexpr std::uint16_t token_invalid = 4422;
inline constexpr std::uint16_t rate_limited = 4429;
} // namespace close_codes

/// How one error looks at every edge.
struct error_description {
    base::errc code;
    std::string_view wire;     ///< error code in messages and REST, dashed
    std::uint16_t http_status; ///< of the problem+json answer
    std::string_view title;    ///< short, the same for every occurrence (RFC 9457)
    /// Close code when this error refuses a `register` or ends the socket. Errors that only
    /// refuse a command never close; then this is what they would close a `register` with.
    std::uint16_t close_code;
    bool retryable; ///< the same request may succeed later without being changed
};

/// The line of the one table; `internal`'s for a code that is not an error.
error_description const& describe(base::errc code) noexcept;

inline std::string_view wire_code(base::errc code) noexcept
{
    return describe(code).wire;
}

std::uint16_t close_code_of(call::close_reason reason) noexcept;
/// Whoever is sent away with that code has no session to come back to; after all others a client
/// may resume it.
bool ends_session(std::uint16_t close_code) noexcept;
/// Short reason for the close frame and `bye`: fixed words without any personal data.
std::string_view close_text(std::uint16_t close_code) noexcept;

/// When a client sent away with that code may come back: overloaded, draining and rate limited
/// ones say so.
std::optional<base::milliseconds> retry_hint(std::uint16_t close_code) noexcept;

} // namespace rendezvous::protocol
