#include "rendezvous/net/http_types.hpp"

namespace rendezvous::net {
namespace {

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_control(char c)
{
    auto const u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f;
}

/// Nothing for a bad escape or one that hides a control character.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '+' && plus_is_space) c = ' ';
        if (c == '%') {
            if (text.size() - i < 3) return std::nullopt;
            int const high = hex_digit(text[i + 1]);
            int const low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (is_control(c)) return std::nullopt;
        out.push_back(c);
    }
    return out;
}

/// What may stand raw in a path or query (RFC 3986 3.3, 3.4): printable ASCII but these.
bool all_allowed(std::string_view target)
{
    for (char const c : target)
        if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f || c == '#' || c == '\\'
            || c == '"' || c == '<' || c == '>' || c == '`' || c == '{' || c == '}' || c == '|' || c == '^')
            return false;
    return true;
}

bool split_path(std::string_view path, std::vector<std::string>& segments)
{
    path.remove_prefix(1);
    while (!path.empty()) {
        auto const slash = path.find('/');
        auto const segment = percent_decoded(path.substr(0, slash), false);
        // An empty segment is a double slash: two spellings of one path are one too many.
        if (!segment || segment->empty() || *segment == "." || *segment == "..") return false;
        if (segment->find('\\') != std::string::npos) return false;
        segments.push_back(*segment);
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
    }
    return true;
}

bool split_query(std::string_view query, std::vector<std::pair<std::string, std::string>>& pairs)
{
    while (!query.empty()) {
        auto const end = query.find('&');
        auto const pair = query.substr(0, end);
        query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
        if (pair.empty()) continue;
        auto const equals = pair.find('=');
        auto name = percent_decoded(pair.substr(0, equals), true);
        auto value = percent_decoded(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
        if (!name || !value) return false;
        pairs.emplace_back(std::move(*name), std::move(*value));
    }
    return true;
}

} // namespace

std::optional<request_target> parse_request_target(std::string_view target)
{
    if (target.empty() || target.front() != '/' || !all_allowed(target)) return std::nullopt;
    auto const question = target.find('?');
    request_target out;
    out.path = target.substr(0, question);
    if (!split_path(out.path, out.segments)) return std::nullopt;
    if (question != std::string_view::npos) {
        out.has_query = true;
        if (!split_query(target.substr(question + 1), out.query)) return std::nullopt;
    }
    return out;
}

std::optional<std::string_view> http_request::header(std::string_view name) const
{
    for (auto const& [key, value] : headers)
        if (key == name) return value;
    return std::nullopt;
}

} // namespace rendezvous::net
