#include "rendezvous/auth/api_key.hpp"

#include "rendezvous/auth/hash.hpp"

#include "text.hpp"

namespace rendezvous::auth {
namespace {

constexpr std::string_view mark = "rk_";
constexpr std::size_t prefix_chars = 3 + 8;
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t secret_chars = 43;

} // namespace

api_key make_api_key(base::id_generator& ids)
{
    // Hex in the prefix: base64url may hold `_` and `-`, which read badly in a list.
    auto const random = base::from_base64url(ids.secret(4)).value_or(std::string{});
    api_key made;
    made.prefix = std::string(mark) + to_hex(random);
    made.text = made.prefix + "_" + ids.secret(secret_bytes);
    made.hash = sha256_hex(made.text);
    return made;
}

bool looks_like_api_key(std::string_view text) noexcept
{
    return text.starts_with(mark);
}

std::optional<std::string> api_key_hash(std::string_view text)
{
    if (text.size() != prefix_chars + 1 + secret_chars || !looks_like_api_key(text)) return std::nullopt;
    auto const digits = text.substr(mark.size(), prefix_chars - mark.size());
    if (!all_of_chars(digits, "0123456789abcdef") || text[prefix_chars] != '_') return std::nullopt;
    if (!base::from_base64url(text.substr(prefix_chars + 1))) return std::nullopt;
    return sha256_hex(text);
}

} // namespace rendezvous::auth
