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

/// How the peer knows where the body ends.
enum class body_end { length, chunks, connection };

/// Status line and headers, the security headers of every answer included, up to the empty line.
/// `Content-Length` counts the body, which HEAD and 304 do not send.
std::string response_head(http_response const& response, bool keep_alive, body_end end = body_end::length);

/// What stands before a chunk of that size (RFC 9112 7.1); its bytes and CRLF follow. The last one
/// has size 0.
std::string chunk_head(std::size_t size);

/// The bytes of the body, wherever they are.
std::string_view response_body(http_response const& response);

} // namespace rendezvous::net
