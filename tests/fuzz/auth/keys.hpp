#pragma once

#include "rendezvous/auth/token_verifier.hpp"
#include "rendezvous/base/ids.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string>
#include <string_view>

namespace rendezvous::fuzz {

inline constexpr std::string_view secret = "0123456789abcdef0123456789abcdef";
inline constexpr std::string_view other_secret = "another secret of thirty-two bytes";
inline constexpr std::string_view audience = "rendezvous";

/// 2026-11-20T14:00:00Z, the time of every run: the corpus does not expire.
inline constexpr std::int64_t now_s = 1'795'183'200;
inline base::utc_time now()
{
    return base::utc_time{std::chrono::seconds{now_s}};
}

inline auth::token_verifier const& verifier()
{
    static auth::token_verifier const one(
        {
            {"https://booking.example", {{auth::token_algorithm::hs256, "", std::string(secret)}}},
            {"https://other.example", {{auth::token_algorithm::hs256, "k1", std::string(other_secret)}}},
        },
        std::string(audience));
    return one;
}

/// The signature of RFC 7515 appendix A.1 by OpenSSL itself, as base64url.
inline std::string signature_of(std::string_view input, std::string_view key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<unsigned char const*>(input.data()),
        input.size(), digest, &size);
    return base::base64url({reinterpret_cast<char const*>(digest), size});
}

} // namespace rendezvous::fuzz
