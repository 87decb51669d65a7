#include "rendezvous/protocol/audit_types.hpp"

#include "json_writer.hpp"

#include <string_view>

namespace rendezvous::protocol {
namespace {

constexpr std::size_t row_bytes = 512;

void text_if(json_writer& w, std::string_view name, std::string const& value)
{
    if (!value.empty()) w.text(name, value);
}

void write(json_writer& w, audit_item const& row)
{
    w.begin_object();
    w.number("seq", row.seq);
    w.time("at", row.at);
    w.text("actorKind", row.actor_kind);
    text_if(w, "actor", row.actor);
    text_if(w, "actorRef", row.actor_ref);
    w.text("action", row.action);
    text_if(w, "object", row.object);
    text_if(w, "subject", row.subject);
    text_if(w, "subjectRef", row.subject_ref);
    w.text("outcome", row.outcome);
    text_if(w, "ipPrefix", row.ip_prefix);
    text_if(w, "requestId", row.request_id);
    text_if(w, "reason", row.reason);
    w.text("hash", row.hash);
    w.end_object();
}

void write(json_writer& w, subject_appointment_item const& a)
{
    w.begin_object();
    w.text("appointmentId", a.appointment.str());
    w.text("participantId", a.participant.str());
    w.word("role", a.role);
    w.text("name", a.name);
    if (a.locale) w.text("locale", *a.locale);
    w.time("start", a.start);
    w.time("end", a.end);
    w.word("status", a.status);
    w.time_if("removedAt", a.removed_at);
    w.end_object();
}

void write(json_writer& w, call::seat const& s)
{
    w.begin_object();
    w.text("participantId", s.participant.str());
    w.word("role", s.role);
    w.text("name", s.name);
    w.time("joinedAt", s.joined_at);
    w.time_if("leftAt", s.left_at);
    if (s.leave_reason) w.word("leaveReason", *s.leave_reason);
    w.end_object();
}

void write(json_writer& w, subject_call_item const& item)
{
    auto const& c = item.call;
    w.begin_object();
    w.text("callId", c.id.str());
    if (c.appointment) w.text("appointmentId", c.appointment->str());
    w.word("kind", c.kind);
    w.word("media", c.media);
    w.word("state", c.state);
    if (c.end_reason) w.word("endReason", *c.end_reason);
    w.flag("startedByThem", item.started_by_them);
    w.time("createdAt", c.created_at);
    w.time_if("answeredAt", c.answered_at);
    w.time_if("connectedAt", c.connected_at);
    w.time_if("endedAt", c.ended_at);
    w.span_s("durationSeconds", c.duration);
    w.span_s("billableSeconds", c.billable);
    w.key("seats").begin_array();
    for (auto const& s : c.seats) write(w, s);
    w.end_array().end_object();
}

void write(json_writer& w, subject_invite_item const& i)
{
    w.begin_object();
    w.text("inviteId", i.id);
    w.text("appointmentId", i.appointment.str());
    w.time("createdAt", i.created_at);
    w.time("expiresAt", i.expires_at);
    w.time_if("revokedAt", i.revoked_at);
    w.end_object();
}

template <class T>
void write_list(json_writer& w, std::string_view name, std::vector<T> const& rows)
{
    w.key(name).begin_array();
    for (auto const& row : rows) write(w, row);
    w.end_array();
}

void write_kept(json_writer& w, std::string_view what, std::size_t rows, std::string_view ground)
{
    w.begin_object().text("what", what).number("rows", rows).text("ground", ground).end_object();
}

} // namespace

std::string audit_json(std::vector<audit_item> const& rows)
{
    json_writer w(row_bytes * (rows.size() + 1));
    w.begin_array();
    for (auto const& row : rows) write(w, row);
    return w.end_array().take();
}

std::string subject_json(subject_item const& s)
{
    json_writer w(row_bytes * (s.appointments.size() + s.calls.size() + s.invites.size() + s.audit.size() + 1));
    w.begin_object();
    w.text("userId", s.user.str());
    write_list(w, "appointments", s.appointments);
    write_list(w, "calls", s.calls);
    write_list(w, "invites", s.invites);
    write_list(w, "audit", s.audit);
    w.flag("truncated", s.truncated);
    return w.end_object().take();
}

std::string erasure_json(erasure_item const& e, base::utc_time at)
{
    json_writer w(2 * row_bytes);
    w.begin_object();
    w.time("erasedAt", at);
    w.text("pseudonym", e.pseudonym);
    w.key("erased").begin_object();
    w.number("participations", e.participations).number("seats", e.seats).number("invites", e.invites);
    w.number("reasons", e.texts).flag("subjectKey", e.key_destroyed).flag("fileRewritten", e.file_rewritten);
    w.end_object();
    w.key("kept").begin_array();
    write_kept(w, "calls, without the person", e.calls, "GDPR 17(3)(b) and (e): record of the service, pseudonymous");
    write_kept(w, "audit rows, by a reference whose key is destroyed", e.audit_rows,
        "GDPR 17(3)(b), 5(2): proof of who accessed records, pseudonymous");
    return w.end_array().end_object().take();
}

} // namespace rendezvous::protocol
