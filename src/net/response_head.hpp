#pragma once

#include "origins.hpp"

#include "rendezvous/net/http_types.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace rendezvous::net {

/// Adds the CORS headers that a page of a listed origin needs, for paths under /api and /js.
void add_cors(http_request const& request, origin_rules const& origins, http_response& response);

/// Whether this is a CORS preflight that the server answers itself, for a listed origin.
bool is_preflight(http_request const& request, origin_rules const& origins);
http_response preflight_answer();

/// Status line and headers, the security headers of every answer included, up to the empty line.
/// `Content-Length` counts the body, which HEAD and 304 do not send.
std::string response_head(http_response const& response, bool keep_alive);

/// The bytes of the body, wherever they are.
std::string_view response_body(http_response const& response);

} // namespace rendezvous::net
