#include "rendezvous/protocol/server_message.hpp"

#include "json_writer.hpp"
#include "object_json.hpp"
#include "rendezvous/protocol/error_map.hpp"

#include <array>
#include <cassert>
#include <variant>

namespace rendezvous::protocol {
namespace {

constexpr std::size_t small_message = 160;
constexpr std::size_t event_bytes = 1024; // a call of two with room to spare

constexpr auto reset_words = std::to_array<std::string_view>({"new", "expired", "overflow", "restart"});

json_writer begin(std::string_view type, std::size_t reserve)
{
    json_writer w(reserve);
    w.begin_object().plain("type", type);
    return w;
}

void write_re(json_writer& w, std::string_view re)
{
    if (re.empty())
        w.null("re");
    else
        w.text("re", re);
}

json_writer begin_ok(std::uint64_t seq, std::string_view re, std::uint64_t received, std::size_t reserve)
{
    auto w = begin("ok", reserve);
    w.number("seq", seq);
    write_re(w, re);
    w.number("received", received);
    return w;
}

void write_error(json_writer& w, std::string_view re, base::errc code, std::string_view text,
    std::optional<base::milliseconds> retry_after)
{
    auto const& description = describe(code);
    write_re(w, re);
    w.text("code", description.wire);
    w.text("message", text.empty() ? base::make_error_code(code).message() : std::string(text));
    w.flag("retryable", description.retryable);
    if (retry_after) w.span_ms("retryAfterMs", *retry_after);
}

/// Room for everything but the opaque bytes themselves.
std::size_t bytes_of(call::opaque const& bytes)
{
    return bytes ? bytes->size() : 0;
}

struct event_writer {
    std::uint64_t seq;

    json_writer begin_room_event(std::string_view type, std::uint64_t rev, std::size_t reserve) const
    {
        auto w = begin(type, reserve);
        w.number("seq", seq).number("rev", rev);
        return w;
    }

    std::string operator()(call::events::active_call const& e) const
    {
        auto w = begin_room_event("activeCall", e.rev, event_bytes);
        w.key("call");
        write(w, e.call);
        return w.end_object().take();
    }

    std::string operator()(call::events::joiner_connected const& e) const
    {
        auto w = begin_room_event("joinerConnected", e.rev, event_bytes + bytes_of(e.offer));
        w.key("call");
        write(w, e.call);
        w.key("participant");
        write(w, e.participant);
        if (e.offer) w.raw("offer", *e.offer);
        if (e.moved) w.flag("moved", true);
        return w.end_object().take();
    }

    std::string operator()(call::events::signal const& e) const
    {
        auto w = begin("signal", small_message + bytes_of(e.data));
        w.number("seq", seq);
        w.plain("from", e.from.str());
        w.plain("callId", e.call.str());
        w.number("order", e.order);
        w.raw("data", e.data ? std::string_view(*e.data) : std::string_view("null"));
        return w.end_object().take();
    }

    std::string operator()(call::events::participant_changed const& e) const
    {
        auto w = begin_room_event("participant", e.rev, event_bytes);
        w.word("change", e.change);
        w.key("participant");
        write(w, e.participant);
        if (e.reset) w.flag("reset", true);
        return w.end_object().take();
    }

    std::string operator()(call::events::call_ended const& e) const
    {
        auto w = begin_room_event("callEnded", e.rev, small_message);
        w.text("callId", e.call.str());
        w.word("endReason", e.reason);
        w.span_s("durationSeconds", e.duration);
        return w.end_object().take();
    }

    std::string operator()(call::events::appointment_changed const& e) const
    {
        auto w = begin_room_event("appointment", e.rev, event_bytes);
        w.key("appointment");
        write(w, e.appointment);
        if (e.warning) {
            w.word("warning", *e.warning);
            w.span_ms("inMs", e.in);
        }
        return w.end_object().take();
    }
};

void write_heartbeat(json_writer& w, heartbeat_times const& h)
{
    w.key("heartbeat").begin_object();
    w.span_ms("everyMs", h.every);
    w.span_ms("timeoutMs", h.timeout);
    w.span_ms("deadAfterMs", h.dead_after);
    w.end_object();
}

void write_appointments(json_writer& w, std::vector<call::appointment_view> const& list)
{
    w.key("appointments").begin_array();
    for (auto const& view : list) write(w, view);
    w.end_array();
}

} // namespace

std::string registered_message(registration const& r)
{
    auto w = begin("registered", 4096);
    write_re(w, r.re);
    w.text("sessionId", r.session.str());
    w.text("resumeKey", r.resume_key);
    w.flag("resumed", r.resumed);
    w.number("received", r.received);
    if (r.reason) w.text("reason", reset_words[static_cast<std::size_t>(*r.reason)]);
    w.key("you");
    write(w, r.you);
    if (r.room) {
        w.key("room");
        write(w, *r.room);
    }
    if (r.appointments) write_appointments(w, *r.appointments);
    w.key("iceServers");
    write(w, r.ice_servers);
    if (r.relay_only) w.text("iceTransportPolicy", "relay");
    w.key("limits");
    write(w, r.limits);
    write_heartbeat(w, r.heartbeat);
    w.time("serverTime", r.server_time);
    return w.end_object().take();
}

std::string ok_message(std::uint64_t seq, std::string_view re, std::uint64_t received)
{
    return begin_ok(seq, re, received, small_message).end_object().take();
}

std::string ok_message(std::uint64_t seq, std::string_view re, std::uint64_t received, call::outcome const& o)
{
    assert(o.call);
    auto w = begin_ok(seq, re, received, event_bytes);
    w.key("call");
    write(w, *o.call);
    w.number("order", o.order);
    w.flag("joinedExisting", o.joined_existing);
    w.flag("reattached", o.reattached);
    w.flag("offerRelayed", o.offer_relayed);
    return w.end_object().take();
}

std::string ok_message(
    std::uint64_t seq, std::string_view re, std::uint64_t received, std::vector<ice_server> const& servers)
{
    auto w = begin_ok(seq, re, received, event_bytes);
    w.key("iceServers");
    write(w, servers);
    return w.end_object().take();
}

std::string error_message(std::uint64_t seq, std::string_view re, std::uint64_t received, base::errc code,
    std::string_view text, std::optional<base::milliseconds> retry_after)
{
    auto w = begin("error", 2 * small_message);
    w.number("seq", seq);
    write_error(w, re, code, text, retry_after);
    w.number("received", received);
    return w.end_object().take();
}

std::string register_error_message(
    std::string_view re, base::errc code, std::string_view text, std::optional<base::milliseconds> retry_after)
{
    auto w = begin("error", 2 * small_message);
    write_error(w, re, code, text, retry_after);
    return w.end_object().take();
}

std::string event_message(std::uint64_t seq, call::event const& event)
{
    return std::visit(event_writer{seq}, event);
}

std::string token_expiring_message(std::uint64_t seq, base::milliseconds in)
{
    return begin("tokenExpiring", small_message).number("seq", seq).span_ms("inMs", in).end_object().take();
}

std::string ping_message(std::uint64_t n, std::uint64_t received)
{
    return begin("ping", small_message).number("n", n).number("received", received).end_object().take();
}

std::string goaway_message(base::milliseconds in, std::string_view reason)
{
    return begin("goaway", small_message).span_ms("inMs", in).text("reason", reason).end_object().take();
}

std::string bye_message(
    std::uint16_t close_code, std::string_view reason, std::optional<base::milliseconds> retry_after)
{
    auto w = begin("bye", small_message);
    w.number("code", close_code).text("reason", reason);
    if (retry_after) w.span_ms("retryAfterMs", *retry_after);
    return w.end_object().take();
}

} // namespace rendezvous::protocol
