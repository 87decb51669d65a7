#include "response_head.hpp"

#include "header_tokens.hpp"
#include "problem.hpp"

#include <array>
#include <charconv>

namespace rendezvous::net {
namespace {

constexpr std::string_view security_headers =
    "Strict-Transport-Security: max-age=31536000\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Permissions-Policy: camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), "
    "screen-wake-lock=(self), picture-in-picture=(self)\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n";

constexpr std::string_view page_policy =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self' wss:; font-src 'self'; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'\r\n";
/// What is no page loads nothing, even if somebody opens it as one.
constexpr std::string_view other_policy = "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";

bool is_page(http_response const& response)
{
    for (auto const& [name, value] : response.headers)
        if (same_ignoring_case(name, "content-type")) return value.starts_with("text/html");
    return false;
}

bool is_shared_path(http_request const& request)
{
    return !request.segments.empty() && (request.segments[0] == "api" || request.segments[0] == "js");
}

/// A handler that lets foreign bytes into a header must not let them end it.
bool is_clean(std::string_view text)
{
    for (char const c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    return true;
}

} // namespace

void add_cors(http_request const& request, origin_rules const& origins, http_response& response)
{
    if (!is_shared_path(request)) return;
    response.headers.emplace_back("Vary", "Origin");
    auto const origin = request.header("origin");
    if (!origin || !origins.may_read(*origin)) return;
    response.headers.emplace_back("Access-Control-Allow-Origin", *origin);
    response.headers.emplace_back("Access-Control-Expose-Headers", "ETag, Link, Retry-After, Idempotency-Replayed");
}

bool is_preflight(http_request const& request, origin_rules const& origins)
{
    auto const origin = request.header("origin");
    return request.method == http_method::options && is_shared_path(request) && origin && origins.may_read(*origin)
           && request.header("access-control-request-method");
}

http_response preflight_answer()
{
    http_response out;
    out.status = 204;
    out.headers = {{"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"},
        {"Access-Control-Allow-Headers",
            "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match"},
        {"Access-Control-Max-Age", "600"}};
    return out;
}

std::string_view response_body(http_response const& response)
{
    return response.shared_body ? std::string_view(*response.shared_body) : std::string_view(response.body);
}

std::string chunk_head(std::size_t size)
{
    std::array<char, 16> digits;
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
    return std::string(digits.data(), end) + "\r\n";
}

std::string response_head(http_response const& response, bool keep_alive, body_end end)
{
    std::string out;
    out.reserve(1'024);
    out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    out.append(reason_phrase(response.status)).append("\r\n");
    for (auto const& [name, value] : response.headers)
        if (is_clean(name) && is_clean(value)) out.append(name).append(": ").append(value).append("\r\n");
    // 204 and 304 have no body and say no length (RFC 9110 8.6).
    bool const has_body = response.status != 204 && response.status != 304;
    if (has_body && end == body_end::chunks) out.append("Transfer-Encoding: chunked\r\n");
    if (has_body && end == body_end::length)
        out.append("Content-Length: ").append(std::to_string(response_body(response).size())).append("\r\n");
    out.append(security_headers).append(is_page(response) ? page_policy : other_policy);
    out.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
    return out;
}

} // namespace rendezvous::net
