#include "rendezvous/auth/turn_credentials.hpp"

#include "rendezvous/auth/hash.hpp"

#include <openssl/evp.h>

namespace rendezvous::auth {

std::string turn_password(std::string_view secret, std::string_view username)
{
    auto const mac = hmac_sha1(secret, username);
    std::string out(4 * ((mac.size() + 2) / 3) + 1, '\0'); // EVP_EncodeBlock writes a final NUL
    auto const size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
        reinterpret_cast<unsigned char const*>(mac.data()), static_cast<int>(mac.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

turn_credentials make_turn_credentials(std::string_view secret, base::user_id const& user, base::call_id const& call,
    std::chrono::seconds ttl, base::utc_time now)
{
    auto const expiry = std::chrono::floor<std::chrono::seconds>(now) + ttl;
    turn_credentials made;
    made.expires_at = expiry;
    made.username = std::to_string(expiry.time_since_epoch().count()) + ":" + user.str();
    if (!call.empty()) made.username += ":" + call.str();
    made.credential = turn_password(secret, made.username);
    return made;
}

} // namespace rendezvous::auth
