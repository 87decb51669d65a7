#include "rendezvous/auth/hash.hpp"

#include "text.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

namespace rendezvous::auth {
namespace {

using digest_bytes = std::array<unsigned char, EVP_MAX_MD_SIZE>;

unsigned char const* as_unsigned(std::string_view bytes)
{
    return reinterpret_cast<unsigned char const*>(bytes.data());
}

std::string hmac(EVP_MD const* digest, std::string_view key, std::string_view bytes)
{
    digest_bytes out{};
    unsigned size = 0;
    if (!HMAC(digest, key.data(), static_cast<int>(key.size()), as_unsigned(bytes), bytes.size(), out.data(), &size))
        throw std::runtime_error("OpenSSL refused to make an HMAC");
    return {reinterpret_cast<char const*>(out.data()), size};
}

} // namespace

std::string sha256_hex(std::string_view bytes)
{
    digest_bytes out{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("OpenSSL refused to make a digest");
    return to_hex({reinterpret_cast<char const*>(out.data()), size});
}

std::string hmac_sha256(std::string_view key, std::string_view bytes)
{
    return hmac(EVP_sha256(), key, bytes);
}

std::string hmac_sha1(std::string_view key, std::string_view bytes)
{
    return hmac(EVP_sha1(), key, bytes);
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept
{
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace rendezvous::auth
