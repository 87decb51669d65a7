#include "rendezvous/auth/pin.hpp"

#include "rendezvous/auth/hash.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace rendezvous::auth {
namespace {

constexpr int rounds = 10'000;
constexpr std::size_t salt_bytes = 16;

} // namespace

pin_keeper::pin_keeper(std::string_view secret) : key_(hmac_sha256(secret, "rendezvous invitation PIN")) {}

std::string pin_keeper::keep(std::string_view pin, base::id_generator& ids) const
{
    auto const salt = ids.secret(salt_bytes);
    return salt + "$" + hash(pin, salt);
}

bool pin_keeper::matches(std::string_view pin, std::string_view kept) const
{
    auto const cut = kept.find('$');
    if (cut == std::string_view::npos) return false;
    return equal_constant_time(hash(pin, kept.substr(0, cut)), kept.substr(cut + 1));
}

std::string pin_keeper::hash(std::string_view pin, std::string_view salt) const
{
    auto const keyed = hmac_sha256(key_, pin);
    std::array<unsigned char, 32> out{};
    auto const made = PKCS5_PBKDF2_HMAC(keyed.data(), static_cast<int>(keyed.size()),
        reinterpret_cast<unsigned char const*>(salt.data()), static_cast<int>(salt.size()), rounds, EVP_sha256(),
        static_cast<int>(out.size()), out.data());
    if (made != 1) throw std::runtime_error("OpenSSL refused to derive a key");
    return base::base64url({reinterpret_cast<char const*>(out.data()), out.size()});
}

} // namespace rendezvous::auth
