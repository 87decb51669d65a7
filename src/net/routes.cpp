#include "routes.hpp"

#include "account.hpp"
#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"
#include "rendezvous/net/doors.hpp"
#include "rendezvous/protocol/error_map.hpp"

#include <algorithm>

namespace rendezvous::net {
namespace {

using base::errc;
namespace metrics = base::metrics;
using enum http_method;

constexpr auto everybody = api_key | staff | participant;

constexpr auto table = std::to_array<route>({
    {get, "/api/appointments", everybody, &list_appointments,
        {"from", "to", "status", "callStatus", "userId", "limit", "after", "bom"}},
    {put, "/api/appointments/{id}", api_key, &put_appointment},
    {get, "/api/appointments/{id}", everybody, &get_appointment},
    {delete_, "/api/appointments/{id}", api_key, &delete_appointment},
    {post, "/api/appointments/{id}/start-call", staff | participant, &start_call},
    {post, "/api/appointments/{id}/join-call", staff | participant, &join_call},
    {post, "/api/appointments/{id}/end-call", staff | participant, &end_call},
    {post, "/api/appointments/{id}/extend", staff, &extend_appointment},
    {get, "/api/appointments/{id}/call-status", everybody, &get_call_status},
    {post, "/api/appointments/{id}/invites", api_key | staff, &create_invite},
    {get, "/api/appointments/{id}/invites", api_key | staff, &list_invites, {"bom"}},
    {delete_, "/api/appointments/{id}/invites/{inviteId}", api_key | staff, &revoke_invite},
    {post, "/api/appointments/{id}/invites/{inviteId}/resend", api_key | staff, &resend_invite},
    {post, "/api/invites/{code}/redeem", open_to_all, &redeem_invite},
    {post, "/api/tokens", api_key, &mint_token},
    {post, "/api/tokens/revoke", api_key, &revoke_user},
    {post, "/api/tokens/renew", staff | participant, &renew_token},
    {delete_, "/api/tokens/{jti}", api_key, &revoke_token},
    {get, "/api/calls", everybody, &list_calls,
        {"from", "to", "state", "endReason", "kind", "appointmentId", "userId", "limit", "after", "bom"}},
    {get, "/api/calls/{callId}", everybody, &get_call},
    {get, "/api/calls/{callId}/events", api_key | admin_only | staff, &list_call_events, {"bom"}},
    {get, "/api/webrtc/config", staff | participant, &get_webrtc_config},
    {post, "/api/calls/{callId}/end", staff | participant, &end_call_by_id},
    // Aliases: the canonical route under the field names of older systems.
    {post, "/api/webrtc/call/{callId}/end", staff | participant, &alias_end_call},
    {get, "/api/webrtc/call/{callId}/info", everybody, &alias_call_info},
    {get, "/api/webrtc/call/active", everybody, &alias_active_call},
    {get, "/api/webrtc/call/history", everybody, &alias_call_history, {"limit", "after", "bom"}},
    {get, "/api/audit", api_key | admin_only, &list_audit,
        {"from", "to", "actor", "subject", "action", "limit", "after", "bom"}},
    {get, "/api/subjects/{userId}", api_key | admin_only, &export_subject},
    {delete_, "/api/subjects/{userId}", api_key | admin_only, &erase_subject},
    {post, "/api/webhooks", api_key | admin_only, &create_webhook},
    {get, "/api/webhooks", api_key | admin_only, &list_webhooks, {"bom"}},
    {patch, "/api/webhooks/{webhookId}", api_key | admin_only, &change_webhook},
    {delete_, "/api/webhooks/{webhookId}", api_key | admin_only, &delete_webhook},
    {post, "/api/webhooks/{webhookId}/test", api_key | admin_only, &test_webhook},
    {post, "/api/webhooks/{webhookId}/rotate-secret", api_key | admin_only, &rotate_webhook_secret},
    {get, "/api/webhooks/{webhookId}/deliveries", api_key | admin_only, &list_deliveries, {"limit", "after", "bom"}},
    {post, "/api/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver", api_key | admin_only, &redeliver},
    {get, "/api/events", api_key | admin_only, &list_events, {"type", "limit", "after", "bom"}},
    {get, "/healthz", open_to_all, &get_health},
    {get, "/readyz", open_to_all, &get_readiness},
});

std::vector<std::string_view> split(std::string_view pattern)
{
    std::vector<std::string_view> out;
    for (std::size_t begin = 1; begin <= pattern.size();) {
        auto const end = std::min(pattern.find('/', begin), pattern.size());
        out.push_back(pattern.substr(begin, end - begin));
        begin = end + 1;
    }
    return out;
}

/// The captured segments if `segments` fit the pattern.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::vector<std::string> const& segments)
{
    auto const parts = split(pattern);
    if (parts.size() != segments.size()) return std::nullopt;
    std::vector<std::string> captures;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i].starts_with('{'))
            captures.push_back(segments[i]);
        else if (parts[i] != segments[i])
            return std::nullopt;
    }
    return captures;
}

struct found_route {
    route const* entry = nullptr;
    std::vector<std::string> captures;
    std::string allow; ///< methods of that path, if the method is not one of them
};

std::string_view method_name(http_method m)
{
    switch (m) {
    case get: return "GET";
    case post: return "POST";
    case put: return "PUT";
    case patch: return "PATCH";
    case delete_: return "DELETE";
    default: return "";
    }
}

found_route find_route(http_request const& request)
{
    found_route out;
    auto const method = request.method == head ? get : request.method;
    for (auto const& r : table) {
        auto captures = match(r.pattern, request.segments);
        if (!captures) continue;
        if (r.method == method) return {&r, std::move(*captures), {}};
        if (!out.allow.empty()) out.allow += ", ";
        out.allow += method_name(r.method);
        if (r.method == get) out.allow += ", HEAD";
    }
    return out;
}

std::optional<std::string> unknown_parameter(route const& r, http_request const& request)
{
    for (auto const& [name, value] : request.query) {
        auto const known = !name.empty() && std::find(r.query.begin(), r.query.end(), name) != r.query.end();
        auto const same = [&n = name](auto const& q) { return q.first == n; };
        if (!known || std::count_if(request.query.begin(), request.query.end(), same) > 1) return name;
    }
    return std::nullopt;
}

/// A body that says it is something else: a form, a file, XML. One that says nothing is taken for JSON.
bool is_of_another_type(http_request const& request)
{
    auto const header = request.header("content-type");
    if (request.body.empty() || !header) return false;
    std::string type(header->substr(0, header->find(';')));
    while (!type.empty() && type.back() == ' ') type.pop_back();
    std::transform(type.begin(), type.end(), type.begin(), [](unsigned char ch) { return std::tolower(ch); });
    return type != "application/json" && !(type.starts_with("application/") && type.ends_with("+json"));
}

} // namespace

std::string_view scope_of(std::string_view pattern)
{
    struct row {
        std::string_view begin;
        std::string_view scope;
    };
    constexpr auto scopes = std::to_array<row>({
        {"/api/appointments", "appointments"},
        {"/api/fhir/Appointment", "appointments"},
        {"/api/tokens", "tokens"},
        {"/api/webhooks", "webhooks"},
        {"/api/events", "webhooks"},
        {"/api/calls", "history"},
        {"/api/webrtc/call/", "history"},
        {"/api/stats", "history"},
        {"/api/fhir/Encounter", "history"},
        {"/api/audit", "audit"},
        {"/api/fhir/AuditEvent", "audit"},
        {"/api/subjects", "subjects"},
    });
    for (auto const& each : scopes)
        if (pattern.starts_with(each.begin)) return each.scope;
    return {};
}

namespace {

/// A key without scopes may be used for everything; one with scopes for nothing else.
bool in_scope(std::string_view pattern, std::vector<std::string> const& scopes)
{
    return scopes.empty() || std::find(scopes.begin(), scopes.end(), scope_of(pattern)) != scopes.end();
}

bool may_call(route const& r, rest_caller const& caller)
{
    if (r.rights == open_to_all) return true;
    if (caller.api_key) return (r.rights & api_key) != 0 && in_scope(r.pattern, caller.scopes);
    auto const role = caller.bearer->role;
    if (role == call::role::admin && (r.rights & (admin_only | staff)) != 0) return true;
    return (r.rights & (call::is_staff(role) ? staff : participant)) != 0;
}

/// Waits for the keys of the token's issuer if the one it names is not known.
service::task<service::bearer> check_token(session_context& house, std::string token)
{
    auto checked = house.access.check_token(token, house.clock.now().utc);
    if (checked) co_return checked;
    std::function<void(service::completion<bool>)> wait = [&house, token](auto done) {
        auto const learnt = [done] { done(true); };
        if (!house.access.await_keys(token, learnt)) done(false);
    };
    auto const learnt = co_await service::later<bool>(wait);
    if (*learnt) checked = house.access.check_token(token, house.clock.now().utc);
    co_return checked;
}

/// Who calls, by `Authorization: Bearer`. Errors: unauthenticated, token_expired, token_invalid,
/// rate_limited (too many failures from that address), store_unavailable.
service::task<rest_caller> authenticate(session_context& house, std::shared_ptr<http_request const> request)
{
    auto const now = house.clock.now();
    rest_caller out;
    constexpr std::string_view scheme = "bearer ";
    auto const header = request->header("authorization");
    if (!header || header->size() <= scheme.size()) co_return errc::unauthenticated;
    std::string given(header->substr(0, scheme.size()));
    std::transform(given.begin(), given.end(), given.begin(), [](unsigned char ch) { return std::tolower(ch); });
    if (given != scheme) co_return errc::unauthenticated;
    if (house.access.failure_wait(request->remote_ip, now) > base::milliseconds{0}) {
        metrics::auth_failures.add(metrics::auth_failure::throttled);
        co_return errc::rate_limited;
    }
    auto const credential = header->substr(scheme.size());
    auto const hash = house.access.api_key_hash(credential);
    if (hash) {
        std::function<void(service::completion<service::api_key_row>)> find = [&house, hash](auto done) {
            house.credentials.find_api_key(*hash, std::move(done));
        };
        auto key = co_await service::later<service::api_key_row>(find);
        if (!key && base::to_errc(key.error()) == errc::store_unavailable) co_return errc::store_unavailable;
        out.api_key = key && !key->revoked_at;
        if (out.api_key) {
            out.key_name = key->name;
            out.scopes = key->scopes;
        }
    } else {
        std::string const token(credential);
        auto checked = co_await check_token(house, token);
        bool const over = checked ? checked->expired : base::to_errc(checked.error()) == errc::token_expired;
        if (over) {
            metrics::auth_failures.add(metrics::auth_failure::token_expired);
            co_return errc::token_expired;
        }
        if (checked) out.bearer = std::move(*checked);
    }
    if (!out.api_key && !out.bearer) {
        house.access.record_failure(request->remote_ip, now);
        metrics::auth_failures.add(hash ? metrics::auth_failure::api_key : metrics::auth_failure::token_invalid);
        co_return errc::unauthenticated;
    }
    co_return out;
}

boost::asio::awaitable<http_response> answer_route(session_context& house, std::shared_ptr<http_request const> request,
    found_route found, std::shared_ptr<audit_note> note)
{
    rest_call c{&house, request, {}, {}, note};
    if (!found.entry) {
        auto reply = problem_reply(c, found.allow.empty() ? errc::not_found : errc::method_not_allowed);
        if (!found.allow.empty()) reply.headers.emplace_back("Allow", found.allow);
        co_return reply;
    }
    auto const& r = *found.entry;
    c.captures = std::move(found.captures);
    if (r.rights != open_to_all) {
        auto caller = co_await authenticate(house, request);
        if (!caller) co_return problem_reply(c, base::to_errc(caller.error()));
        c.caller = std::move(*caller);
        note->caller = c.caller;
        if (!may_call(r, c.caller)) co_return problem_reply(c, errc::forbidden);
    }
    if (auto const wrong = unknown_parameter(r, *request)) co_return invalid_query(c, *wrong, "unknown or given twice");
    if (is_of_another_type(*request)) co_return problem_reply(c, errc::unsupported_media_type);
    auto reply = co_await r.handler(c);
    base::log::info("request", {{"id", request->request_id}, {"route", r.pattern}, {"status", reply.status}});
    co_return reply;
}

/// Which row of the metrics counts that route.
metrics::endpoint_slot slot_of(route const* entry)
{
    if (!entry) return metrics::endpoint_slot::unknown;
    auto const first = static_cast<std::size_t>(metrics::endpoint_slot::first_named);
    return metrics::endpoint_slot{first + static_cast<std::size_t>(entry - table.data())};
}

boost::asio::awaitable<http_response> answer(session_context& house, std::shared_ptr<http_request const> request)
{
    auto found = find_route(*request);
    auto const slot = slot_of(found.entry);
    auto const note = std::make_shared<audit_note>();
    auto reply = co_await answer_route(house, request, found, note);
    reply.endpoint = slot;
    account(house, *request, found.entry, found.captures, *note, reply);
    co_return reply;
}

} // namespace

std::span<route const> routes()
{
    return table;
}

http_handler rest_door(session_context& house)
{
    std::vector<metrics::endpoint> named;
    for (auto const& each : table) named.push_back({method_name(each.method), each.pattern});
    metrics::name_endpoints(named);
    return [&house](std::shared_ptr<http_request const> request) { return answer(house, std::move(request)); };
}

} // namespace rendezvous::net
