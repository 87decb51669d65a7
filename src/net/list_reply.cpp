#include "list_reply.hpp"

#include <algorithm>
#include <limits>
#include <memory>

namespace rendezvous::net {
namespace {

using base::errc;
using protocol::list_form;

constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

/// A list on its way out: the page that was read and not sent yet, and what is left to read.
struct outgoing_list {
    list_request asked;
    list_shape shape;
    page_reader read;
    list_page page;
    std::size_t rows_left = 0;
    bool begun = false;
    bool over = false;
};

/// Rows of one page of a long answer: few enough that making their text does not hold up the calls
/// on the same shard.
constexpr std::size_t piece_rows = 50;

service::task<list_page> read_more(std::shared_ptr<outgoing_list> list, std::optional<std::string> after)
{
    auto const rows = std::min(list->rows_left, piece_rows);
    auto page = co_await list->read(rows, after);
    if (page) list->rows_left -= std::min(list->rows_left, page->count);
    co_return page;
}

std::string opening(outgoing_list const& list)
{
    if (list.asked.form != list_form::csv) return {};
    std::string out(list.asked.byte_order_mark ? utf8_mark : std::string_view{});
    return out + protocol::csv_header(list.shape.columns);
}

/// The text of the page at hand; reads the next one first if there is none. Empty at the end.
service::task<std::string> next_piece(std::shared_ptr<outgoing_list> list)
{
    std::string out;
    while (out.empty() && !list->over) {
        if (list->begun) {
            auto const after = list->page.next;
            auto page = co_await read_more(list, after);
            if (!page) co_return page.error();
            list->page = std::move(*page);
        } else {
            out = opening(*list);
        }
        list->begun = true;
        list->over = !list->page.next || list->rows_left == 0;
        out += protocol::list_lines(list->asked.form, list->page.rows, list->shape.columns);
    }
    co_return out;
}

http_response file_reply(std::shared_ptr<outgoing_list> const& list)
{
    bool const csv = list->asked.form == list_form::csv;
    http_response out;
    out.headers.emplace_back("Content-Type", csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson");
    auto const file = std::string(list->shape.name) + (csv ? ".csv" : ".ndjson");
    out.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + file + "\"");
    out.headers.emplace_back("Cache-Control", "no-store");
    out.source = [list] { return next_piece(list); };
    return out;
}

http_response refused_page(rest_call const& c, errc why)
{
    return why == errc::bad_field ? invalid_query(c, "after", "not a cursor") : problem_reply(c, why);
}

} // namespace

list_request read_list_request(rest_call const& c, query_reader& query)
{
    list_request out;
    out.form = protocol::accepted_form(c.request->header("accept"));
    bool const whole = out.form != list_form::json;
    if (whole) out.rows_max = std::numeric_limits<std::size_t>::max();
    query.read_whole("limit", 1, whole ? file_rows_max : base::limits::page_rows_max, out.rows_max);
    out.after = c.query("after");
    std::size_t mark = 0;
    query.read_whole("bom", 0, 1, mark);
    out.byte_order_mark = mark == 1;
    return out;
}

rest_reply list_reply(rest_call c, list_request asked, list_shape shape, page_reader read)
{
    if (asked.form == list_form::json) {
        auto page = co_await read(asked.rows_max, asked.after);
        if (!page) co_return refused_page(c, base::to_errc(page.error()));
        auto reply = cached_reply(c, std::move(page->rows));
        reply.headers.emplace_back("Vary", "Accept");
        add_next_link(reply, c, page->next);
        co_return reply;
    }
    // The first page is read before anything is sent, so that what is wrong can still be said.
    auto list = std::make_shared<outgoing_list>();
    list->asked = asked;
    list->shape = shape;
    list->read = std::move(read);
    list->rows_left = asked.rows_max;
    auto first = co_await read_more(list, asked.after);
    if (!first) co_return refused_page(c, base::to_errc(first.error()));
    list->page = std::move(*first);
    auto reply = file_reply(list);
    reply.headers.emplace_back("Vary", "Accept");
    co_return reply;
}

} // namespace rendezvous::net
