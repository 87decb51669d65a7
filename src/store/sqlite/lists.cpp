#include "list_query.hpp"
#include "reads.hpp"

#include <algorithm>
#include <utility>

namespace rendezvous::store::sqlite {
namespace {

/// Places looked at in one slice, and records read for them: well under 2 ms.
constexpr std::size_t looks_max = 256;
constexpr std::size_t records_max = 40;

struct found_keys {
    std::vector<std::string> matching;
    std::optional<list_key> resume;
};

found_keys look(connection& db, list_query const& query, std::size_t rows_max)
{
    auto row = db.prepare(query.sql);
    for (std::size_t i = 0; i < query.values.size(); ++i)
        std::visit([&](auto const& value) { row.bind(i + 1, value); }, query.values[i]);
    found_keys out;
    std::size_t looked = 0;
    list_key last;
    while (out.matching.size() < rows_max && row.step()) {
        ++looked;
        last = {row.integer(1), row.text(0)};
        if (row.integer(2) != 0) out.matching.push_back(last.id);
    }
    // Fewer than asked for and no stop before: the list is at its end.
    if (looked == looks_max || out.matching.size() == rows_max) out.resume = std::move(last);
    return out;
}

} // namespace

chunk<call::call_record> reads::list_calls(
    service::call_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max)
{
    auto keys = look(db_, calls_query(filter, before, looks_max), std::min(rows_max, records_max));
    chunk<call::call_record> out{{}, std::move(keys.resume)};
    for (auto& id : keys.matching)
        if (auto record = call(base::call_id{std::move(id)})) out.rows.push_back(std::move(*record));
    return out;
}

chunk<call::room_record> reads::list_appointments(
    service::appointment_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max)
{
    auto keys = look(db_, appointments_query(filter, before, looks_max), std::min(rows_max, records_max));
    chunk<call::room_record> out{{}, std::move(keys.resume)};
    for (auto& id : keys.matching) out.rows.push_back(room(base::appointment_id{std::move(id)}));
    return out;
}

} // namespace rendezvous::store::sqlite
