#include "upgrade.hpp"

#include "header_tokens.hpp"
#include "problem.hpp"

#include "rendezvous/base/ids.hpp"

namespace rendezvous::net {
namespace {

constexpr std::string_view subprotocol = "rendezvous.v1";

/// 16 bytes as base64 (RFC 6455 4.1): 22 characters, the last of 4 bits, and `==`.
bool is_websocket_key(std::string_view key)
{
    if (key.size() != 24 || !key.ends_with("==")) return false;
    for (char const c : key.substr(0, 22)) {
        bool const good =
            (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
        if (!good) return false;
    }
    return true;
}

std::optional<http_response> refusal(http_request const& request, origin_rules const& origins)
{
    auto const& id = request.request_id;
    auto const origin = request.header("origin");
    if (origin && !origins.may_connect(*origin))
        return problem(403, "origin-not-allowed", "This page may not connect", id);
    if (request.method != http_method::get) return problem(400, "bad-field", "An upgrade is a GET request", id);
    if (request.has_query) return problem(400, "bad-field", "No query string is allowed here", id);
    if (!request.body.empty()) return problem(400, "bad-field", "An upgrade has no body", id);
    auto const version = request.header("sec-websocket-version");
    if (!version) return problem(400, "bad-field", "Sec-WebSocket-Version is missing", id);
    if (*version != "13") {
        auto out = problem(426, "bad-field", "WebSocket version 13 is needed", id);
        out.headers.emplace_back("Sec-WebSocket-Version", "13");
        out.headers.emplace_back("Upgrade", "websocket");
        return out;
    }
    if (!is_websocket_key(request.header("sec-websocket-key").value_or("")))
        return problem(400, "bad-field", "Sec-WebSocket-Key is missing or malformed", id);
    if (count_headers(request, "sec-websocket-key") != 1 || count_headers(request, "sec-websocket-version") != 1
        || count_headers(request, "origin") > 1)
        return problem(400, "bad-field", "A header that may stand once stands twice", id);
    return std::nullopt;
}

} // namespace

bool is_websocket_path(http_request const& request)
{
    auto const& segments = request.segments;
    if (segments.size() == 1) return segments[0] == "ws";
    return segments.size() == 2 && segments[0] == "appointment" && base::parse_appointment_id(segments[1]).has_value();
}

bool wants_upgrade(http_request const& request)
{
    return has_token(request, "upgrade", "websocket") && has_token(request, "connection", "upgrade");
}

upgrade_verdict check_upgrade(http_request const& request, origin_rules const& origins)
{
    upgrade_verdict out;
    out.refusal = refusal(request, origins);
    if (out.refusal) return out;
    bool const offers = count_headers(request, "sec-websocket-protocol") > 0;
    // Subprotocol names are case-sensitive (RFC 6455 11.3.4), other tokens here are not.
    out.accepted.subprotocol = has_exact_token(request, "sec-websocket-protocol", subprotocol);
    if (offers && !out.accepted.subprotocol) {
        out.refusal =
            problem(400, "bad-field", "Only the subprotocol rendezvous.v1 is spoken here", request.request_id);
        return out;
    }
    out.accepted.key = request.header("sec-websocket-key").value_or("");
    if (request.segments.size() == 2) out.accepted.path_appointment = request.segments[1];
    return out;
}

} // namespace rendezvous::net
