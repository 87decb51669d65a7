#include "rendezvous/protocol/alias_types.hpp"
#include "rest_calls.hpp"

#include <array>

// Routes under the names of older systems: the canonical route, its answer with other field names.

namespace rendezvous::net {
namespace {

constexpr auto history_columns =
    std::to_array<std::string_view>({"call_id", "appointment_id", "call_type", "status", "caller_id", "start_time",
        "connected_time", "end_time", "end_reason", "duration_seconds", "billable_seconds", "participants.user_id",
        "participants.role", "participants.name", "participants.joined_at", "participants.left_at"});

/// Of the caller; a booking system has no calls of its own and sees all.
service::call_filter own_calls(rest_call const& c)
{
    service::call_filter out;
    if (c.caller.bearer) out.user = c.caller.bearer->user;
    return out;
}

service::task<list_page> history_page(rest_call c, service::call_filter filter)
{
    auto page = co_await visible_calls(c, filter);
    if (!page) co_return page.error();
    co_return list_page{protocol::alias_calls_json(page->rows), page->rows.size(), page->next};
}

} // namespace

rest_reply alias_end_call(rest_call c)
{
    auto ended = co_await end_by_id(c);
    if (!ended.call) co_return ended.refusal;
    auto reply = json_reply(200, protocol::alias_call_json(*ended.call));
    if (ended.replayed) reply.headers.emplace_back("Idempotency-Replayed", "true");
    co_return reply;
}

rest_reply alias_call_info(rest_call c)
{
    auto call = co_await load_call(c);
    if (!call) co_return problem_reply(c, base::to_errc(call.error()));
    co_return cached_reply(c, protocol::call_info_json(*call, c.house->public_url));
}

rest_reply alias_active_call(rest_call c)
{
    auto filter = own_calls(c);
    filter.states = {call::call_state::waiting, call::call_state::active};
    filter.rows_max = 1;
    auto page = co_await visible_calls(c, filter);
    if (!page) co_return problem_reply(c, base::to_errc(page.error()));
    co_return cached_reply(c, page->rows.empty() ? "null" : protocol::alias_call_json(page->rows.front()));
}

rest_reply alias_call_history(rest_call c)
{
    query_reader query(c);
    auto const asked = read_list_request(c, query);
    if (!query.ok()) co_return query.refusal();
    auto const read = [c](std::size_t rows_max, std::optional<std::string> after) {
        auto filter = own_calls(c);
        filter.rows_max = rows_max;
        filter.after = std::move(after);
        return history_page(c, std::move(filter));
    };
    list_shape const shape{"calls", history_columns};
    auto reply = co_await list_reply(c, asked, shape, read);
    co_return reply;
}

} // namespace rendezvous::net
