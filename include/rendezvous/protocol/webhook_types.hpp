#pragma once

#include "rendezvous/protocol/rest_types.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

/// The bodies about webhooks and events (docs/webhooks.md). Pure functions. Thread: any.
namespace rendezvous::protocol {

struct webhook_item {
    std::string id;
    std::string url;
    std::vector<std::string> events; ///< empty: all
    std::string status;
    std::string secret; ///< shown where it was made; empty: left out. Never to be logged
    std::optional<base::utc_time> previous_secret_until;
    std::optional<base::utc_time> failing_since;
    base::utc_time created_at{};
};
struct event_item {
    std::string id;
    std::string type;
    base::utc_time at{};
    std::string data; ///< a JSON object as stored; anything else is shown as {}
};
struct delivery_item {
    event_item event; ///< its id is the delivery's too; `data` is not shown
    std::string state;
    unsigned attempts = 0;
    std::optional<base::utc_time> next_at; ///< while it is on its way
    std::optional<base::utc_time> tried_at;
    unsigned http_status = 0; ///< 0: left out
    std::string error;        ///< empty: left out
};
std::string webhook_json(webhook_item const& w);
std::string webhooks_json(std::vector<webhook_item> const& list);
std::string event_json(event_item const& e);
std::string events_json(std::vector<event_item> const& list);
std::string deliveries_json(std::vector<delivery_item> const& list);

struct webhook_body {
    std::string url;
    std::vector<std::string> events;
};
struct webhook_patch {
    std::optional<std::string> url;
    std::optional<std::vector<std::string>> events;
    std::optional<bool> enabled; ///< `status`: active or disabled
};
struct rotate_body {
    std::chrono::seconds previous_for{86'400}; ///< how long the secret until now signs too
};
body<webhook_body> parse_webhook(std::string_view text, std::size_t depth_max = 16);
body<webhook_patch> parse_webhook_patch(std::string_view text, std::size_t depth_max = 16);
/// An empty body is `{}`.
body<rotate_body> parse_rotate(std::string_view text, std::size_t depth_max = 16);

/// Whether events of that type are told, by this version or a later one.
bool is_event_type(std::string_view type);

} // namespace rendezvous::protocol
