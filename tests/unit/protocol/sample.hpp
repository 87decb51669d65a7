#pragma once

#include "rendezvous/call/event.hpp"

#include <string>

/// One appointment, one call and their people, as the snapshot texts of these tests know them.
namespace rendezvous::protocol::sample {

inline base::utc_time at(int minutes)
{
    return *base::from_rfc3339("2026-11-20T14:00:00Z") + std::chrono::minutes{minutes};
}

inline call::seat seat(std::string const& who, call::role role, unsigned order)
{
    call::seat s;
    s.participant = base::participant_id("p-" + who);
    s.user = base::user_id(who);
    s.role = role;
    s.name = "Dr. \"" + who + "\"";
    s.order = order;
    s.joined_at = at(static_cast<int>(order));
    return s;
}

inline call::call_record waiting_call()
{
    call::call_record c;
    c.id = base::call_id("c-1");
    c.appointment = base::appointment_id("A1");
    c.started_by = base::participant_id("p-ann");
    c.started_by_user = base::user_id("ann");
    c.created_at = at(1);
    c.seats = {seat("ann", call::role::patient, 1)};
    return c;
}

inline std::string const waiting_call_json =
    R"({"callId":"c-1","appointmentId":"A1","kind":"appointment","media":"video","state":"waiting","startedBy":"ann",)"
    R"("createdAt":"2026-11-20T14:01:00.000Z","durationSeconds":0,"billableSeconds":0,"participants":[)"
    R"({"participantId":"p-ann","userId":"ann","role":"patient","name":"Dr. \"ann\"","order":1,"state":"joined",)"
    R"("joinedAt":"2026-11-20T14:01:00.000Z"}]})";

inline call::appointment_view appointment()
{
    call::appointment_view v;
    auto& a = v.appointment;
    a.id = base::appointment_id("A1");
    a.start = at(0);
    a.end = at(30);
    a.opens_at = at(-15);
    a.closes_at = at(90);
    a.version = 3;
    a.members = {
        {base::participant_id("p-ann"), base::user_id("ann"), call::role::patient, "Ann", std::string("de-AT")},
        {base::participant_id("p-bob"), base::user_id("bob"), call::role::doctor, "Bob", std::nullopt}};
    v.can_start = false;
    v.can_join = true;
    v.reason = base::errc::payment_required;
    v.online = {base::user_id("ann")};
    v.call_status = call::call_status::waiting;
    v.call_started_by = base::user_id("ann");
    v.call_started_at = at(1);
    return v;
}

inline std::string const appointment_json =
    R"({"id":"A1","status":"booked","paymentStatus":"waived","start":"2026-11-20T14:00:00.000Z",)"
    R"("end":"2026-11-20T14:30:00.000Z","media":"video","startPolicy":"any","capacity":2,)"
    R"("opensAt":"2026-11-20T13:45:00.000Z","closesAt":"2026-11-20T15:30:00.000Z","hardEnd":false,"participants":[)"
    R"({"userId":"ann","role":"patient","name":"Ann","locale":"de-AT"},{"userId":"bob","role":"doctor","name":"Bob"}],)"
    R"("callStatus":"waiting","callStartedBy":"ann","callStartedAt":"2026-11-20T14:01:00.000Z","callEndedAt":null,)"
    R"("version":3,"canStart":false,"canJoin":true,"reason":"payment-required","online":["ann"]})";

inline call::participant_view participant()
{
    call::participant_view p;
    p.id = base::participant_id("p-ann");
    p.user = base::user_id("ann");
    p.name = "Ann";
    p.presence = call::presence::online;
    p.in_call = true;
    p.order = 1;
    p.admitted = true;
    p.media = {true, false, false, call::media_connection::up};
    p.since = at(0);
    return p;
}

inline std::string const participant_json =
    R"({"participantId":"p-ann","userId":"ann","role":"patient","name":"Ann","presence":"online","inCall":true,"order":1,)"
    R"("admitted":true,"media":{"audio":true,"video":false,"screen":false,"connection":"up"},)"
    R"("since":"2026-11-20T14:00:00.000Z"})";

} // namespace rendezvous::protocol::sample
