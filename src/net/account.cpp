#include "account.hpp"

#include "rendezvous/protocol/error_map.hpp"
#include "rendezvous/service/audit_port.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

namespace rendezvous::net {
namespace {

using base::errc;
using enum http_method;

struct named_action {
    http_method method;
    std::string_view pattern;
    std::string_view action;
};

/// Routes whose name does not follow from path and method.
constexpr auto names = std::to_array<named_action>({
    {get, "/api/appointments", "appointment.list"},
    {put, "/api/appointments/{id}", "appointment.write"},
    {get, "/api/appointments/{id}", "appointment.read"},
    {delete_, "/api/appointments/{id}", "appointment.cancel"},
    {post, "/api/appointments/{id}/start-call", "call.start"},
    {post, "/api/appointments/{id}/join-call", "call.join"},
    {post, "/api/appointments/{id}/end-call", "call.end"},
    {post, "/api/appointments/{id}/extend", "appointment.extend"},
    {get, "/api/appointments/{id}/call-status", "appointment.status"},
    {post, "/api/appointments/{id}/invites", "invite.create"},
    {get, "/api/appointments/{id}/invites", "invite.list"},
    {delete_, "/api/appointments/{id}/invites/{inviteId}", "invite.revoke"},
    {post, "/api/invites/{code}/redeem", "invite.redeem"},
    {get, "/api/calls", "call.list"},
    {get, "/api/calls/{callId}", "call.read"},
    {get, "/api/calls/{callId}/events", "call.events"},
    {post, "/api/appointments/{id}/invites/{inviteId}/resend", "invite.resend"},
    {post, "/api/calls/{callId}/end", "call.end"},
    {post, "/api/webrtc/call/{callId}/end", "call.end"},
    {get, "/api/webrtc/call/{callId}/info", "call.read"},
    {get, "/api/webrtc/call/active", "call.list"},
    {get, "/api/webrtc/call/history", "call.list"},
    {post, "/api/tokens", "token.create"},
    {post, "/api/tokens/revoke", "token.revoke"},
    {post, "/api/tokens/renew", "token.renew"},
    {delete_, "/api/tokens/{jti}", "token.revoke"},
    {get, "/api/events", "event.list"},
    {get, "/api/webrtc/config", "config.read"},
    {get, "/api/audit", "audit.read"},
    {get, "/api/subjects/{userId}", "subject.export"},
    {delete_, "/api/subjects/{userId}", "subject.erase"},
    // About nobody.
    {get, "/healthz", ""},
    {get, "/readyz", ""},
    {get, "/openapi.json", ""},
    {get, "/docs/api", ""},
});

std::string_view verb_of(http_method method)
{
    switch (method) {
    case post: return "create";
    case put: return "write";
    case patch: return "change";
    case delete_: return "delete";
    default: return "read";
    }
}

/// `/api/webhooks/{id}/test` by POST: `webhooks.test.create`.
std::string derived_action(route const& r)
{
    constexpr std::string_view api = "/api/";
    if (!r.pattern.starts_with(api)) return {};
    std::string out;
    auto rest = r.pattern.substr(api.size());
    while (!rest.empty()) {
        auto const end = std::min(rest.find('/'), rest.size());
        if (!rest.starts_with('{')) out.append(rest.substr(0, end)).append(".");
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out.append(verb_of(r.method));
}

void write(session_context& house, service::audit_entry entry)
{
    entry.at = house.clock.now().utc;
    house.audit->record(std::move(entry));
}

} // namespace

std::string ip_prefix(std::string_view address)
{
    namespace ip = boost::asio::ip;
    boost::system::error_code bad;
    auto at = ip::make_address(std::string(address), bad);
    if (bad) return {};
    if (at.is_v6() && at.to_v6().is_v4_mapped()) at = ip::make_address_v4(ip::v4_mapped, at.to_v6());
    if (at.is_v4()) return ip::address_v4(at.to_v4().to_uint() & 0xffffff00U).to_string() + "/24";
    auto bytes = at.to_v6().to_bytes();
    std::fill(bytes.begin() + 6, bytes.end(), static_cast<unsigned char>(0));
    return ip::address_v6(bytes).to_string() + "/48";
}

std::string action_of(route const& r)
{
    auto const same = [&](named_action const& n) { return n.method == r.method && n.pattern == r.pattern; };
    auto const found = std::find_if(names.begin(), names.end(), same);
    return found == names.end() ? derived_action(r) : std::string(found->action);
}

std::string object_of(route const& r, std::vector<std::string> const& captures)
{
    if (captures.empty()) return {};
    auto const& first = captures.front();
    if (r.pattern.starts_with("/api/appointments/{"))
        return base::parse_appointment_id(first) ? "appointment:" + first : std::string{};
    bool const call = r.pattern.starts_with("/api/calls/{") || r.pattern.starts_with("/api/webrtc/call/{");
    if (call) return base::is_uuid(first) ? "call:" + first : std::string{};
    return {};
}

void account(session_context& house, http_request const& request, route const* entry,
    std::vector<std::string> const& captures, audit_note const& note, http_response const& reply)
{
    if (!house.audit || note.written) return;
    service::audit_entry row;
    if (entry)
        row.action = action_of(*entry);
    else if (!request.segments.empty() && request.segments.front() == "api")
        row.action = "unknown";
    if (row.action.empty()) return;
    row.actor = service::actor_kind::anonymous;
    if (note.caller.api_key) {
        row.actor = service::actor_kind::api_key;
        row.actor_id = note.caller.key_name;
    } else if (note.caller.bearer) {
        row.actor = service::actor_kind::user;
        row.actor_id = note.caller.bearer->user.str();
    }
    row.object = note.object;
    if (entry && row.object.empty()) row.object = object_of(*entry, captures);
    row.subject = note.subject;
    // A list of one person's, asked for or because they see no other.
    for (auto const& [name, value] : request.query)
        if (!row.subject && (name == "userId" || name == "subject")) row.subject = base::parse_user_id(value);
    if (!row.subject && row.object.empty() && note.caller.bearer && !note.caller.sees_all()
        && row.action.ends_with(".list"))
        row.subject = note.caller.bearer->user;
    row.outcome = std::string(reply.problem == errc::ok ? "ok" : protocol::wire_code(reply.problem));
    row.ip_prefix = ip_prefix(request.remote_ip);
    row.request_id = request.request_id;
    write(house, std::move(row));
}

void account(session_context& house, std::string_view action, base::user_id const* user,
    base::appointment_id const* room, base::errc outcome, std::string prefix)
{
    if (!house.audit) return;
    service::audit_entry row;
    row.actor = user ? service::actor_kind::user : service::actor_kind::anonymous;
    if (user) row.actor_id = user->str();
    row.action = std::string(action);
    if (room) row.object = "appointment:" + room->str();
    row.outcome = std::string(outcome == errc::ok ? "ok" : protocol::wire_code(outcome));
    row.ip_prefix = std::move(prefix);
    write(house, std::move(row));
}

} // namespace rendezvous::net
