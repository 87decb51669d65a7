#pragma once

#include <sys/socket.h>

namespace rendezvous::outbound {

/// What an address is to somebody who sends where strangers tell them to.
enum class reach {
    open,  ///< out in the internet
    inner, ///< this machine, the office: private, loopback, shared (CGNAT), unique local
    never, ///< nobody's web server: link-local and cloud metadata, multicast, unspecified, reserved,
           ///< documentation, and IPv6 forms that carry another address (v4-mapped, NAT64, 6to4, Teredo)
};

/// By the registries of IANA (RFC 6890 and its updates). Other families than IPv4 and IPv6: never.
/// IPv6 is open only inside 2000::/3. `size` is that of the whole address.
reach reach_of(sockaddr const* address, socklen_t size);

} // namespace rendezvous::outbound
