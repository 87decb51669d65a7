#pragma once

#include "rendezvous/base/error.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Takes out of descriptions and candidates what would show a participant's addresses to the other:
/// with `turn.relay_only` media goes through relays only, so candidates of type `relay` are all that
/// is needed (RFC 8839, RFC 8828 "mode 4"). Pure functions; the one place where signals are read.
/// Thread: any.
namespace rendezvous::protocol {

/// The `data` of a signal without addresses. Whatever its shape, every string in it that is a
/// candidate or a session description is looked at. Nothing if it was a candidate that must not be
/// shown. Errors: bad_field if `json` cannot be read as JSON.
base::result<std::optional<std::string>> relay_only(std::string_view json);

/// The same for an offer, which always goes on. Errors: bad_field.
base::result<std::string> relay_only_description(std::string_view json);

} // namespace rendezvous::protocol
