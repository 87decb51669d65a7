#pragma once

#include <string>
#include <string_view>

namespace rendezvous::auth {

/// SHA-256 (FIPS 180-4) as 64 lower-case hex digits: how API keys, invite codes, resume keys and
/// tokens are kept. Fit for random secrets only, not for passwords or PINs.
std::string sha256_hex(std::string_view bytes);

/// HMAC-SHA256 (RFC 2104), the 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

/// HMAC-SHA1, the 20 raw bytes; only for TURN, whose scheme fixes it.
std::string hmac_sha1(std::string_view key, std::string_view bytes);

/// Compares in a time that depends on the lengths only.
bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

} // namespace rendezvous::auth
