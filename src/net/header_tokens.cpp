#include "header_tokens.hpp"

#include <algorithm>

namespace rendezvous::net {
namespace {

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

template <class Equal>
bool any_token(http_request const& request, std::string_view name, Equal equal)
{
    for (auto const& [key, value] : request.headers) {
        if (key != name) continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            auto const comma = rest.find(',');
            auto item = rest.substr(0, comma);
            rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
            while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
            while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
            if (equal(item)) return true;
        }
    }
    return false;
}

} // namespace

bool same_ignoring_case(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::size_t count_headers(http_request const& request, std::string_view name)
{
    return static_cast<std::size_t>(std::count_if(
        request.headers.begin(), request.headers.end(), [name](auto const& entry) { return entry.first == name; }));
}

bool has_token(http_request const& request, std::string_view name, std::string_view token)
{
    return any_token(request, name, [token](std::string_view item) { return same_ignoring_case(item, token); });
}

bool has_exact_token(http_request const& request, std::string_view name, std::string_view token)
{
    return any_token(request, name, [token](std::string_view item) { return item == token; });
}

} // namespace rendezvous::net
