#pragma once

#include "rendezvous/app/config.hpp"

namespace rendezvous::app {

/// What `turn-config` is asked for beyond the configuration of the service.
struct turn_config_options {
    std::string realm;        ///< empty: the host of the first `turn:` or `turns:` address
    std::string external_ip;  ///< `PUBLIC` or `PUBLIC/PRIVATE` of a relay behind NAT; empty: none
    bool with_secret = false; ///< prints the shared secret; without it a line says where it goes
};

/// The text of a hardened `turnserver.conf` for coturn 4.6 (Debian 12), ending in a line end: REST
/// credentials with the shared secret of `turn.secret_file`, the ports of `turn.uris`, TLS with the
/// files of `[tls]` if there is a `turns:` address, quotas, and no way from the relay into private or
/// special networks. Reads the secret file if asked to print it, and no other. Throws config_error.
std::string turn_server_config(config const& settings, turn_config_options const& options);

} // namespace rendezvous::app
