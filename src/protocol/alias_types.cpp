#include "rendezvous/protocol/alias_types.hpp"

#include "json_writer.hpp"

#include "rendezvous/call/call.hpp"

#include <array>

namespace rendezvous::protocol {
namespace {

constexpr std::size_t call_bytes = 1024;

/// What a page of such a system listens for on the socket.
constexpr auto socket_events =
    std::to_array<std::string_view>({"activeCall", "joinerConnected", "signal", "participant", "callEnded"});

void write_seat(json_writer& w, call::seat const& s)
{
    w.begin_object();
    w.text("user_id", s.user.str());
    w.word("role", s.role);
    w.text("name", s.name);
    w.time("joined_at", s.joined_at);
    w.time_or_null("left_at", s.left_at);
    w.end_object();
}

void write_call(json_writer& w, call::call_record const& record)
{
    w.begin_object();
    w.text("call_id", record.id.str());
    if (record.appointment) w.text("appointment_id", record.appointment->str());
    w.word("call_type", record.media);
    w.text("status", alias_status(record));
    w.text("caller_id", record.started_by_user.str());
    w.time("start_time", record.created_at);
    w.time_or_null("connected_time", record.connected_at);
    w.time_or_null("end_time", record.ended_at);
    if (record.end_reason) w.word("end_reason", *record.end_reason);
    w.span_s("duration_seconds", record.duration);
    w.span_s("billable_seconds", record.billable);
    w.key("participants").begin_array();
    for (auto const& s : call::latest_seats(record)) write_seat(w, s);
    w.end_array().end_object();
}

} // namespace

std::string_view alias_status(call::call_record const& record)
{
    using call::end_reason;
    switch (record.state) {
    case call::call_state::queued:
    case call::call_state::waiting: return "calling";
    case call::call_state::active: return "connected";
    case call::call_state::ended: break;
    }
    bool const rejected = record.end_reason == end_reason::declined || record.end_reason == end_reason::busy;
    return rejected ? "rejected" : "ended";
}

std::string alias_call_json(call::call_record const& record)
{
    json_writer w(call_bytes);
    write_call(w, record);
    return w.take();
}

std::string alias_calls_json(std::vector<call::call_record> const& records)
{
    json_writer w(call_bytes * (records.size() + 1));
    w.begin_array();
    for (auto const& record : records) write_call(w, record);
    return w.end_array().take();
}

std::string call_info_json(call::call_record const& record, std::string_view public_url)
{
    auto const host = public_url.substr(std::min(public_url.find("//"), public_url.size()));
    auto const url =
        "wss:" + std::string(host) + (record.appointment ? "/appointment/" + record.appointment->str() : "/ws");
    json_writer w(call_bytes);
    w.begin_object();
    w.text("callId", record.id.str());
    w.text("roomName", record.appointment ? record.appointment->str() : "call:" + record.id.str());
    w.text("signalingUrl", url);
    w.key("events").begin_array();
    for (auto const name : socket_events) w.text(name);
    w.end_array();
    return w.end_object().take();
}

} // namespace rendezvous::protocol
