#include "rendezvous/protocol/error_map.hpp"

#include <algorithm>
#include <array>

namespace rendezvous::protocol {
namespace {

using base::errc;
namespace close = close_codes;

// clang-format off
constexpr auto table = std::to_array<error_description>({
    // code                         wire                      HTTP title                             close                      retryable
    {errc::bad_json,                "bad-json",               400, "Not valid JSON",                 close::bad_message,        false},
    {errc::bad_field,               "bad-field",              422, "A field does not fit",           close::bad_message,        false},
    {errc::unknown_type,            "unknown-type",           400, "Unknown message type",           close::bad_message,        false},
    {errc::not_registered,          "not-registered",         401, "Not registered",                 close::not_registered,     false},
    {errc::unauthenticated,         "unauthenticated",        401, "Not authenticated",              close::token_invalid,      false},
    {errc::token_expired,           "token-expired",          401, "Token expired",                  close::token_expired,      false},
    {errc::token_invalid,           "unauthenticated",        401, "Not authenticated",              close::token_invalid,      false},
    {errc::forbidden,               "forbidden",              403, "Forbidden",                      close::forbidden,          false},
    {errc::not_found,               "not-found",              404, "Not found",                      close::forbidden,          false},
    {errc::not_admitted,            "not-admitted",           403, "Not admitted yet",               close::forbidden,          false},
    {errc::outside_window,          "outside-window",         403, "Outside the time window",        close::forbidden,          false},
    {errc::payment_required,        "payment-required",       402, "Payment required",               close::forbidden,          false},
    {errc::appointment_closed,      "appointment-closed",     410, "Appointment closed",             close::appointment_closed, false},
    {errc::no_call,                 "no-call",                409, "No call",                        close::unspecified,        false},
    {errc::call_ended,              "call-ended",             409, "Call ended",                     close::unspecified,        false},
    {errc::already_answered,        "already-answered",       409, "Already answered",               close::unspecified,        false},
    {errc::in_call_elsewhere,       "in-call-elsewhere",      409, "In the call on another device",  close::unspecified,        false},
    {errc::peer_absent,             "peer-absent",            409, "Participant absent",             close::unspecified,        false},
    {errc::busy,                    "busy",                   409, "Busy",                           close::unspecified,        false},
    {errc::room_full,               "room-full",              409, "Call full",                      close::forbidden,          false},
    {errc::illegal_transition,      "illegal-transition",     409, "Not possible in this state",     close::unspecified,        false},
    {errc::rate_limited,            "rate-limited",           429, "Too many requests",              close::rate_limited,       true},
    {errc::too_large,               "too-large",              413, "Too large",                      close::too_large,          false},
    {errc::too_many_candidates,     "too-many-candidates",    429, "Too many signals",               close::rate_limited,       true},
    {errc::origin_not_allowed,      "origin-not-allowed",     403, "Origin not allowed",             close::forbidden,          false},
    {errc::idempotency_key_reused,  "idempotency-key-reused", 422, "Idempotency key reused",         close::bad_message,        false},
    {errc::idempotency_in_progress, "idempotency-in-progress", 409, "First request under way",        close::bad_message,        true},
    {errc::version_mismatch,        "version-mismatch",       412, "Changed meanwhile",              close::unspecified,        false},
    {errc::validation,              "validation",             422, "Validation failed",              close::bad_message,        false},
    {errc::unsupported_media_type,  "unsupported-media-type", 415, "Unsupported media type",         close::bad_message,        false},
    {errc::method_not_allowed,      "validation",             405, "Method not allowed",             close::bad_message,        false},
    {errc::gone,                    "gone",                   410, "Gone",                           close::forbidden,          false},
    {errc::connector_disabled,      "connector-disabled",     503, "Switched off",                   close::internal,           false},
    {errc::connector_unavailable,   "connector-unavailable",  503, "Another system does not answer", close::internal,           true},
    {errc::draining,                "draining",               503, "Restarting",                     close::draining,           true},
    {errc::store_unavailable,       "store-unavailable",      503, "Storage unavailable",            close::overloaded,         true},
    {errc::internal,                "internal",               500, "Internal error",                 close::internal,           true},
});

struct close_line {
    std::uint16_t code;
    std::string_view text;
};
constexpr auto close_texts = std::to_array<close_line>({
    {close::normal,             "done"},
    {close::going_away,         "going away"},
    {close::protocol_error,     "protocol error"},
    {close::unsupported_data,   "text only"},
    {close::invalid_utf8,       "not UTF-8"},
    {close::too_large,          "message too large"},
    {close::internal,           "internal error"},
    {close::unspecified,        "closed"},
    {close::heartbeat_timeout,  "heartbeat timeout"},
    {close::slow_consumer,      "slow consumer"},
    {close::resumed_elsewhere,  "resumed elsewhere"},
    {close::taken_over,         "taken over"},
    {close::too_many_devices,   "too many devices"},
    {close::appointment_closed, "appointment closed"},
    {close::removed,            "removed"},
    {close::token_expired,      "token expired"},
    {close::token_revoked,      "token revoked"},
    {close::draining,           "draining"},
    {close::overloaded,         "overloaded"},
    {close::wrong_node,         "wrong node"},
    {close::bad_message,        "bad message"},
    {close::not_registered,     "not registered in time"},
    {close::forbidden,          "forbidden"},
    {close::token_invalid,      "token invalid"},
    {close::rate_limited,       "rate limited"},
});
// clang-format on

} // namespace

error_description const& describe(base::errc code) noexcept
{
    auto const found =
        std::find_if(table.begin(), table.end(), [&](error_description const& line) { return line.code == code; });
    return found == table.end() ? table.back() : *found;
}

std::uint16_t close_code_of(call::close_reason reason) noexcept
{
    switch (reason) {
    case call::close_reason::taken_over: return close::taken_over;
    case call::close_reason::too_many_devices: return close::too_many_devices;
    case call::close_reason::appointment_closed: return close::appointment_closed;
    case call::close_reason::removed: return close::removed;
    case call::close_reason::left: return close::normal;
    case call::close_reason::given_up: return close::unspecified;
    }
    return close::unspecified;
}

bool ends_session(std::uint16_t close_code) noexcept
{
    return close_code == close::normal || (close_code >= close::taken_over && close_code <= close::removed);
}

std::string_view close_text(std::uint16_t close_code) noexcept
{
    auto const found = std::find_if(
        close_texts.begin(), close_texts.end(), [&](close_line const& line) { return line.code == close_code; });
    return found == close_texts.end() ? std::string_view("closed") : found->text;
}

std::optional<base::milliseconds> retry_hint(std::uint16_t close_code) noexcept
{
    switch (close_code) {
    case close_codes::draining: return base::milliseconds{2'000};
    case close_codes::overloaded: return base::milliseconds{5'000};
    case close_codes::rate_limited: return base::milliseconds{6'000};
    default: return std::nullopt;
    }
}

} // namespace rendezvous::protocol
