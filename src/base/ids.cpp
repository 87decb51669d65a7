#include "rendezvous/base/ids.hpp"

#include <algorithm>
#include <array>
#include <sys/random.h>
#include <system_error>

namespace rendezvous::base {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void fill_random(unsigned char* out, std::size_t size)
{
    while (size > 0) {
        auto const got = ::getrandom(out, size, 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            throw std::system_error(errno, std::generic_category(), "getrandom");
        }
        out += got;
        size -= static_cast<std::size_t>(got);
    }
}

/// Lays time and random bits out as RFC 9562 section 5.7 says.
std::string format_uuid_v7(utc_time now, std::array<unsigned char, 16> bytes)
{
    auto ms = static_cast<std::uint64_t>(to_ms(now));
    for (int i = 5; i >= 0; --i, ms >>= 8) bytes[static_cast<std::size_t>(i)] = static_cast<unsigned char>(ms & 0xff);
    bytes[6] = static_cast<unsigned char>(0x70 | (bytes[6] & 0x0f));
    bytes[8] = static_cast<unsigned char>(0x80 | (bytes[8] & 0x3f));
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    out.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        out += hex[bytes[i] >> 4];
        out += hex[bytes[i] & 15];
    }
    return out;
}

std::array<unsigned char, 16> seeded_bytes(std::mt19937_64& random)
{
    std::array<unsigned char, 16> bytes{};
    for (auto& b : bytes) b = static_cast<unsigned char>(random());
    return bytes;
}

} // namespace

std::optional<appointment_id> parse_appointment_id(std::string_view text)
{
    if (text.empty() || text.size() > 128 || text == "." || text == "..") return std::nullopt;
    auto const allowed = [](char c) {
        return is_alnum(c) || std::string_view("._:@-").find(c) != std::string_view::npos;
    };
    if (!std::all_of(text.begin(), text.end(), allowed)) return std::nullopt;
    return appointment_id{std::string(text)};
}

std::optional<user_id> parse_user_id(std::string_view text)
{
    if (text.empty() || text.size() > 255) return std::nullopt;
    if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; })) return std::nullopt;
    return user_id{std::string(text)};
}

bool is_uuid(std::string_view text)
{
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const dash = i == 8 || i == 13 || i == 18 || i == 23;
        char const c = text[i];
        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
    }
    return true;
}

std::string system_id_generator::uuid(utc_time now)
{
    std::array<unsigned char, 16> bytes{};
    fill_random(bytes.data(), bytes.size());
    return format_uuid_v7(now, bytes);
}

std::string system_id_generator::secret(std::size_t bytes)
{
    std::string raw(bytes, '\0');
    fill_random(reinterpret_cast<unsigned char*>(raw.data()), raw.size());
    return base64url(raw);
}

std::string seeded_id_generator::uuid(utc_time now)
{
    return format_uuid_v7(now, seeded_bytes(random_));
}

std::string seeded_id_generator::secret(std::size_t bytes)
{
    std::string raw(bytes, '\0');
    for (auto& c : raw) c = static_cast<char>(random_());
    return base64url(raw);
}

std::string base64url(std::string_view bytes)
{
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t buffer = 0;
    int bits = 0;
    for (char c : bytes) {
        buffer = (buffer << 8) | static_cast<unsigned char>(c);
        for (bits += 8; bits >= 6; bits -= 6) out += alphabet[(buffer >> (bits - 6)) & 63];
    }
    if (bits > 0) out += alphabet[(buffer << (6 - bits)) & 63];
    return out;
}

std::optional<std::string> from_base64url(std::string_view text)
{
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    std::uint32_t buffer = 0;
    int bits = 0;
    for (char c : text) {
        auto const value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        buffer = (buffer << 6) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>((buffer >> bits) & 0xff);
        }
    }
    // The bits that no byte took must be zero, or two texts would mean the same bytes.
    if ((buffer & ((1U << bits) - 1U)) != 0) return std::nullopt;
    return out;
}

} // namespace rendezvous::base
