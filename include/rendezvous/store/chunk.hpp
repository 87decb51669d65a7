#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::store {

/// A place in a list that runs from new to old: the row's time, then its id.
struct list_key {
    std::int64_t at_ms = 0;
    std::string id;
    friend auto operator<=>(list_key const&, list_key const&) = default;
};

/// What one bounded look into a list found. `resume` is the last place looked at, matching or
/// not: the next look begins behind it. Without it the list is at its end.
template <class T>
struct chunk {
    std::vector<T> rows;
    std::optional<list_key> resume;
};

} // namespace rendezvous::store
