#pragma once
// Sockets: listeners, TLS, HTTP, WebSocket, routes and REST handlers. Beast stays inside two to
// four .cpp files of src/net; everything else, here too, sees the types of this header.

#include "rendezvous/base/error.hpp"
#include "rendezvous/base/metrics.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rendezvous::net {

enum class http_method { get, head, post, put, patch, delete_, options, other };

/// A request after parsing: the target is split before it is percent-decoded, so that `%2F`
/// inside a segment stays inside it.
struct http_request {
    http_method method = http_method::get;
    std::string path;                                       ///< raw path, without query
    std::vector<std::string> segments;                      ///< decoded; `/api/calls/` and `/api/calls` are the same
    std::vector<std::pair<std::string, std::string>> query; ///< decoded, in order
    bool has_query = false;                                 ///< a `?` stood in the target, even with nothing behind it
    std::vector<std::pair<std::string, std::string>> headers; ///< names lower case
    std::string body;
    std::string remote_ip;  ///< behind a trusted proxy: the forwarded one
    std::string request_id; ///< UUIDv7; in logs and in every problem answer

    /// The first header of that lower-case name, or nothing.
    std::optional<std::string_view> header(std::string_view name) const;
};

/// The next piece of a body that is made while it is sent; empty at its end. Asked for when the piece
/// before has been taken, on the connection's shard, and dropped when the peer is gone. An error cuts
/// the connection, so that nobody takes a part for the whole.
using body_source = std::function<boost::asio::awaitable<base::result<std::string>>()>;

struct http_response {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::shared_ptr<std::string const> shared_body;                                ///< instead of `body`: cached files
    body_source source;                                                            ///< instead of both
    base::metrics::endpoint_slot endpoint = base::metrics::endpoint_slot::unknown; ///< what answered
    base::errc problem = base::errc::ok;                                           ///< why it is a refusal, if it is one
};

/// Answers one request on the connection's shard. Runs as a coroutine there; the request outlives it.
using http_handler = std::function<boost::asio::awaitable<http_response>(std::shared_ptr<http_request const>)>;

/// What parsing the request target gave.
struct request_target {
    std::string path;
    std::vector<std::string> segments;
    std::vector<std::pair<std::string, std::string>> query;
    bool has_query = false;
};
/// Splits and decodes a request target (RFC 9112 3.2.1 origin-form only). Refuses bad escapes,
/// NUL and control characters, `.`, `..` and empty segments, backslashes, fragments.
std::optional<request_target> parse_request_target(std::string_view target);

} // namespace rendezvous::net
