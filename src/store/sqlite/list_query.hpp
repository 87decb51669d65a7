#pragma once

#include "connection.hpp"
#include "rendezvous/store/backend.hpp"

#include <string>
#include <variant>
#include <vector>

namespace rendezvous::store::sqlite {

/// A look into a list: one index is followed from new to old for a bounded number of rows, and each
/// row says whether the rest of the filter matches it (third column, 0 or 1). So one look costs the
/// same whatever the filter and however rare a match is.
/// Columns: id, time, matches.
struct list_query {
    using value = std::variant<std::int64_t, std::string>;
    std::string sql;
    std::vector<value> values; ///< `$1`...
};

list_query calls_query(
    service::call_filter const& filter, std::optional<list_key> const& before, std::size_t looks_max);
list_query appointments_query(
    service::appointment_filter const& filter, std::optional<list_key> const& before, std::size_t looks_max);

} // namespace rendezvous::store::sqlite
