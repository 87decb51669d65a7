#include "json_writer.hpp"

#include "json_scan.hpp"

namespace rendezvous::protocol {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd"; // U+FFFD

/// Length of the well-formed UTF-8 sequence that `text` begins with, or 0.
std::size_t sequence_length(std::string_view text)
{
    auto const lead = static_cast<unsigned char>(text.front());
    std::size_t const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return length <= text.size() && is_utf8(text.substr(0, length)) ? length : 0;
}

std::string repaired(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        auto const length = sequence_length(text);
        out += length > 0 ? text.substr(0, length) : replacement;
        text.remove_prefix(length > 0 ? length : 1);
    }
    return out;
}

void append_escaped(std::string& out, char c)
{
    constexpr std::string_view hex = "0123456789abcdef";
    constexpr std::string_view from = "\"\\\b\f\n\r\t";
    constexpr std::string_view to = "\"\\bfnrt";
    out += '\\';
    auto const known = from.find(c);
    if (known != std::string_view::npos) {
        out += to[known];
        return;
    }
    auto const u = static_cast<unsigned char>(c);
    out += "u00";
    out += hex[u >> 4];
    out += hex[u & 15];
}

void append_well_formed(std::string& out, std::string_view text)
{
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const u = static_cast<unsigned char>(text[i]);
        if (u >= 0x20 && u != '"' && u != '\\' && u != 0x7f) continue;
        out += text.substr(plain, i - plain);
        append_escaped(out, text[i]);
        plain = i + 1;
    }
    out += text.substr(plain);
    out += '"';
}

} // namespace

void append_quoted(std::string& out, std::string_view text)
{
    if (is_utf8(text))
        append_well_formed(out, text);
    else
        append_well_formed(out, repaired(text));
}

} // namespace rendezvous::protocol
