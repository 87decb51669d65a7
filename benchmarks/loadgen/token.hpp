#pragma once

// Tokens the load program signs for itself, as a booking system would (RFC 7519, HS256).

#include <cstdint>
#include <string>
#include <string_view>

namespace rendezvous::loadgen {

/// Claims; the texts are plain names without anything JSON would escape.
struct token_claims {
    std::string issuer;
    std::string audience;
    std::string subject;
    std::string role;
    std::string appointment;
    std::int64_t expires_at_s = 0; ///< seconds since 1970, UTC
};

/// Compact serialization of the signed token.
std::string make_token(token_claims const& claims, std::string_view secret);

} // namespace rendezvous::loadgen
