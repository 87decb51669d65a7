// Any bytes as a token. Nothing verifies but what carries the one true signature of its first two
// parts, byte by byte. The mutator works on the decoded parts as often as on the text, since a
// token is hardly ever changed into another one in base64.

#include "fuzz/auth/keys.hpp"
#include "fuzz/must.hpp"

#include <cstdint>
#include <cstring>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t size_max);

namespace {

using namespace rendezvous;
using fuzz::must;

std::vector<std::string> parts_of(std::string_view token)
{
    std::vector<std::string> out;
    for (;;) {
        auto const dot = token.find('.');
        out.emplace_back(token.substr(0, dot));
        if (dot == std::string_view::npos) return out;
        token.remove_prefix(dot + 1);
    }
}

std::string mutated(std::string text, std::size_t size_max)
{
    auto const size = text.size();
    text.resize(std::max(size_max, size));
    text.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(text.data()), size, text.size()));
    return text;
}

} // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(
    std::uint8_t* data, std::size_t size, std::size_t size_max, unsigned seed)
{
    auto parts = parts_of({reinterpret_cast<char const*>(data), size});
    auto const decoded = base::from_base64url(parts[seed % parts.size()]);
    if (seed / 8 % 2 == 0 || parts.size() > 8 || !decoded) return LLVMFuzzerMutate(data, size, size_max);
    parts[seed % parts.size()] = base::base64url(mutated(*decoded, decoded->size() + 64));
    std::string token = parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i) token += "." + parts[i];
    if (token.size() > size_max) return LLVMFuzzerMutate(data, size, size_max);
    std::memcpy(data, token.data(), token.size());
    return token.size();
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const token(reinterpret_cast<char const*>(data), size);
    auto const verified = fuzz::verifier().verify(token, fuzz::now());
    bool const expired = !verified && base::to_errc(verified.error()) == base::errc::token_expired;
    if (!verified && !expired) return 0;
    auto const dot = token.rfind('.');
    must(dot != std::string_view::npos, "a genuine token has a signature");
    auto const input = token.substr(0, dot);
    auto const signature = token.substr(dot + 1);
    must(signature == fuzz::signature_of(input, fuzz::secret)
             || signature == fuzz::signature_of(input, fuzz::other_secret),
        "only a signed token is genuine");
    return 0;
}
