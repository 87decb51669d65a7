#pragma once

#include "rendezvous/auth/hash.hpp"
#include "rendezvous/auth/token_verifier.hpp"
#include "rendezvous/base/ids.hpp"

#include <string>
#include <string_view>

namespace rendezvous::auth::testing {

inline constexpr std::string_view secret = "0123456789abcdef0123456789abcdef";
inline constexpr std::string_view header_hs256 = R"({"alg":"HS256","typ":"JWT"})";

/// 2026-11-20T14:00:00Z in the tests of this folder.
inline constexpr std::int64_t now_s = 1'795'183'200;
inline base::utc_time now()
{
    return base::utc_time{std::chrono::seconds{now_s}};
}

/// A token with any header and payload, signed with HMAC-SHA256 over what stands there.
inline std::string forge(
    std::string_view payload, std::string_view header = header_hs256, std::string_view key = secret)
{
    auto const input = base::base64url(header) + "." + base::base64url(payload);
    return input + "." + base::base64url(hmac_sha256(key, input));
}

/// Claims that are good, with `more` behind them (`,"name":"x"`) and without the claim `without`.
inline std::string claims(std::string_view more = "", std::string_view without = "")
{
    struct claim {
        std::string_view name;
        std::string text;
    };
    claim const all[] = {
        {"iss", R"("iss":"https://booking.example")"},
        {"aud", R"("aud":"rendezvous")"},
        {"sub", R"("sub":"user-7")"},
        {"role", R"("role":"patient")"},
        {"appointment", R"("appointment":"A-1")"},
        {"exp", R"("exp":)" + std::to_string(now_s + 900)},
    };
    std::string out;
    for (auto const& one : all) {
        if (one.name == without) continue;
        out += out.empty() ? "{" : ",";
        out += one.text;
    }
    return out + std::string(more) + "}";
}

inline token_verifier make_verifier()
{
    return token_verifier(
        {
            {"https://booking.example", {{token_algorithm::hs256, "", std::string(secret)}}},
            {"https://other.example", {{token_algorithm::hs256, "", "another secret of thirty-two bytes"}}},
        },
        "rendezvous");
}

} // namespace rendezvous::auth::testing
