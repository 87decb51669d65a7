#include "rendezvous/outbound/target.hpp"

#include "address_guard.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <curl/curl.h>
#include <optional>
#include <string_view>

namespace rendezvous::outbound {
namespace {

using base::errc;

constexpr std::size_t url_chars_max = 2048;

/// Names that no public server has (RFC 6761, 6762, 8375; .internal is reserved by ICANN).
constexpr auto inner_names = std::to_array<std::string_view>(
    {"localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa"});

std::optional<std::string> part(CURLU* url, CURLUPart which, unsigned flags = 0)
{
    char* text = nullptr;
    if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return std::nullopt;
    std::string out(text);
    curl_free(text);
    return out;
}

std::string lower(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

bool is_plain(std::string_view url)
{
    return !url.empty() && url.size() <= url_chars_max
           && std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
}

/// The reach of a host that is written as an address; nothing for a name.
std::optional<reach> reach_of_literal(std::string const& host)
{
    if (host.starts_with('[')) {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        auto const inside = host.substr(1, host.size() - 2);
        if (inet_pton(AF_INET6, inside.c_str(), &in.sin6_addr) != 1) return reach::never;
        return reach_of(reinterpret_cast<sockaddr const*>(&in), sizeof in);
    }
    sockaddr_in in{};
    in.sin_family = AF_INET;
    if (inet_pton(AF_INET, host.c_str(), &in.sin_addr) != 1) return std::nullopt;
    return reach_of(reinterpret_cast<sockaddr const*>(&in), sizeof in);
}

/// A name without a dot is looked up inside, if at all.
bool is_inner_name(std::string_view host)
{
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host.find('.') == std::string_view::npos) return true;
    return std::any_of(inner_names.begin(), inner_names.end(), [host](std::string_view name) {
        return host.ends_with(name) && (host.size() == name.size() || host[host.size() - name.size() - 1] == '.');
    });
}

} // namespace

base::result<target> check_target(std::string const& url, std::vector<std::string> const& private_hosts)
{
    if (!is_plain(url)) return errc::validation;
    std::shared_ptr<CURLU> const parsed(curl_url(), &curl_url_cleanup);
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
        return errc::validation;
    auto const scheme = part(parsed.get(), CURLUPART_SCHEME);
    auto const host = part(parsed.get(), CURLUPART_HOST);
    auto const port = part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (!scheme || !host || !port || host->empty() || *port == "0") return errc::validation;
    if (part(parsed.get(), CURLUPART_ZONEID)) return errc::validation;
    if (*scheme != "https" && *scheme != "http") return errc::validation;

    target out{parsed, lower(*host), false};
    out.named = std::any_of(private_hosts.begin(), private_hosts.end(), [&](std::string const& listed) {
        auto const name = lower(listed);
        return name == out.host || '[' + name + ']' == out.host || name == out.host + ':' + *port;
    });
    auto const literal = reach_of_literal(out.host);
    if (literal == reach::never) return errc::forbidden;
    if (out.named) return out;
    if (*scheme == "http" || literal == reach::inner || (!literal && is_inner_name(out.host))) return errc::forbidden;
    return out;
}

} // namespace rendezvous::outbound
