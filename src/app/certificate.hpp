#pragma once

#include "rendezvous/base/clock.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace rendezvous::app {

/// Makes sure that a development certificate for `host` (DNS name or IP address), `localhost`,
/// 127.0.0.1 and ::1 stands in these files: ECDSA P-256, self-signed, 825 days. One that covers
/// `host` and is good for seven more days is kept. Both files get mode 0600, folders are created.
/// Returns true if a new one was made. Throws std::runtime_error or std::system_error.
bool ensure_development_certificate(std::filesystem::path const& certificate, std::filesystem::path const& key,
    std::string const& host, base::utc_time now);

/// Why this pair cannot serve TLS (missing, unreadable, not PEM, expired, key of another
/// certificate), or nothing.
std::optional<std::string> certificate_problem(
    std::filesystem::path const& certificate, std::filesystem::path const& key, base::utc_time now);

/// When the certificate ends, or nothing if it cannot be read.
std::optional<base::utc_time> certificate_end(std::filesystem::path const& certificate);

} // namespace rendezvous::app
