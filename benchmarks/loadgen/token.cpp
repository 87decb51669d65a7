#include "token.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <vector>

namespace rendezvous::loadgen {
namespace {

std::string base64url(unsigned char const* bytes, std::size_t size)
{
    std::vector<unsigned char> encoded(4 * (size / 3 + 1) + 1);
    int const length = EVP_EncodeBlock(encoded.data(), bytes, int(size));
    std::string text(encoded.begin(), encoded.begin() + length);
    while (text.ends_with('=')) text.pop_back();
    for (char& letter : text) {
        if (letter == '+') letter = '-';
        if (letter == '/') letter = '_';
    }
    return text;
}

std::string base64url(std::string_view text)
{
    return base64url(reinterpret_cast<unsigned char const*>(text.data()), text.size());
}

} // namespace

std::string make_token(token_claims const& claims, std::string_view secret)
{
    std::string const payload = R"({"iss":")" + claims.issuer + R"(","aud":")" + claims.audience + R"(","sub":")"
                                + claims.subject + R"(","role":")" + claims.role + R"(","name":")" + claims.subject
                                + R"(","appointment":")" + claims.appointment + R"(","exp":)"
                                + std::to_string(claims.expires_at_s) + "}";
    std::string token = base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + base64url(payload);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_size = 0;
    HMAC(EVP_sha256(), secret.data(), int(secret.size()), reinterpret_cast<unsigned char const*>(token.data()),
        token.size(), digest, &digest_size);
    return token + "." + base64url(digest, digest_size);
}

} // namespace rendezvous::loadgen
