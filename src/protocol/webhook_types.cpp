#include "rendezvous/protocol/webhook_types.hpp"

#include "body_reader.hpp"
#include "json_scan.hpp"
#include "json_writer.hpp"

#include <algorithm>
#include <array>

namespace rendezvous::protocol {
namespace {

constexpr std::size_t object_bytes = 512;
constexpr std::size_t url_bytes_max = 2'048;
constexpr unsigned previous_days_max = 7;

constexpr auto event_types = std::to_array<std::string_view>({"appointment.arrived", "appointment.fulfilled",
    "appointment.noshow", "call.queued", "call.waiting", "call.active", "call.ended", "call.participant_joined",
    "call.participant_left", "call.media_connected", "call.quality_degraded", "call.fallback_started",
    "consent.granted", "consent.revoked", "recording.started", "recording.completed", "recording.failed",
    "recording.deleted", "transcript.completed", "assistant.escalated", "chat.message_created", "agent.status_changed",
    "queue.wait_exceeded", "access.override", "subject.erased", "audit.checkpoint", "webhook.test"});

void write(json_writer& w, webhook_item const& item)
{
    w.begin_object().text("id", item.id).text("url", item.url);
    w.key("events").begin_array();
    for (auto const& type : item.events) w.text(type);
    w.end_array().text("status", item.status);
    if (!item.secret.empty()) w.text("secret", item.secret);
    if (item.previous_secret_until) w.time("previousSecretUntil", *item.previous_secret_until);
    if (item.failing_since) w.time("failingSince", *item.failing_since);
    w.time("createdAt", item.created_at);
    w.end_object();
}

void write(json_writer& w, event_item const& item)
{
    w.begin_object().text("id", item.id).text("type", item.type);
    w.time("timestamp", item.at);
    w.raw("data", is_utf8(item.data) && scan_object(item.data, 16) ? std::string_view(item.data) : "{}");
    w.end_object();
}

void write(json_writer& w, delivery_item const& item)
{
    w.begin_object().text("id", item.event.id).text("type", item.event.type);
    w.time("timestamp", item.event.at);
    w.text("state", item.state).number("attempts", item.attempts);
    if (item.next_at) w.time("nextAt", *item.next_at);
    if (item.tried_at) w.time("triedAt", *item.tried_at);
    if (item.http_status > 0) w.number("httpStatus", item.http_status);
    if (!item.error.empty()) w.text("error", item.error);
    w.end_object();
}

template <class T>
std::string one(T const& value)
{
    json_writer w(object_bytes);
    write(w, value);
    return w.take();
}

template <class T>
std::string list_of(std::vector<T> const& values)
{
    json_writer w(object_bytes * (values.size() + 1));
    w.begin_array();
    for (auto const& value : values) write(w, value);
    return w.end_array().take();
}

template <class T, class Read>
body<T> read_object(std::string_view text, std::size_t depth_max, Read read)
{
    body<T> out;
    auto const object = parse_object(text, depth_max);
    if (!object) {
        out.refusal.code = base::errc::bad_json;
        return out;
    }
    body_reader in(*object, {}, out.refusal.errors);
    T value = read(in);
    in.finish();
    if (out.refusal.errors.empty()) out.value = std::move(value);
    return out;
}

std::optional<std::vector<std::string>> read_events(body_reader& in)
{
    auto const* const list = in.value("events");
    if (!list) return std::nullopt;
    std::vector<std::string> out;
    bool const plain = list->is_array() && list->size() <= event_types.size()
                       && std::all_of(list->begin(), list->end(), [](auto const& each) { return each.is_string(); });
    if (!plain) {
        in.refuse("events", "must be a list of event types");
        return std::nullopt;
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
        out.push_back((*list)[i].template get<std::string>());
        if (!is_event_type(out.back()))
            in.errors().push_back({in.pointer("events") + '/' + std::to_string(i), "is no type of event"});
    }
    return out;
}

} // namespace

std::string webhook_json(webhook_item const& w)
{
    return one(w);
}

std::string webhooks_json(std::vector<webhook_item> const& list)
{
    return list_of(list);
}

std::string event_json(event_item const& e)
{
    return one(e);
}

std::string events_json(std::vector<event_item> const& list)
{
    return list_of(list);
}

std::string deliveries_json(std::vector<delivery_item> const& list)
{
    return list_of(list);
}

body<webhook_body> parse_webhook(std::string_view text, std::size_t depth_max)
{
    return read_object<webhook_body>(text, depth_max, [](body_reader& in) {
        in.require("url");
        webhook_body out;
        out.url = in.line("url", url_bytes_max).value_or(std::string());
        out.events = read_events(in).value_or(std::vector<std::string>());
        return out;
    });
}

body<webhook_patch> parse_webhook_patch(std::string_view text, std::size_t depth_max)
{
    return read_object<webhook_patch>(text, depth_max, [](body_reader& in) {
        webhook_patch out;
        out.url = in.line("url", url_bytes_max);
        out.events = read_events(in);
        auto const status = in.text("status");
        if (status && *status != "active" && *status != "disabled")
            in.refuse("status", "must be one of active disabled");
        else if (status)
            out.enabled = *status == "active";
        return out;
    });
}

body<rotate_body> parse_rotate(std::string_view text, std::size_t depth_max)
{
    bool const nothing = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
    return read_object<rotate_body>(nothing ? std::string_view("{}") : text, depth_max, [](body_reader& in) {
        rotate_body out;
        if (auto const seconds = in.whole("previousForSeconds", 0, previous_days_max * 86'400))
            out.previous_for = std::chrono::seconds{*seconds};
        return out;
    });
}

bool is_event_type(std::string_view type)
{
    return std::find(event_types.begin(), event_types.end(), type) != event_types.end();
}

} // namespace rendezvous::protocol
