#include "config_values.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>

namespace rendezvous::app {
namespace {

bool is_ip(int family, std::string_view text)
{
    std::array<unsigned char, 16> bytes{};
    return inet_pton(family, std::string(text).c_str(), bytes.data()) == 1;
}

std::optional<unsigned> parse_number(std::string_view text, unsigned most)
{
    unsigned value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
    return value;
}

bool is_dns_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool is_dns_name(std::string_view text)
{
    return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), is_dns_char)
           && text.front() != '.' && text.front() != '-' && text.back() != '-'
           && text.find("..") == std::string_view::npos;
}

struct host_and_port {
    std::string_view host; ///< without brackets
    std::string_view port; ///< empty if none was given
    bool bracketed = false;
};

std::optional<host_and_port> split_host_port(std::string_view text)
{
    host_and_port out;
    if (text.starts_with('[')) {
        auto const end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        out.host = text.substr(1, end - 1);
        out.bracketed = true;
        text.remove_prefix(end + 1);
        if (text.empty()) return out;
        if (text.front() != ':' || text.size() == 1) return std::nullopt;
        out.port = text.substr(1);
        return out;
    }
    auto const colon = text.find(':');
    out.host = text.substr(0, colon);
    if (colon == std::string_view::npos) return out;
    out.port = text.substr(colon + 1);
    if (out.port.empty()) return std::nullopt;
    return out;
}

} // namespace

std::string to_text(listen_address const& address)
{
    bool const v6 = address.host.find(':') != std::string::npos;
    return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

std::optional<listen_address> parse_listen_address(std::string_view text)
{
    auto const parts = split_host_port(text);
    auto const port = parts ? parse_number(parts->port, 65'535) : std::nullopt;
    if (!port) return std::nullopt;
    auto const host = !parts->bracketed && parts->host == "localhost" ? std::string_view("127.0.0.1") : parts->host;
    if (!is_ip(parts->bracketed ? AF_INET6 : AF_INET, host)) return std::nullopt;
    return listen_address{std::string(host), static_cast<std::uint16_t>(*port)};
}

bool is_origin(std::string_view text, std::string_view scheme)
{
    auto const begin = std::string(scheme) + "://";
    if (!text.starts_with(begin)) return false;
    auto const parts = split_host_port(text.substr(begin.size()));
    if (!parts) return false;
    bool const host_good = parts->bracketed ? is_ip(AF_INET6, parts->host) : is_dns_name(parts->host);
    if (!host_good) return false;
    if (parts->port.empty()) return true;
    auto const port = parse_number(parts->port, 65'535);
    if (!port || *port == 0 || parts->port.front() == '0') return false;
    return *port != (scheme == "https" ? 443U : 80U);
}

bool is_network(std::string_view text)
{
    auto const slash = text.find('/');
    auto const address = text.substr(0, slash);
    bool const v4 = is_ip(AF_INET, address);
    if (!v4 && !is_ip(AF_INET6, address)) return false;
    return slash == std::string_view::npos || parse_number(text.substr(slash + 1), v4 ? 32 : 128).has_value();
}

bool is_key_address(std::string_view text)
{
    auto const slash = text.find('/', text.find("://") + 3);
    auto const origin = text.substr(0, slash);
    auto const path = slash == std::string_view::npos ? std::string_view{} : text.substr(slash);
    if (path.empty() || path.find_first_of("?#\\ ") != std::string_view::npos) return false;
    if (is_origin(origin, "https")) return true;
    if (!is_origin(origin, "http")) return false;
    auto const host = origin.substr(std::string_view("http://").size());
    auto const name = host.starts_with('[') ? host.substr(0, host.find(']') + 1) : host.substr(0, host.find(':'));
    return name == "localhost" || name == "[::1]" || (name.starts_with("127.") && is_ip(AF_INET, name));
}

bool is_host(std::string_view text)
{
    return is_dns_name(text) || is_ip(AF_INET6, text);
}

} // namespace rendezvous::app
