// Any bytes as the target of a request (RFC 9112 3.2.1): what is accepted has one meaning, climbs
// nowhere and holds nothing that a log line or a header could be broken with.

#include "fuzz/must.hpp"
#include "rendezvous/net/http_types.hpp"

#include <algorithm>
#include <cstdint>

namespace {

using namespace rendezvous;
using fuzz::must;

bool has_control(std::string const& text)
{
    return std::any_of(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string escaped(std::string const& text)
{
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        out += {'%', hex[byte >> 4U], hex[byte & 15U]};
    }
    return out;
}

/// The same meaning with every character escaped.
std::string written_again(net::request_target const& target)
{
    std::string out = target.segments.empty() ? "/" : "";
    for (auto const& segment : target.segments) out += "/" + escaped(segment);
    if (target.has_query) out += "?";
    for (auto const& [name, value] : target.query) out += escaped(name) + "=" + escaped(value) + "&";
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const target = net::parse_request_target(text);
    if (!target) return 0;
    must(text.starts_with('/') && text.starts_with(target->path), "the path is the beginning of the target");
    must(target->has_query == (text.find('?') != std::string_view::npos), "a query is seen if there is one");
    for (auto const& segment : target->segments) {
        must(!segment.empty() && segment != "." && segment != "..", "no segment climbs or is empty");
        must(!has_control(segment) && segment.find('\\') == std::string::npos, "segments are plain");
    }
    for (auto const& [name, value] : target->query)
        must(!has_control(name) && !has_control(value), "the query is plain");
    auto const again = net::parse_request_target(written_again(*target));
    must(again && again->segments == target->segments && again->query == target->query, "escapes change no meaning");
    return 0;
}
