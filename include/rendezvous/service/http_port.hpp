#pragma once

#include "rendezvous/service/ports.hpp"

#include <string>
#include <utility>
#include <vector>

namespace rendezvous::service {

/// One HTTP request that leaves the house.
struct http_ask {
    std::string method = "GET";
    std::string url; ///< absolute; https, or http where `private_hosts` names the host
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    base::milliseconds timeout{15'000};  ///< from the first look-up to the last byte
    std::size_t body_bytes_max = 65'536; ///< of the answer; a longer one is an error
    /// Hosts (`name` or `name:port`, as the URL writes them) that may be private, loopback or
    /// without TLS. Every other address is checked after it was looked up, right before connecting.
    std::vector<std::string> private_hosts;
};

struct http_answer {
    unsigned status = 0;
    std::vector<std::pair<std::string, std::string>> headers; ///< names lower case
    std::string body;
};

/// The only way out: webhooks, JWKS, connectors. Follows no redirect, uses no proxy, keeps no
/// cookie; checks certificate and host name against the system's trust store.
/// Thread: any; completions run on the adapter's own thread. Errors: `forbidden` for a target that
/// is not allowed, `validation` for what is no URL, `too_large`, `connector_unavailable` for
/// everything between look-up and last byte.
class http_client {
public:
    virtual ~http_client() = default;
    virtual void send(http_ask ask, completion<http_answer> done) = 0;
};

} // namespace rendezvous::service
