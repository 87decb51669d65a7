#include "turn_uri.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace rendezvous::app {
namespace {

constexpr std::uint16_t plain_port = 3478;
constexpr std::uint16_t tls_port = 5349;

/// Host and what follows it; nothing if there is no host.
std::optional<std::pair<std::string_view, std::string_view>> split_host(std::string_view text)
{
    if (text.starts_with('[')) {
        auto const end = text.find(']');
        if (end == std::string_view::npos || end == 1) return std::nullopt;
        return std::pair{text.substr(1, end - 1), text.substr(end + 1)};
    }
    auto const end = std::min(text.find(':'), text.size());
    if (end == 0) return std::nullopt;
    return std::pair{text.substr(0, end), text.substr(end)};
}

std::optional<std::uint16_t> parse_port(std::string_view text)
{
    std::uint16_t port = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

} // namespace

std::optional<turn_uri> parse_turn_uri(std::string_view text)
{
    auto const colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto const scheme = text.substr(0, colon);
    turn_uri out;
    out.relays = scheme == "turn" || scheme == "turns";
    out.tls = scheme == "stuns" || scheme == "turns";
    if (!out.relays && scheme != "stun" && scheme != "stuns") return std::nullopt;
    out.port = out.tls ? tls_port : plain_port;
    out.over = out.tls ? turn_uri::transport::tcp : turn_uri::transport::udp;

    auto rest = text.substr(colon + 1);
    if (auto const question = rest.find('?'); question != std::string_view::npos) {
        auto const query = rest.substr(question + 1);
        if (query != "transport=udp" && query != "transport=tcp") return std::nullopt;
        out.over = query == "transport=tcp" ? turn_uri::transport::tcp : turn_uri::transport::udp;
        rest = rest.substr(0, question);
    }
    auto const parts = split_host(rest);
    if (!parts) return std::nullopt;
    out.host = parts->first;
    if (parts->second.empty()) return out;
    if (!parts->second.starts_with(':')) return std::nullopt;
    auto const port = parse_port(parts->second.substr(1));
    if (!port) return std::nullopt;
    out.port = *port;
    return out;
}

} // namespace rendezvous::app
