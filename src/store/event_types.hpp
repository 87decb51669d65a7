#pragma once

#include "rendezvous/service/event_port.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::store {

/// Types as one column keeps them, separated by spaces.
inline std::string to_text(std::vector<std::string> const& types)
{
    std::string out;
    for (auto const& type : types) out.append(out.empty() ? "" : " ").append(type);
    return out;
}

inline std::vector<std::string> types_in(std::string_view text)
{
    std::vector<std::string> out;
    while (!text.empty()) {
        auto const end = std::min(text.find(' '), text.size());
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

/// Whether an event is to be delivered there. One that was made for a single webhook passes its filter.
inline bool is_for(service::webhook_row const& to, std::string const& type, std::optional<std::string> const& only_for)
{
    if (only_for) return *only_for == to.id;
    return to.events.empty() || std::find(to.events.begin(), to.events.end(), type) != to.events.end();
}

} // namespace rendezvous::store
