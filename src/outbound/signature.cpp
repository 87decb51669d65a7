#include "signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <optional>

namespace rendezvous::outbound {
namespace {

constexpr std::string_view secret_prefix = "whsec_";

unsigned char const* bytes_of(std::string_view text)
{
    return reinterpret_cast<unsigned char const*>(text.data());
}

std::string to_base64(unsigned char const* bytes, std::size_t size)
{
    std::string out(4 * ((size + 2) / 3), '\0');
    // One more is written: the terminator that std::string has there already.
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
    return out;
}

std::optional<std::string> from_base64(std::string_view text)
{
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    std::string out(text.size() / 4 * 3, '\0');
    auto const size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(text), static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    for (std::size_t i = text.size(); i > text.size() - 2 && text[i - 1] == '='; --i) out.pop_back();
    return out;
}

} // namespace

std::string sign(std::string_view secret, std::string_view id, std::int64_t timestamp_s, std::string_view body)
{
    if (!secret.starts_with(secret_prefix)) return {};
    auto const key = from_base64(secret.substr(secret_prefix.size()));
    if (!key) return {};
    std::string signed_text(id);
    signed_text.append(".").append(std::to_string(timestamp_s)).append(".").append(body);
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), key->data(), static_cast<int>(key->size()), bytes_of(signed_text), signed_text.size(),
            mac.data(), &size))
        return {};
    return "v1," + to_base64(mac.data(), size);
}

} // namespace rendezvous::outbound
