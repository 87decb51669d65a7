#pragma once

#include "support/test_client.hpp"

#include <cstdint>
#include <string>

namespace rendezvous::test {

/// Sends these bytes without TLS and reads to the end; status 0 if nothing came.
http_answer plain_get(std::string const& host, std::uint16_t port, std::string const& bytes);

/// SHA-256 of the certificate that a new connection to the loopback gets, as hex.
std::string certificate_at(std::uint16_t port);

} // namespace rendezvous::test
