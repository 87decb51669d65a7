#pragma once

#include "rendezvous/call/call.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What the account and the rights of a person look like in REST (docs/rest-api.md). Pure functions.
/// Thread: any.
namespace rendezvous::protocol {

/// One row of the account; empty texts are left out.
struct audit_item {
    std::uint64_t seq = 0;
    base::utc_time at{};
    std::string actor_kind;
    std::string actor; ///< user id or name of the API key; empty once the person was erased
    std::string actor_ref;
    std::string action, object;
    std::string subject;
    std::string subject_ref;
    std::string outcome, ip_prefix, request_id, reason, hash;
};
std::string audit_json(std::vector<audit_item> const& rows);

struct subject_appointment_item {
    base::appointment_id appointment;
    base::participant_id participant;
    call::role role{};
    std::string name;
    std::optional<std::string> locale;
    base::utc_time start{}, end{};
    call::appointment_status status{};
    std::optional<base::utc_time> removed_at;
};
struct subject_call_item {
    call::call_record call; ///< with the seats of the person alone
    bool started_by_them = false;
};
struct subject_invite_item {
    std::string id;
    base::appointment_id appointment;
    base::utc_time created_at{}, expires_at{};
    std::optional<base::utc_time> revoked_at;
};
/// Everything that mentions one person.
struct subject_item {
    base::user_id user;
    std::vector<subject_appointment_item> appointments;
    std::vector<subject_call_item> calls;
    std::vector<subject_invite_item> invites;
    std::vector<audit_item> audit;
    bool truncated = false;
};
std::string subject_json(subject_item const& s);

/// What was erased, and what is kept on which ground.
struct erasure_item {
    std::string pseudonym;
    std::size_t participations = 0, seats = 0, calls = 0, invites = 0, texts = 0, audit_rows = 0;
    bool key_destroyed = false;
    bool file_rewritten = false;
};
std::string erasure_json(erasure_item const& e, base::utc_time at);

} // namespace rendezvous::protocol
