#pragma once

#include "query_reader.hpp"

#include "rendezvous/protocol/list_text.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rendezvous::net {

/// Of a CSV or NDJSON answer, if its caller gives a `limit`; without one it has all rows.
inline constexpr std::size_t file_rows_max = 1'000'000;

/// What a caller asked of a list besides its filters.
struct list_request {
    protocol::list_form form = protocol::list_form::json;
    std::size_t rows_max = base::limits::page_rows_default; ///< of the page, or of the whole file
    std::optional<std::string> after;
    bool byte_order_mark = false; ///< CSV only
};
/// Reads `limit`, `after`, `bom` and `Accept`.
list_request read_list_request(rest_call const& c, query_reader& query);

/// Some rows of a list as the JSON answer shows them, and where the next ones begin.
struct list_page {
    std::string rows;      ///< a JSON array
    std::size_t count = 0; ///< its length
    std::optional<std::string> next;
};
/// Reads at most so many rows behind a place. Errors: bad_field if that is no place of the list.
using page_reader = std::function<service::task<list_page>(std::size_t rows_max, std::optional<std::string> after)>;

/// Which list it is: the name of the file, and its columns as `protocol::list_lines` reads them.
struct list_shape {
    std::string_view name;
    std::span<std::string_view const> columns;
};

/// Answers a list: one page of JSON with `ETag` and `Link`, or every row as CSV or NDJSON, page by
/// page while it is sent, so that its length costs no memory. Whoever is slow to take it, waits alone.
/// `columns` outlive the answer.
rest_reply list_reply(rest_call c, list_request asked, list_shape shape, page_reader read);

} // namespace rendezvous::net
