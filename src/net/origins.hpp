#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::net {

/// The origin (RFC 6454: scheme, host, port unless default) of an http or https URL, lower case;
/// empty if `url` is none.
std::string origin_of(std::string_view url);

/// Which pages may talk to this server. Read from all shards.
class origin_rules {
public:
    origin_rules() = default;
    origin_rules(std::string_view public_url, std::vector<std::string> const& allowed);

    /// Whether a page of `origin` (an Origin header, as sent) may open a WebSocket.
    bool may_connect(std::string_view origin) const;
    /// Whether it may read answers from elsewhere (CORS): listed ones only.
    bool may_read(std::string_view origin) const;

private:
    std::string own_;
    std::vector<std::string> allowed_;
};

} // namespace rendezvous::net
