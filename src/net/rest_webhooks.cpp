#include "list_reply.hpp"

#include "rendezvous/protocol/webhook_types.hpp"

#include <algorithm>
#include <array>

// Webhooks: where events are delivered to, and what became of the deliveries. The feed of events
// for those who cannot be called.

namespace rendezvous::net {
namespace {

using base::errc;
using service::webhook_row;

constexpr std::size_t secret_bytes = 32;

protocol::webhook_item shown(webhook_row const& row, bool with_secret, base::utc_time now)
{
    protocol::webhook_item out{
        row.id, row.url, row.events, std::string(call::to_word(row.status)), {}, {}, row.failing_since, row.created_at};
    if (with_secret) out.secret = row.secret;
    if (row.previous_until && *row.previous_until > now) out.previous_secret_until = row.previous_until;
    return out;
}

protocol::event_item shown(service::event_row const& row)
{
    return {row.id, row.type, row.at, row.data};
}

protocol::delivery_item shown(service::delivery_row const& row)
{
    protocol::delivery_item out{shown(row.event), std::string(call::to_word(row.state)), row.attempts, {}, row.tried_at,
        row.http_status, row.error};
    if (row.state == service::delivery_state::pending) out.next_at = row.next_at;
    return out;
}

/// `whsec_` and base64, as Standard Webhooks wants it.
std::string new_secret(session_context& house)
{
    auto text = house.ids.secret(secret_bytes);
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
    return "whsec_" + text;
}

/// What is wrong with a URL to deliver to, if anything.
std::optional<http_response> url_refusal(rest_call const& c, std::string const& url)
{
    auto const checked = c.house->check_webhook_url(url);
    if (checked) return std::nullopt;
    protocol::body_refusal refusal;
    bool const forbidden = base::to_errc(checked.error()) == errc::forbidden;
    refusal.errors.push_back(
        {"/url", forbidden ? "must be https and lead outside, or stand in webhooks.allowed_private_hosts"
                           : "must be an absolute https URL without user and password"});
    return refusal_reply(c, refusal);
}

service::task<webhook_row> change(rest_call c, std::string id, service::webhook_change what)
{
    auto& events = *c.house->events;
    std::function<void(service::completion<webhook_row>)> begin = [&events, id, what](auto done) {
        events.change_webhook(id, what, std::move(done));
    };
    auto row = co_await service::later<webhook_row>(begin);
    co_return row;
}

http_response no_content()
{
    http_response out;
    out.status = 204;
    return out;
}

constexpr auto event_columns = std::to_array<std::string_view>({"id", "type", "timestamp", "data"});
constexpr auto webhook_columns = std::to_array<std::string_view>(
    {"id", "url", "events", "status", "previousSecretUntil", "failingSince", "createdAt"});
constexpr auto delivery_columns = std::to_array<std::string_view>(
    {"id", "type", "timestamp", "state", "attempts", "nextAt", "triedAt", "httpStatus", "error"});

service::task<list_page> webhooks_page(rest_call c)
{
    auto& events = *c.house->events;
    std::function<void(service::completion<std::vector<webhook_row>>)> begin = [&events](auto done) {
        events.list_webhooks(std::move(done));
    };
    auto rows = co_await service::later<std::vector<webhook_row>>(begin);
    if (!rows) co_return rows.error();
    std::vector<protocol::webhook_item> items;
    for (auto const& row : *rows) items.push_back(shown(row, false, c.now()));
    co_return list_page{protocol::webhooks_json(items), items.size(), std::nullopt};
}

service::task<list_page> deliveries_page(rest_call c, std::size_t rows_max, std::optional<std::string> after)
{
    auto& events = *c.house->events;
    using rows_type = std::vector<service::delivery_row>;
    std::function<void(service::completion<rows_type>)> begin = [&events, id = c.captures[0], rows_max, after](
                                                                    auto done) {
        events.list_deliveries(id, after, rows_max, std::move(done));
    };
    auto rows = co_await service::later<rows_type>(begin);
    if (!rows) co_return rows.error();
    std::vector<protocol::delivery_item> items;
    for (auto const& row : *rows) items.push_back(shown(row));
    list_page out{protocol::deliveries_json(items), items.size(), std::nullopt};
    if (rows->size() == rows_max) out.next = rows->back().event.id;
    co_return out;
}

service::task<list_page> events_page(rest_call c, service::event_filter filter)
{
    auto& events = *c.house->events;
    using rows_type = std::vector<service::event_row>;
    std::function<void(service::completion<rows_type>)> begin = [&events, filter](auto done) {
        events.list_events(filter, std::move(done));
    };
    auto rows = co_await service::later<rows_type>(begin);
    if (!rows) co_return rows.error();
    std::vector<protocol::event_item> items;
    for (auto const& row : *rows) items.push_back(shown(row));
    list_page out{protocol::events_json(items), items.size(), std::nullopt};
    if (rows->size() == filter.rows_max) out.next = rows->back().id;
    co_return out;
}

} // namespace

rest_reply create_webhook(rest_call c)
{
    auto body = protocol::parse_webhook(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);
    if (auto refused = url_refusal(c, body->url)) co_return std::move(*refused);
    auto& house = *c.house;
    webhook_row row;
    row.id = house.ids.uuid(c.now());
    row.url = body->url;
    row.events = body->events;
    row.secret = new_secret(house);
    row.created_at = c.now();
    std::function<void(service::completion<void>)> begin = [&house, row](auto done) {
        house.events->put_webhook(row, std::move(done));
    };
    auto stored = co_await service::later<void>(begin);
    if (!stored) co_return problem_reply(c, base::to_errc(stored.error()));
    co_return json_reply(201, protocol::webhook_json(shown(row, true, c.now())));
}

rest_reply list_webhooks(rest_call c)
{
    query_reader query(c);
    auto const asked = read_list_request(c, query);
    if (!query.ok()) co_return query.refusal();
    auto const read = [c](std::size_t, std::optional<std::string>) { return webhooks_page(c); };
    list_shape const shape{"webhooks", webhook_columns};
    auto reply = co_await list_reply(c, asked, shape, read);
    co_return reply;
}

rest_reply change_webhook(rest_call c)
{
    auto body = protocol::parse_webhook_patch(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);
    if (body->url) {
        if (auto refused = url_refusal(c, *body->url)) co_return std::move(*refused);
    }
    service::webhook_change what;
    what.url = body->url;
    what.events = body->events;
    if (body->enabled)
        what.status = *body->enabled ? service::webhook_status::active : service::webhook_status::disabled;
    auto const id = c.captures[0];
    auto row = co_await change(c, id, what);
    if (!row) co_return problem_reply(c, base::to_errc(row.error()));
    co_return json_reply(200, protocol::webhook_json(shown(*row, false, c.now())));
}

rest_reply delete_webhook(rest_call c)
{
    auto& house = *c.house;
    std::function<void(service::completion<void>)> begin = [&house, id = c.captures[0], now = c.now()](auto done) {
        house.events->delete_webhook(id, now, std::move(done));
    };
    auto deleted = co_await service::later<void>(begin);
    if (!deleted) co_return problem_reply(c, base::to_errc(deleted.error()));
    co_return no_content();
}

/// An event for this webhook alone, so that its receiver can be tried; a disabled one gets it later.
rest_reply test_webhook(rest_call c)
{
    auto const id = c.captures[0];
    service::webhook_change nothing;
    auto row = co_await change(c, id, nothing);
    if (!row) co_return problem_reply(c, base::to_errc(row.error()));
    auto& house = *c.house;
    auto const data = R"({"webhookId":")" + row->id + R"("})";
    std::function<void(service::completion<service::event_row>)> begin = [&house, id, data, now = c.now()](auto done) {
        house.events->append_event("webhook.test", data, now, id, std::move(done));
    };
    auto event = co_await service::later<service::event_row>(begin);
    if (!event) co_return problem_reply(c, base::to_errc(event.error()));
    co_return json_reply(201, protocol::event_json(shown(*event)));
}

rest_reply rotate_webhook_secret(rest_call c)
{
    auto body = protocol::parse_rotate(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);
    service::webhook_change what;
    what.rotate = {new_secret(*c.house), c.now() + body->previous_for};
    auto const id = c.captures[0];
    auto row = co_await change(c, id, what);
    if (!row) co_return problem_reply(c, base::to_errc(row.error()));
    co_return json_reply(200, protocol::webhook_json(shown(*row, true, c.now())));
}

rest_reply list_deliveries(rest_call c)
{
    query_reader query(c);
    auto const asked = read_list_request(c, query);
    if (!query.ok()) co_return query.refusal();
    auto const read = [c](std::size_t rows_max, std::optional<std::string> after) {
        return deliveries_page(c, rows_max, std::move(after));
    };
    list_shape const shape{"deliveries", delivery_columns};
    auto reply = co_await list_reply(c, asked, shape, read);
    co_return reply;
}

rest_reply redeliver(rest_call c)
{
    auto& house = *c.house;
    std::function<void(service::completion<void>)> begin = [&house, id = c.captures[0], event = c.captures[1],
                                                               now = c.now()](auto done) {
        house.events->redeliver(id, event, now, std::move(done));
    };
    auto done = co_await service::later<void>(begin);
    if (!done) co_return problem_reply(c, base::to_errc(done.error()));
    co_return no_content();
}

rest_reply list_events(rest_call c)
{
    query_reader query(c);
    auto const asked = read_list_request(c, query);
    if (!query.ok()) co_return query.refusal();
    auto const type = c.query("type");
    if (type && !protocol::is_event_type(*type)) co_return invalid_query(c, "type", "is no type of event");
    auto const read = [c, type](std::size_t rows_max, std::optional<std::string> after) {
        service::event_filter filter{std::move(after), type, rows_max};
        return events_page(c, std::move(filter));
    };
    list_shape const shape{"events", event_columns};
    auto reply = co_await list_reply(c, asked, shape, read);
    co_return reply;
}

} // namespace rendezvous::net
