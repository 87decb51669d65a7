#pragma once

#include "rendezvous/base/error.hpp"

#include <memory>
#include <string>
#include <vector>

struct Curl_URL; // libcurl's parsed URL

namespace rendezvous::outbound {

/// A URL that may be asked, as the parser understood it that will also be used for asking.
struct target {
    std::shared_ptr<Curl_URL> parsed;
    std::string host;   ///< lower case; IPv4 in its four-part form, IPv6 in brackets
    bool named = false; ///< stands in the list of hosts that may be private
};

/// What can be said of a URL without looking its host up: absolute, https (http only for a host in
/// `private_hosts`), no user or password, at most 2048 characters, and if the host is an address or
/// a name that is only ever used inside (`localhost`, `*.local`, `*.internal`...), one that stands
/// in `private_hosts`. What a name leads to is checked when it is connected to.
/// `private_hosts`: `name` (any port) or `name:port`; IPv6 with or, without a port, without brackets. Thread: any.
/// Errors: `validation` for what is no such URL, `forbidden` for where nothing may be sent.
base::result<target> check_target(std::string const& url, std::vector<std::string> const& private_hosts);

} // namespace rendezvous::outbound
