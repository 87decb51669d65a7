#pragma once

#include "rest.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Under which a state-changing command is remembered for 24 hours, whichever door it came by.
namespace rendezvous::net {

/// What a command asks for, in one text: the same key with another one is not a repeat.
template <class... Parts>
std::string command_content(std::string_view type, Parts const&... parts)
{
    std::string out(type);
    auto const add = [&out](std::string_view part) { out.append("\n").append(part); };
    (add(parts), ...);
    return out;
}

inline std::string_view text_of(std::optional<base::call_id> const& id)
{
    return id ? std::string_view(id->str()) : std::string_view{};
}

/// The key of a command that this person gave under that id; `place` is a tab, a session or a route.
call::command_key command_key(session_context const& house, base::user_id const& user, std::string_view place,
    std::string_view id, std::string_view content);

/// The `Idempotency-Key` of a request by a token's holder, in the scope of its person and route; the
/// inner value is empty without that header. Refuses one that is no key.
protocol::body<std::optional<call::command_key>> command_key_of(rest_call const& c, std::string const& content);

/// The text of an `Idempotency-Key`: 1-255 visible ASCII characters, in double quotes (a string of
/// RFC 9651) or without. Nothing for anything else.
std::optional<std::string> read_idempotency_key(std::string_view header);

} // namespace rendezvous::net
