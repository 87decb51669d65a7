#include "rendezvous/protocol/error_map.hpp"
#include "rest.hpp"

#include <charconv>

namespace rendezvous::net {
namespace {

constexpr std::size_t etag_hash_chars = 16;

/// Percent-encodes what may not stand in a query (RFC 3986).
std::string encode(std::string_view text)
{
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    for (char ch : text) {
        auto const u = static_cast<unsigned char>(ch);
        bool const plain = (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') || ch == '-'
                           || ch == '.' || ch == '_' || ch == '~';
        if (plain) {
            out += ch;
        } else {
            out += '%';
            out += hex[u >> 4];
            out += hex[u & 15];
        }
    }
    return out;
}

} // namespace

std::optional<std::string> rest_call::query(std::string_view name) const
{
    for (auto const& [key, value] : request->query)
        if (key == name) return value;
    return std::nullopt;
}

http_response json_reply(unsigned status, std::string body)
{
    http_response out;
    out.status = status;
    out.headers.emplace_back("Content-Type", "application/json");
    out.headers.emplace_back("Cache-Control", "no-store");
    out.body = std::move(body);
    return out;
}

http_response cached_reply(rest_call const& c, std::string body, std::string_view version)
{
    std::string etag = "\"";
    if (!version.empty()) etag.append(version).append("-");
    etag += c.house->access.hash(body).substr(0, etag_hash_chars);
    etag += '"';
    auto const known = c.request->header("if-none-match");
    http_response out;
    if (known && (known->find(etag) != std::string_view::npos || *known == "*")) {
        out.status = 304;
    } else {
        out = json_reply(200, std::move(body));
        out.headers.pop_back();
    }
    out.headers.emplace_back("ETag", etag);
    out.headers.emplace_back("Cache-Control", "private, no-cache");
    return out;
}

http_response problem_reply(rest_call const& c, base::errc why)
{
    protocol::problem p;
    p.code = why;
    return problem_reply(c, std::move(p));
}

http_response problem_reply(rest_call const& c, protocol::problem p)
{
    auto const& about = protocol::describe(p.code);
    p.instance = c.request->path;
    p.request_id = c.request->request_id;
    http_response out;
    out.status = about.http_status;
    out.problem = p.code;
    out.headers.emplace_back("Content-Type", std::string(protocol::problem_content_type));
    out.headers.emplace_back("Cache-Control", "no-store");
    if (out.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
    if (out.status == 429) out.headers.emplace_back("Retry-After", "60");
    if (out.status == 503) out.headers.emplace_back("Retry-After", "2");
    out.body = protocol::problem_json(p);
    return out;
}

http_response refusal_reply(rest_call const& c, protocol::body_refusal const& refusal)
{
    protocol::problem p;
    p.code = refusal.code;
    p.errors = refusal.errors;
    return problem_reply(c, std::move(p));
}

http_response invalid_query(rest_call const& c, std::string_view name, std::string detail)
{
    protocol::problem p;
    p.code = base::errc::validation;
    p.errors.push_back({"?" + std::string(name), std::move(detail)});
    return problem_reply(c, std::move(p));
}

std::optional<base::errc> limit_to_own(rest_call const& c, std::optional<base::user_id>& user)
{
    if (c.caller.sees_all()) return std::nullopt;
    if (user && *user != c.caller.bearer->user) return base::errc::forbidden;
    user = c.caller.bearer->user;
    return std::nullopt;
}

void add_next_link(http_response& to, rest_call const& c, std::optional<std::string> const& next)
{
    if (!next) return;
    std::string target = c.request->path + "?";
    for (auto const& [name, value] : c.request->query)
        if (name != "after") target += encode(name) + "=" + encode(value) + "&";
    target += "after=" + encode(*next);
    to.headers.emplace_back("Link", "<" + target + ">; rel=\"next\"");
}

std::optional<std::uint64_t> if_match_version(rest_call const& c)
{
    auto const header = c.request->header("if-match");
    if (!header || *header == "*") return std::nullopt;
    auto text = *header;
    if (!text.starts_with('"')) return 0;
    text.remove_prefix(1);
    std::uint64_t version = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    bool const closed = end != text.data() + text.size() && (*end == '"' || *end == '-');
    return error == std::errc{} && closed ? version : 0;
}

service::task<call::outcome> submit(session_context& house, base::appointment_id id, call::command asked)
{
    std::function<void(service::reply)> begin = [&house, id, asked](service::reply done) {
        house.calls.submit(id, asked, std::move(done));
    };
    auto got = co_await service::later<call::outcome>(begin);
    co_return got;
}

service::task<service::room_status> describe(rest_call const& c, base::appointment_id id)
{
    std::optional<base::user_id> viewer;
    if (!c.caller.sees_all()) {
        if (!c.caller.bearer->covers(id)) co_return base::errc::not_found;
        viewer = c.caller.bearer->user;
    }
    auto& house = *c.house;
    std::function<void(service::completion<service::room_status>)> begin =
        [&house, id, viewer](
            service::completion<service::room_status> done) { house.calls.describe(id, viewer, std::move(done)); };
    auto got = co_await service::later<service::room_status>(begin);
    // A right is that of the role and of the membership: a patient with the token of a doctor reads nothing.
    auto const* member = got && viewer ? call::find_member(got->view.appointment, *viewer) : nullptr;
    if (member && member->role != c.caller.bearer->role) co_return base::errc::forbidden;
    co_return got;
}

} // namespace rendezvous::net
