#include "origins.hpp"

#include <algorithm>

namespace rendezvous::net {
namespace {

std::string lower(std::string_view text)
{
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

} // namespace

std::string origin_of(std::string_view url)
{
    auto text = lower(url);
    auto const scheme_end = text.find("://");
    if (scheme_end == std::string::npos) return {};
    auto const scheme = text.substr(0, scheme_end);
    if (scheme != "https" && scheme != "http") return {};
    auto const end = text.find_first_of("/?#", scheme_end + 3);
    text = text.substr(0, end);
    std::string_view const host = std::string_view(text).substr(scheme_end + 3);
    if (host.empty() || host.find('@') != std::string_view::npos) return {};
    std::string_view const port = scheme == "https" ? ":443" : ":80";
    if (host.size() > port.size() && text.ends_with(port) && host[host.size() - port.size() - 1] != ':')
        text.resize(text.size() - port.size());
    return text;
}

origin_rules::origin_rules(std::string_view public_url, std::vector<std::string> const& allowed)
    : own_(origin_of(public_url))
{
    for (auto const& entry : allowed) {
        auto origin = origin_of(entry);
        if (!origin.empty()) allowed_.push_back(std::move(origin));
    }
}

bool origin_rules::may_connect(std::string_view origin) const
{
    // Browsers send origins lower case and without default port; anything else is compared as it is.
    return (!own_.empty() && origin == own_) || may_read(origin);
}

bool origin_rules::may_read(std::string_view origin) const
{
    return std::find(allowed_.begin(), allowed_.end(), origin) != allowed_.end();
}

} // namespace rendezvous::net
