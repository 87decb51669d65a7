#pragma once

#include "rendezvous/base/error.hpp"
#include "rendezvous/base/limits.hpp"
#include "rendezvous/call/event.hpp"
#include "rendezvous/protocol/server_message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The bodies of REST requests and answers (docs/rest-api.md). Pure functions. Thread: any.
namespace rendezvous::protocol {

// ---- answers ---------------------------------------------------------------------------------

/// Same objects as in the messages of the WebSocket.
std::string appointment_json(call::appointment_view const& view);
std::string appointments_json(std::vector<call::appointment_view> const& views);
std::string call_json(call::call_record const& record);
std::string calls_json(std::vector<call::call_record> const& records);
/// `{appointmentId, callStatus, ..., call|null}`; `newest` null if there never was a call.
std::string call_status_json(call::appointment_view const& view, call::call_record const* newest);

/// One row of a call's history.
struct call_event_item {
    std::uint64_t seq = 0;
    base::utc_time at{};
    std::string type;
    std::optional<base::participant_id> participant;
    std::string data; ///< a JSON object as stored; anything else is shown as {}
    std::string hash;
};
std::string call_events_json(std::vector<call_event_item> const& rows);

struct invite_created {
    std::string invite_id;
    std::string url;  ///< never to be logged
    std::string code; ///< never to be logged
    base::utc_time expires_at{};
};
struct invite_item {
    std::string invite_id;
    base::user_id user;
    base::utc_time created_at{};
    base::utc_time expires_at{};
    std::optional<base::utc_time> revoked_at;
    std::string_view status; ///< pending, redeemed, locked, revoked or expired
    bool has_pin = false;
    std::optional<base::utc_time> redeemed_at{}; ///< last
    std::uint64_t redeemed_count = 0;
};
struct invite_redeemed {
    std::string token; ///< never to be logged
    base::utc_time expires_at{};
    base::appointment_id appointment;
    base::user_id user;
    call::role role{};
};
std::string invite_created_json(invite_created const& i);
std::string invites_json(std::vector<invite_item> const& list);
std::string invite_redeemed_json(invite_redeemed const& i);

/// What pages need to know before a call; strings of the `[clinic]` section may be empty.
struct webrtc_config {
    std::vector<ice_server> ice_servers;
    std::vector<std::string> features; ///< of the contract's parts that this server has
    base::limits limits;
    std::string clinic_name, clinic_logo, support_phone, emergency_number, locale;
};
std::string webrtc_config_json(webrtc_config const& c);

// ---- problems (RFC 9457) ---------------------------------------------------------------------

/// One thing wrong with a request: where (JSON pointer, RFC 6901; of a query parameter: its name
/// behind `?`), and what.
struct field_error {
    std::string pointer;
    std::string detail;
    friend bool operator==(field_error const&, field_error const&) = default;
};

inline constexpr std::string_view problem_content_type = "application/problem+json";

struct problem {
    base::errc code = base::errc::internal;
    std::string detail;   ///< for this occurrence; empty: the error's own sentence
    std::string instance; ///< path of the request, without query; empty: left out
    std::string request_id;
    std::optional<base::utc_time> opens_at, closes_at;      ///< with outside_window
    std::optional<unsigned> tries_left;                     ///< with a wrong PIN; `locked` if none
    std::vector<field_error> errors;                        ///< with validation
    std::vector<std::pair<std::string, std::string>> extra; ///< further string members
};
/// The answer's body; its status is `describe(p.code).http_status`.
std::string problem_json(problem const& p);

// ---- requests --------------------------------------------------------------------------------

/// What is wrong with a body: `bad_json` (no single JSON object, duplicate keys, too deep; HTTP
/// 400) or `validation` (422) with every field that is wrong.
struct body_refusal {
    base::errc code = base::errc::validation;
    std::vector<field_error> errors;
};

/// A body read into values, or why not.
template <class T>
struct body {
    std::optional<T> value;
    body_refusal refusal; ///< meaningful without a value
    explicit operator bool() const noexcept { return value.has_value(); }
    T& operator*() noexcept { return *value; }
    T const& operator*() const noexcept { return *value; }
    T* operator->() noexcept { return &*value; }
    T const* operator->() const noexcept { return &*value; }
};

struct start_call_body {
    std::optional<call::media_kind> media;
    std::optional<std::string> override_reason; ///< `override`
};
struct extend_body {
    base::milliseconds by{};
};
struct end_call_body {
    std::optional<base::call_id> call;
};
struct invite_body {
    base::user_id user;
    std::optional<base::utc_time> expires_at;
    std::string pin; ///< 4 to 12 digits, or empty
};
struct redeem_body {
    std::string pin; ///< as given; empty: none
};

/// PUT /api/appointments/{id}. `id`, `if_version` and the members' `fresh_id` are the caller's to
/// fill. Times are checked against each other where both stand in the body.
body<call::commands::put_appointment> parse_put_appointment(std::string_view text, std::size_t depth_max = 16);
/// An empty body is `{}` for these.
body<start_call_body> parse_start_call(std::string_view text, std::size_t depth_max = 16);
body<extend_body> parse_extend(std::string_view text, std::size_t depth_max = 16);
body<end_call_body> parse_end_call(std::string_view text, std::size_t depth_max = 16);
body<redeem_body> parse_redeem(std::string_view text, std::size_t depth_max = 16);
body<invite_body> parse_invite(std::string_view text, std::size_t depth_max = 16);

} // namespace rendezvous::protocol
