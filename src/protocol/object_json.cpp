#include "object_json.hpp"

#include "rendezvous/protocol/error_map.hpp"

namespace rendezvous::protocol {
namespace {

void write_seat(json_writer& w, call::seat const& s)
{
    w.begin_object();
    w.text("participantId", s.participant.str());
    w.text("userId", s.user.str());
    w.word("role", s.role);
    w.text("name", s.name);
    w.number("order", s.order);
    w.word("state", s.state);
    w.time("joinedAt", s.joined_at);
    w.time_if("leftAt", s.left_at);
    if (s.leave_reason) w.word("leaveReason", *s.leave_reason);
    w.end_object();
}

void write_member(json_writer& w, call::member const& m)
{
    w.begin_object();
    w.text("userId", m.user.str());
    w.word("role", m.role);
    w.text("name", m.name);
    if (m.locale) w.text("locale", *m.locale);
    w.end_object();
}

void write_media(json_writer& w, call::media_state const& media)
{
    w.begin_object();
    w.flag("audio", media.audio);
    w.flag("video", media.video);
    w.flag("screen", media.screen);
    w.word("connection", media.connection);
    w.end_object();
}

} // namespace

void write(json_writer& w, call::call_record const& record)
{
    w.begin_object();
    w.text("callId", record.id.str());
    if (record.appointment) w.text("appointmentId", record.appointment->str());
    w.word("kind", record.kind);
    w.word("media", record.media);
    w.word("state", record.state);
    if (record.end_reason) w.word("endReason", *record.end_reason);
    w.text("startedBy", record.started_by_user.str());
    w.time("createdAt", record.created_at);
    w.time_if("answeredAt", record.answered_at);
    w.time_if("connectedAt", record.connected_at);
    w.time_if("endedAt", record.ended_at);
    w.span_s("durationSeconds", record.duration);
    w.span_s("billableSeconds", record.billable);
    if (record.parent) w.text("parentCallId", record.parent->str());
    w.key("participants").begin_array();
    for (auto const& s : call::latest_seats(record)) write_seat(w, s);
    w.end_array().end_object();
}

void write_call_summary(json_writer& w, call::appointment_view const& view)
{
    w.word("callStatus", view.call_status);
    if (view.call_started_by)
        w.text("callStartedBy", view.call_started_by->str());
    else
        w.null("callStartedBy");
    w.time_or_null("callStartedAt", view.call_started_at);
    w.time_or_null("callEndedAt", view.call_ended_at);
}

void write_possibilities(json_writer& w, call::appointment_view const& view)
{
    w.flag("canStart", view.can_start);
    w.flag("canJoin", view.can_join);
    if (view.reason) w.text("reason", wire_code(*view.reason));
}

void write(json_writer& w, call::appointment_view const& view)
{
    auto const& a = view.appointment;
    w.begin_object();
    w.text("id", a.id.str());
    w.word("status", a.status);
    w.word("paymentStatus", a.payment);
    w.time("start", a.start);
    w.time("end", a.end);
    w.word("media", a.media);
    w.word("startPolicy", a.policy);
    w.number("capacity", a.capacity);
    w.time("opensAt", a.opens_at);
    w.time("closesAt", a.closes_at);
    w.flag("hardEnd", a.hard_end);
    w.key("participants").begin_array();
    for (auto const& m : a.members) write_member(w, m);
    w.end_array();
    write_call_summary(w, view);
    w.number("version", a.version);
    write_possibilities(w, view);
    w.key("online").begin_array();
    for (auto const& user : view.online) w.text(user.str());
    w.end_array().end_object();
}

void write(json_writer& w, call::participant_view const& participant)
{
    w.begin_object();
    w.text("participantId", participant.id.str());
    w.text("userId", participant.user.str());
    w.word("role", participant.role);
    w.text("name", participant.name);
    w.word("presence", participant.presence);
    w.flag("inCall", participant.in_call);
    if (participant.order) w.number("order", *participant.order);
    w.flag("admitted", participant.admitted);
    w.key("media");
    write_media(w, participant.media);
    w.time_or_null("since", participant.since);
    w.end_object();
}

void write(json_writer& w, call::room_snapshot const& room)
{
    w.begin_object();
    w.text("key", room.key);
    w.key("appointment");
    write(w, room.appointment);
    w.number("rev", room.rev);
    w.word("callStatus", room.appointment.call_status);
    write_possibilities(w, room.appointment);
    w.key("participants").begin_array();
    for (auto const& p : room.participants) write(w, p);
    w.end_array();
    w.key("call");
    if (room.call)
        write(w, *room.call);
    else
        w.raw("null");
    w.end_object();
}

void write(json_writer& w, call::own_view const& you)
{
    w.begin_object();
    if (!you.id.empty()) w.text("participantId", you.id.str());
    w.text("userId", you.user.str());
    w.word("role", you.role);
    w.text("name", you.name);
    w.flag("admitted", you.admitted);
    w.flag("inCall", you.in_call);
    if (you.order) w.number("order", *you.order);
    w.end_object();
}

void write(json_writer& w, std::vector<ice_server> const& servers)
{
    w.begin_array();
    for (auto const& s : servers) {
        w.begin_object().key("urls").begin_array();
        for (auto const& url : s.urls) w.text(url);
        w.end_array();
        if (!s.username.empty()) w.text("username", s.username).text("credential", s.credential);
        w.end_object();
    }
    w.end_array();
}

void write(json_writer& w, base::limits const& limits)
{
    w.begin_object();
    w.number("messageBytesMax", limits.message_bytes_max);
    w.number("signalBytesMax", base::limits::signal_bytes_max);
    w.number("jsonDepthMax", limits.json_depth_max);
    w.number("messagesPerS", limits.messages_per_s);
    w.number("messagesBurst", limits.messages_burst);
    w.number("signalsUnansweredMax", limits.signals_unanswered_max);
    w.number("queueBytesMax", limits.queue_bytes_max);
    w.end_object();
}

} // namespace rendezvous::protocol
