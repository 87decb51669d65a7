#pragma once

#include "rendezvous/net/http_types.hpp"

#include <string>
#include <string_view>

namespace rendezvous::net {

/// An answer of this layer as application/problem+json (RFC 9457). `code` is a wire code of
/// docs/protocol.md and, like `title`, a literal without characters that JSON escapes.
http_response problem(unsigned status, std::string_view code, std::string_view title, std::string_view request_id);

/// 503 for whom there is no room now: `rate-limited` with Retry-After.
http_response too_many_sockets(std::string_view request_id);

/// The reason phrase of a status this server sends; empty for others.
std::string_view reason_phrase(unsigned status);

} // namespace rendezvous::net
