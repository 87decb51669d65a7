#include "audit_items.hpp"

namespace rendezvous::net {

protocol::audit_item item_of(service::audit_row const& row)
{
    protocol::audit_item out;
    out.seq = row.seq;
    out.at = row.at;
    out.actor_kind = std::string(service::to_word(row.actor));
    if (row.actor == service::actor_kind::user) {
        if (row.actor_user) out.actor = row.actor_user->str();
        out.actor_ref = row.actor_ref;
    } else {
        out.actor = row.actor_ref;
    }
    out.action = row.action;
    out.object = row.object;
    if (row.subject) out.subject = row.subject->str();
    out.subject_ref = row.subject_ref;
    out.outcome = row.outcome;
    out.ip_prefix = row.ip_prefix;
    out.request_id = row.request_id;
    out.reason = row.reason.value_or("");
    out.hash = row.hash;
    return out;
}

protocol::subject_item item_of(service::subject_record const& record)
{
    protocol::subject_item out;
    out.user = record.user;
    for (auto const& p : record.participations)
        out.appointments.push_back(
            {p.appointment, p.participant, p.role, p.name, p.locale, p.start, p.end, p.status, p.removed_at});
    for (auto const& c : record.calls) {
        protocol::subject_call_item item;
        item.call.id = c.call;
        item.call.appointment = c.appointment;
        item.call.kind = c.kind;
        item.call.media = c.media;
        item.call.state = c.state;
        item.call.end_reason = c.end_reason;
        item.call.created_at = c.created_at;
        item.call.answered_at = c.answered_at;
        item.call.connected_at = c.connected_at;
        item.call.ended_at = c.ended_at;
        item.call.duration = c.duration;
        item.call.billable = c.billable;
        item.call.seats = c.seats;
        item.started_by_them = c.started_by_them;
        out.calls.push_back(std::move(item));
    }
    for (auto const& i : record.invites)
        out.invites.push_back({i.id, i.appointment, i.created_at, i.expires_at, i.revoked_at});
    for (auto const& row : record.audit) out.audit.push_back(item_of(row));
    out.truncated = record.truncated;
    return out;
}

protocol::erasure_item item_of(service::erasure_report const& r)
{
    return {r.pseudonym, r.participations, r.seats, r.calls, r.invites, r.texts, r.audit_rows, r.key_destroyed,
        r.file_rewritten};
}

} // namespace rendezvous::net
