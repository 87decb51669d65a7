#include "json_scan.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <simdjson.h>
#include <system_error>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace rendezvous::protocol {
namespace {

constexpr std::size_t depth_ceiling = 128; // the scan is recursive

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

constexpr int hex_value(char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The characters that make an escape of two.
constexpr auto short_escapes = [] {
    std::array<bool, 256> out{};
    for (char const c : std::string_view("\"\\/bfnrt")) out[static_cast<unsigned char>(c)] = true;
    return out;
}();

/// Nonzero if one of eight bytes ends the plain run of a string: quote, backslash or control.
constexpr std::uint64_t special_bytes(std::uint64_t word)
{
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t highs = 0x8080808080808080U;
    auto const zero_byte = [](std::uint64_t w) { return (w - ones) & ~w & highs; };
    std::uint64_t const control = (word - ones * 0x20) & ~word & highs;
    return control | zero_byte(word ^ (ones * '"')) | zero_byte(word ^ (ones * '\\'));
}

#if defined(__SSE2__)
/// The same for sixteen bytes, one bit each.
unsigned special_bytes(__m128i block)
{
    auto const quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    auto const backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    auto const control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
}
#endif

class scanner {
public:
    scanner(std::string_view text, std::size_t depth_max)
        : at_(text.data()),
          end_(text.data() + text.size()),
          depth_left_(std::min(depth_max, depth_ceiling))
    {}

    bool document(json_object& out)
    {
        skip_space();
        if (at_ == end_ || *at_ != '{' || !object(&out)) return false;
        skip_space();
        return at_ == end_;
    }

private:
    void skip_space()
    {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }

    bool literal(char wanted)
    {
        if (at_ == end_ || *at_ != wanted) return false;
        ++at_;
        return true;
    }

    bool literal(std::string_view wanted)
    {
        if (static_cast<std::size_t>(end_ - at_) < wanted.size()) return false;
        if (std::string_view(at_, wanted.size()) != wanted) return false;
        at_ += wanted.size();
        return true;
    }

    bool value()
    {
        if (at_ == end_) return false;
        switch (*at_) {
        case '{': return object(nullptr);
        case '[': return array();
        case '"': return string();
        case 't': return literal("true");
        case 'f': return literal("false");
        case 'n': return literal("null");
        default: return number();
        }
    }

    bool object(json_object* members)
    {
        if (depth_left_ == 0) return false;
        --depth_left_;
        ++at_;
        skip_space();
        if (!literal('}')) {
            do {
                skip_space();
                if (!member(members)) return false;
                skip_space();
            } while (literal(','));
            if (!literal('}')) return false;
        }
        ++depth_left_;
        return true;
    }

    bool member(json_object* members)
    {
        char const* const key = at_;
        if (at_ == end_ || *at_ != '"' || !string()) return false;
        bool const escaped = escaped_;
        char const* const key_end = at_;
        skip_space();
        if (!literal(':')) return false;
        skip_space();
        char const* const begin = at_;
        if (!value()) return false;
        if (members)
            members->members.push_back({{key + 1, static_cast<std::size_t>(key_end - key - 2)},
                {begin, static_cast<std::size_t>(at_ - begin)}, escaped});
        return true;
    }

    bool array()
    {
        if (depth_left_ == 0) return false;
        --depth_left_;
        ++at_;
        skip_space();
        if (!literal(']')) {
            do {
                skip_space();
                if (!value()) return false;
                skip_space();
            } while (literal(','));
            if (!literal(']')) return false;
        }
        ++depth_left_;
        return true;
    }

    /// Precondition: at a quote. Leaves in `escaped_` whether the string had an escape.
    bool string()
    {
        escaped_ = false;
        ++at_;
        for (;;) {
            skip_plain();
            if (at_ == end_ || static_cast<unsigned char>(*at_) < 0x20) return false;
            if (*at_ == '"') {
                ++at_;
                return true;
            }
            if (*at_ != '\\') {
                ++at_;
                continue;
            }
            escaped_ = true;
            // Escapes come in pairs: a line of a session description ends in \r\n.
            do {
                if (!escape()) return false;
            } while (at_ != end_ && *at_ == '\\');
        }
    }

    /// Moves over bytes that mean themselves, in blocks; stops early near the end.
    void skip_plain()
    {
#if defined(__SSE2__)
        while (end_ - at_ >= 16) {
            if (auto const found = special_bytes(_mm_loadu_si128(reinterpret_cast<__m128i const*>(at_)))) {
                at_ += std::countr_zero(found);
                return;
            }
            at_ += 16;
        }
#endif
        while (end_ - at_ >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, at_, 8);
            if (auto const found = special_bytes(word)) {
                // The lowest mark is exact on little endian machines; others go byte by byte.
                if constexpr (std::endian::native == std::endian::little) at_ += std::countr_zero(found) / 8;
                return;
            }
            at_ += 8;
        }
    }

    bool escape()
    {
        ++at_;
        if (at_ == end_) return false;
        auto const kind = static_cast<unsigned char>(*at_++);
        return short_escapes[kind] || (kind == 'u' && four_hex_digits());
    }

    bool four_hex_digits()
    {
        if (end_ - at_ < 4) return false;
        bool const hex = std::all_of(at_, at_ + 4, [](char c) { return hex_value(c) >= 0; });
        at_ += 4;
        return hex;
    }

    bool digits()
    {
        char const* const first = at_;
        while (at_ != end_ && is_digit(*at_)) ++at_;
        return at_ != first;
    }

    bool number()
    {
        literal('-');
        if (!literal('0') && !digits()) return false;
        if (literal('.') && !digits()) return false;
        if (literal('e') || literal('E')) {
            if (!literal('+')) literal('-');
            return digits();
        }
        return true;
    }

    char const* at_;
    char const* end_;
    std::size_t depth_left_;
    bool escaped_ = false;
};

void append_utf8(std::string& out, std::uint32_t code)
{
    auto const tail = [&](unsigned shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | (code >> 6));
        tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xe0 | (code >> 12));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xf0 | (code >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

std::uint32_t hex4(std::string_view text, std::size_t pos)
{
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value * 16 + static_cast<std::uint32_t>(hex_value(text[pos + i]));
    return value;
}

/// Reads the four digits of `\u` at `pos`, and the second half of a pair; moves behind them.
bool append_unicode(std::string& out, std::string_view inner, std::size_t& pos)
{
    auto code = hex4(inner, pos);
    pos += 4;
    if (code >= 0xdc00 && code <= 0xdfff) return false;
    if (code >= 0xd800 && code <= 0xdbff) {
        if (inner.substr(pos, 2) != "\\u") return false;
        auto const low = hex4(inner, pos + 2);
        if (low < 0xdc00 || low > 0xdfff) return false;
        pos += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(out, code);
    return true;
}

/// Undoes the escapes of a scanned string without its quotes.
std::optional<std::string> unescape(std::string_view inner)
{
    if (inner.find('\\') == std::string_view::npos) return std::string(inner);
    std::string out;
    out.reserve(inner.size());
    for (std::size_t pos = 0; pos < inner.size();) {
        char const c = inner[pos++];
        if (c != '\\') {
            out += c;
            continue;
        }
        char const kind = inner[pos++];
        if (kind == 'u') {
            if (!append_unicode(out, inner, pos)) return std::nullopt;
            continue;
        }
        constexpr std::string_view from = "bfnrt";
        constexpr std::string_view to = "\b\f\n\r\t";
        auto const index = from.find(kind);
        out += index == std::string_view::npos ? kind : to[index];
    }
    return out;
}

} // namespace

std::optional<std::string_view> json_object::find(std::string_view name) const
{
    for (auto m = members.rbegin(); m != members.rend(); ++m)
        if (m->key_escaped ? unescape(m->key) == name : m->key == name) return m->value;
    return std::nullopt;
}

bool json_object::has_duplicate_keys() const
{
    // Sorting keeps a message of ten thousand keys from costing the square of it.
    std::vector<std::string> decoded;
    decoded.reserve(members.size()); // views below point into its strings
    boost::container::small_vector<std::string_view, 16> keys;
    for (auto const& m : members) {
        if (!m.key_escaped) {
            keys.push_back(m.key);
            continue;
        }
        auto key = unescape(m.key);
        if (!key) return true;
        keys.push_back(decoded.emplace_back(std::move(*key)));
    }
    std::sort(keys.begin(), keys.end());
    return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

std::optional<json_object> scan_object(std::string_view text, std::size_t depth_max)
{
    std::optional<json_object> out(std::in_place);
    if (!scanner(text, depth_max).document(*out)) out.reset();
    return out;
}

bool is_utf8(std::string_view text)
{
    return simdjson::validate_utf8(text.data(), text.size());
}

std::optional<std::string> decode_string(std::string_view value)
{
    if (value.size() < 2 || value.front() != '"') return std::nullopt;
    return unescape(value.substr(1, value.size() - 2));
}

std::optional<double> decode_number(std::string_view value)
{
    double out = 0;
    auto const [rest, error] = std::from_chars(value.data(), value.data() + value.size(), out);
    if (error != std::errc() || rest != value.data() + value.size()) return std::nullopt;
    return out;
}

} // namespace rendezvous::protocol
