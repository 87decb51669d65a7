#pragma once

#include "rendezvous/store/backend.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace rendezvous::store {

/// Which list a cursor belongs to: one of the other list is none of ours.
enum class cursor_kind : char { calls = 'c', appointments = 'a', audit = 'l' };

/// The opaque form of a place in a list: base64url of kind, time and id.
std::string write_cursor(cursor_kind kind, list_key const& at);

/// The place, or nothing for a text that `write_cursor` cannot have made.
std::optional<list_key> read_cursor(cursor_kind kind, std::string_view text);

} // namespace rendezvous::store
