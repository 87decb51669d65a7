#include "command_key.hpp"

#include <algorithm>

namespace rendezvous::net {
namespace {

constexpr std::size_t key_chars_max = 255;

} // namespace

call::command_key command_key(session_context const& house, base::user_id const& user, std::string_view place,
    std::string_view id, std::string_view content)
{
    auto name = user.str() + "\n";
    name.append(place).append("\n").append(id);
    return {house.access.hash(name), house.access.hash(content)};
}

protocol::body<std::optional<call::command_key>> command_key_of(rest_call const& c, std::string const& content)
{
    protocol::body<std::optional<call::command_key>> out;
    auto const header = c.request->header("idempotency-key");
    if (!header) {
        out.value.emplace();
        return out;
    }
    auto const id = read_idempotency_key(*header);
    if (!id) {
        out.refusal.errors.push_back({"Idempotency-Key", "1 to 255 visible ASCII characters are expected"});
        return out;
    }
    // No tab is called like that, so no command of a socket has the same name.
    auto const route = "rest " + c.request->segments.back();
    out.value.emplace(command_key(*c.house, c.caller.bearer->user, route, *id, content));
    return out;
}

std::optional<std::string> read_idempotency_key(std::string_view header)
{
    bool const quoted = header.size() >= 2 && header.front() == '"' && header.back() == '"';
    if (quoted) header = header.substr(1, header.size() - 2);
    auto const plain = [](char ch) { return ch > ' ' && ch < 0x7f && ch != '"' && ch != '\\'; };
    if (header.empty() || header.size() > key_chars_max || !std::all_of(header.begin(), header.end(), plain))
        return std::nullopt;
    return std::string(header);
}

} // namespace rendezvous::net
