#pragma once

#include "rendezvous/call/event.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Answers under the field names that older systems read (docs/rest-api.md, aliases): the same
/// values as in rest_types.hpp, renamed. Pure functions. Thread: any.
namespace rendezvous::protocol {

/// `calling`, `connected`, `ended` or `rejected`.
std::string_view alias_status(call::call_record const& record);
/// `{call_id, call_type, status, caller_id, start_time, end_time, duration_seconds, ...}`.
std::string alias_call_json(call::call_record const& record);
std::string alias_calls_json(std::vector<call::call_record> const& records);
/// `{callId, roomName, signalingUrl, events}`; `public_url` is the server's.
std::string call_info_json(call::call_record const& record, std::string_view public_url);

} // namespace rendezvous::protocol
