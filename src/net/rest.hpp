#pragma once

#include "rendezvous/net/http_types.hpp"
#include "rendezvous/net/session_context.hpp"
#include "rendezvous/service/task.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// REST handlers: parse, act, reply. Rights that follow from the route stand in the route table;
/// those that follow from the appointment are judged by the same domain as the sockets'.
namespace rendezvous::net {

/// Who calls: nobody (public routes), a booking system with its API key, or a token's holder.
struct rest_caller {
    bool api_key = false;
    std::optional<service::bearer> bearer;
    std::string key_name;            ///< of the API key
    std::vector<std::string> scopes; ///< of the API key; empty: everything

    /// API keys and admins see everything; everybody else what they are participants of.
    bool sees_all() const { return api_key || (bearer && bearer->role == call::role::admin); }
};

/// What a request's row in the account says beside route and outcome; handlers add what they know.
struct audit_note {
    rest_caller caller;
    std::optional<base::user_id> subject; ///< whose record it is; the patient of the object by default
    std::string object;                   ///< what the route names by default
    bool written = false;                 ///< the handler has accounted for it in its own transaction
};

/// One request on its way through a handler.
struct rest_call {
    session_context* house = nullptr;
    std::shared_ptr<http_request const> request;
    rest_caller caller;
    std::vector<std::string> captures; ///< the `{...}` segments of the route, in order
    std::shared_ptr<audit_note> note = std::make_shared<audit_note>();

    base::utc_time now() const { return house->clock.now().utc; }
    std::optional<std::string> query(std::string_view name) const;
};

using rest_reply = boost::asio::awaitable<http_response>;
using rest_handler = rest_reply (*)(rest_call);

// rest_replies.cpp
http_response json_reply(unsigned status, std::string body);
/// 200 with an ETag made of `version` (may be empty) and the body, or 304 if the caller has it.
http_response cached_reply(rest_call const& c, std::string body, std::string_view version = {});
http_response problem_reply(rest_call const& c, base::errc why);
http_response problem_reply(rest_call const& c, protocol::problem p);
http_response refusal_reply(rest_call const& c, protocol::body_refusal const& refusal);
http_response invalid_query(rest_call const& c, std::string_view name, std::string detail);
/// Those who do not see everything see their own: sets `user` to the caller. Refuses (forbidden)
/// when they ask for somebody else's.
std::optional<base::errc> limit_to_own(rest_call const& c, std::optional<base::user_id>& user);
/// Adds `Link: <...>; rel="next"` (RFC 8288) for the page behind `next`.
void add_next_link(http_response& to, rest_call const& c, std::optional<std::string> const& next);
/// The version in an `If-Match` header: `"7"` or `"7-..."`. Nothing for none or `*`; not_found as
/// value 0 if it can match nothing.
std::optional<std::uint64_t> if_match_version(rest_call const& c);

// rest_appointments.cpp
rest_reply put_appointment(rest_call c);
rest_reply get_appointment(rest_call c);
rest_reply delete_appointment(rest_call c);
rest_reply list_appointments(rest_call c);
rest_reply extend_appointment(rest_call c);
rest_reply get_call_status(rest_call c);
// rest_calls.cpp
rest_reply start_call(rest_call c);
rest_reply join_call(rest_call c);
rest_reply end_call(rest_call c);
rest_reply list_calls(rest_call c);
rest_reply get_call(rest_call c);
rest_reply list_call_events(rest_call c);
rest_reply end_call_by_id(rest_call c);
// rest_aliases.cpp
rest_reply alias_end_call(rest_call c);
rest_reply alias_call_info(rest_call c);
rest_reply alias_active_call(rest_call c);
rest_reply alias_call_history(rest_call c);
// rest_invites.cpp
rest_reply create_invite(rest_call c);
rest_reply list_invites(rest_call c);
rest_reply revoke_invite(rest_call c);
rest_reply redeem_invite(rest_call c);
// rest_audit.cpp
rest_reply list_audit(rest_call c);
// rest_subjects.cpp
rest_reply export_subject(rest_call c);
rest_reply erase_subject(rest_call c);
rest_reply resend_invite(rest_call c);
// rest_tokens.cpp
rest_reply mint_token(rest_call c);
rest_reply renew_token(rest_call c);
rest_reply revoke_token(rest_call c);
rest_reply revoke_user(rest_call c);
/// Durable, in force, and told to every session it concerns. Errors: store_unavailable.
service::task<void> revoke(session_context& house, service::revocation what);
// rest_webhooks.cpp
rest_reply create_webhook(rest_call c);
rest_reply list_webhooks(rest_call c);
rest_reply change_webhook(rest_call c);
rest_reply delete_webhook(rest_call c);
rest_reply test_webhook(rest_call c);
rest_reply rotate_webhook_secret(rest_call c);
rest_reply list_deliveries(rest_call c);
rest_reply redeliver(rest_call c);
rest_reply list_events(rest_call c);
// rest_service.cpp
rest_reply get_webrtc_config(rest_call c);
rest_reply get_health(rest_call c);
rest_reply get_readiness(rest_call c);

/// Waits for the service. The same as submitting on a socket.
service::task<call::outcome> submit(session_context& house, base::appointment_id id, call::command asked);
/// The appointment as the caller may see it: not_found for strangers and for tokens that do not
/// name it.
service::task<service::room_status> describe(rest_call const& c, base::appointment_id id);

} // namespace rendezvous::net
