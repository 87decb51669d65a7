#include "rendezvous/protocol/rest_types.hpp"

#include "json_scan.hpp"
#include "json_writer.hpp"
#include "object_json.hpp"
#include "rendezvous/protocol/error_map.hpp"

namespace rendezvous::protocol {
namespace {

constexpr std::size_t object_bytes = 1024;
constexpr std::size_t small_bytes = 256;

template <class T>
std::string one(T const& value)
{
    json_writer w(object_bytes);
    write(w, value);
    return w.take();
}

template <class T>
std::string list(std::vector<T> const& values)
{
    json_writer w(object_bytes * (values.size() + 1));
    w.begin_array();
    for (auto const& value : values) write(w, value);
    return w.end_array().take();
}

void write_event(json_writer& w, call_event_item const& row)
{
    w.begin_object();
    w.number("seq", row.seq);
    w.time("at", row.at);
    w.text("type", row.type);
    if (row.participant) w.text("participantId", row.participant->str());
    w.raw("data", is_utf8(row.data) && scan_object(row.data, 16) ? std::string_view(row.data) : "{}");
    w.text("hash", row.hash);
    w.end_object();
}

void write_media_constraints(json_writer& w)
{
    w.key("mediaConstraints").begin_object();
    w.key("audio").begin_object();
    w.flag("echoCancellation", true).flag("noiseSuppression", true).flag("autoGainControl", true).end_object();
    w.key("video").begin_object();
    w.key("width").begin_object().number("ideal", 1280).end_object();
    w.key("height").begin_object().number("ideal", 720).end_object();
    w.key("frameRate").begin_object().number("ideal", 30).number("max", 30).end_object();
    w.end_object().end_object();
}

void write_clinic(json_writer& w, webrtc_config const& c)
{
    w.key("clinic").begin_object();
    w.text("name", c.clinic_name);
    w.text("logo", c.clinic_logo);
    w.text("supportPhone", c.support_phone);
    w.text("emergencyNumber", c.emergency_number);
    w.text("locale", c.locale);
    w.end_object();
}

void write_errors(json_writer& w, std::vector<field_error> const& errors)
{
    w.key("errors").begin_array();
    for (auto const& e : errors) w.begin_object().text("pointer", e.pointer).text("detail", e.detail).end_object();
    w.end_array();
}

} // namespace

std::string appointment_json(call::appointment_view const& view)
{
    return one(view);
}

std::string appointments_json(std::vector<call::appointment_view> const& views)
{
    return list(views);
}

std::string call_json(call::call_record const& record)
{
    return one(record);
}

std::string calls_json(std::vector<call::call_record> const& records)
{
    return list(records);
}

std::string call_status_json(call::appointment_view const& view, call::call_record const* newest)
{
    json_writer w(object_bytes);
    w.begin_object();
    w.text("appointmentId", view.appointment.id.str());
    write_call_summary(w, view);
    write_possibilities(w, view);
    w.time("opensAt", view.appointment.opens_at);
    w.time("closesAt", view.appointment.closes_at);
    w.key("call");
    if (newest)
        write(w, *newest);
    else
        w.raw("null");
    return w.end_object().take();
}

std::string call_events_json(std::vector<call_event_item> const& rows)
{
    json_writer w(small_bytes * (rows.size() + 1));
    w.begin_array();
    for (auto const& row : rows) write_event(w, row);
    return w.end_array().take();
}

std::string invite_created_json(invite_created const& i)
{
    json_writer w(small_bytes);
    w.begin_object();
    w.text("inviteId", i.invite_id);
    w.text("url", i.url);
    w.text("code", i.code);
    w.time("expiresAt", i.expires_at);
    return w.end_object().take();
}

std::string invites_json(std::vector<invite_item> const& list)
{
    json_writer w(small_bytes * (list.size() + 1));
    w.begin_array();
    for (auto const& i : list) {
        w.begin_object();
        w.text("inviteId", i.invite_id);
        w.text("userId", i.user.str());
        w.time("createdAt", i.created_at);
        w.time("expiresAt", i.expires_at);
        w.time_if("revokedAt", i.revoked_at);
        w.text("status", i.status);
        w.flag("pin", i.has_pin);
        w.time_if("redeemedAt", i.redeemed_at);
        w.number("redeemedCount", i.redeemed_count);
        w.end_object();
    }
    return w.end_array().take();
}

std::string invite_redeemed_json(invite_redeemed const& i)
{
    json_writer w(object_bytes);
    w.begin_object();
    w.text("token", i.token);
    w.time("expiresAt", i.expires_at);
    w.text("appointmentId", i.appointment.str());
    w.text("userId", i.user.str());
    w.word("role", i.role);
    return w.end_object().take();
}

std::string webrtc_config_json(webrtc_config const& c)
{
    json_writer w(object_bytes);
    w.begin_object();
    w.key("iceServers");
    write(w, c.ice_servers);
    write_media_constraints(w);
    w.key("features").begin_array();
    for (auto const& feature : c.features) w.text(feature);
    w.end_array();
    w.key("limits");
    write(w, c.limits);
    write_clinic(w, c);
    return w.end_object().take();
}

std::string problem_json(problem const& p)
{
    auto const& description = describe(p.code);
    json_writer w(small_bytes);
    w.begin_object();
    w.text("type", "/problems/" + std::string(description.wire));
    w.text("title", description.title);
    w.number("status", description.http_status);
    w.text("detail", p.detail.empty() ? base::make_error_code(p.code).message() : p.detail);
    if (!p.instance.empty()) w.text("instance", p.instance);
    w.text("code", description.wire);
    w.text("requestId", p.request_id);
    w.time_if("opensAt", p.opens_at);
    w.time_if("closesAt", p.closes_at);
    if (p.tries_left) {
        w.number("triesLeft", *p.tries_left);
        w.flag("locked", *p.tries_left == 0);
    }
    if (!p.errors.empty()) write_errors(w, p.errors);
    for (auto const& [name, value] : p.extra) w.text(name, value);
    return w.end_object().take();
}

} // namespace rendezvous::protocol
