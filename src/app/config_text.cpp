#include "config_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace rendezvous::app {
namespace {

constexpr std::string_view blank = " \t";
constexpr std::string_view name_begin = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_\"']";

std::size_t count_leading(std::string_view text, char c)
{
    return std::min(text.find_first_not_of(c), text.size());
}

/// How long the string at the beginning of `text` is, with its quotes. One that does not end is where
/// the parser stops; so does one of a single line at the line's end.
std::size_t string_size(std::string_view text)
{
    char const quote = text.front();
    auto const opening = count_leading(text, quote);
    if (opening == 2) return 2;
    bool const many_lines = opening >= 3;
    std::size_t at = many_lines ? 3 : 1;
    while (at < text.size()) {
        if (text[at] == '\\' && quote == '"') {
            at += 2;
        } else if (text[at] == '\n' && !many_lines) {
            return at;
        } else if (auto const run = count_leading(text.substr(at), quote); run >= (many_lines ? 3U : 1U)) {
            return at + (many_lines ? std::min<std::size_t>(run, 5) : 1);
        } else {
            at += std::max<std::size_t>(run, 1);
        }
    }
    return text.size();
}

bool names_no_table(std::string_view line)
{
    if (!line.starts_with('[')) return false;
    line.remove_prefix(line.starts_with("[[") ? 2 : 1);
    auto const first = line.find_first_not_of(blank);
    return first == line.npos || name_begin.find(line[first]) == name_begin.npos;
}

bool is_ascii(std::string_view text)
{
    return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

/// The character (RFC 3629) that begins `text`; its size is 0 if it is none.
struct decoded {
    std::uint32_t value = 0;
    std::size_t size = 0;
};
decoded decode(std::string_view text)
{
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    std::size_t const size = byte(0) < 0x80   ? 1
                             : byte(0) < 0xc2 ? 0
                             : byte(0) < 0xe0 ? 2
                             : byte(0) < 0xf0 ? 3
                             : byte(0) < 0xf5 ? 4
                                              : 0;
    if (size == 0 || size > text.size()) return {};
    std::uint32_t value = size == 1 ? byte(0) : byte(0) & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return {};
        value = value << 6U | (byte(i) & 0x3fU);
    }
    bool const overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
    bool const surrogate = value >= 0xd800 && value < 0xe000;
    if (overlong || surrogate || value > 0x10ffff) return {};
    return {value, size};
}

bool is_utf8(std::string_view text)
{
    while (!text.empty()) {
        auto const next = decode(text);
        if (next.size == 0) return false;
        text.remove_prefix(next.size);
    }
    return true;
}

} // namespace

std::string in_ascii(std::string_view text)
{
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        auto const next = decode(text);
        if (next.size <= 1) {
            out += text.front();
        } else {
            std::array<char, 11> escaped{};
            std::snprintf(escaped.data(), escaped.size(), next.value > 0xffff ? "\\U%08x" : "\\u%04x", next.value);
            out += escaped.data();
        }
        text.remove_prefix(std::max<std::size_t>(next.size, 1));
    }
    return out;
}

std::optional<text_fault> find_text_fault(std::string_view text)
{
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    std::size_t line = 1;
    bool at_begin = true;
    char before = '\n';   // the last character that is no space and no comment
    char adjacent = '\n'; // the one right before
    while (!text.empty()) {
        char const c = text.front();
        std::size_t size = 1;
        if (c == '"' || c == '\'') size = string_size(text);
        if (c == '#') size = std::min(text.find('\n'), text.size());
        if (static_cast<unsigned char>(c) >= 0x80) return text_fault{line, "only ASCII is allowed outside quotes"};
        if (!is_utf8(text.substr(0, size))) return text_fault{line, "this is not UTF-8"};
        if (c == '\'' && !is_ascii(text.substr(0, size)))
            return text_fault{line, "only ASCII is allowed in single quotes"};
        if (at_begin && names_no_table(text)) return text_fault{line, "a name is expected behind ["};
        if (c == '}' && (before == '[' || before == ',')) return text_fault{line, "a value is expected before }"};
        bool const time = c == ':' || ((c == 'T' || c == 't') && adjacent >= '0' && adjacent <= '9');
        if (time) return text_fault{line, "no key is a date or a time"};
        if (c != '#' && c != '\n' && c != '\r' && blank.find(c) == blank.npos) before = c;
        adjacent = c;
        at_begin = c == '\n' || (at_begin && blank.find(c) != blank.npos);
        line += static_cast<std::size_t>(
            std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(size, text.size())), '\n'));
        text.remove_prefix(std::min(size, text.size()));
    }
    return std::nullopt;
}

} // namespace rendezvous::app
