#include "audit_items.hpp"
#include "list_reply.hpp"

#include <array>

// The account: who read or changed what, about whom.

namespace rendezvous::net {
namespace {

constexpr auto columns = std::to_array<std::string_view>({"seq", "at", "actorKind", "actor", "actorRef", "action",
    "object", "subject", "subjectRef", "outcome", "ipPrefix", "requestId", "reason", "hash"});
constexpr std::size_t word_chars_max = 255;

service::task<list_page> audit_page(rest_call c, service::audit_filter filter)
{
    auto& house = *c.house;
    std::function<void(service::completion<service::page<service::audit_row>>)> begin = [&house, filter](auto done) {
        house.audit->list_audit(filter, std::move(done));
    };
    auto page = co_await service::later<service::page<service::audit_row>>(begin);
    if (!page) co_return page.error();
    std::vector<protocol::audit_item> items;
    for (auto const& row : page->rows) items.push_back(item_of(row));
    co_return list_page{protocol::audit_json(items), items.size(), page->next};
}

} // namespace

rest_reply list_audit(rest_call c)
{
    service::audit_filter filter;
    query_reader query(c);
    query.read("from", filter.from);
    query.read("to", filter.to);
    query.read("subject", filter.subject);
    filter.actor = c.query("actor");
    filter.action = c.query("action");
    auto const asked = read_list_request(c, query);
    if (!query.ok()) co_return query.refusal();
    if (filter.actor && (filter.actor->empty() || filter.actor->size() > word_chars_max))
        co_return invalid_query(c, "actor", "a user id or the name of an API key is expected");
    if (filter.action && (filter.action->empty() || filter.action->size() > word_chars_max))
        co_return invalid_query(c, "action", "unknown value");

    auto const read = [c, filter](std::size_t rows_max, std::optional<std::string> after) {
        auto some = filter;
        some.rows_max = rows_max;
        some.after = std::move(after);
        return audit_page(c, std::move(some));
    };
    list_shape const shape{"audit", columns};
    auto reply = co_await list_reply(c, asked, shape, read);
    co_return reply;
}

} // namespace rendezvous::net
