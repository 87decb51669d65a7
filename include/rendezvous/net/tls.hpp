#pragma once

#include <optional>
#include <string>

namespace rendezvous::net {

/// Why a certificate chain and its key (PEM files) cannot serve, in one line without their
/// contents, or nothing if they can: missing, unreadable, not PEM, expired, not belonging
/// together. For `check-config` and before a reload. Thread: any.
std::optional<std::string> check_tls_files(std::string const& certificate, std::string const& key);

} // namespace rendezvous::net
