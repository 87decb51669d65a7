#pragma once

#include "rendezvous/service/audit_port.hpp"

#include <optional>
#include <string>
#include <vector>

namespace rendezvous::service {

/// A person's place in an appointment, now or before.
struct subject_participation {
    base::appointment_id appointment;
    base::participant_id participant;
    call::role role{};
    std::string name;
    std::optional<std::string> locale;
    base::utc_time start{}, end{};
    call::appointment_status status{};
    std::optional<base::utc_time> removed_at;
};

/// A call that stands in the person's history, without the others in it.
struct subject_call {
    base::call_id call;
    std::optional<base::appointment_id> appointment;
    call::call_kind kind{};
    call::media_kind media{};
    call::call_state state{};
    std::optional<call::end_reason> end_reason;
    bool started_by_them = false;
    base::utc_time created_at{};
    std::optional<base::utc_time> answered_at, connected_at, ended_at;
    base::milliseconds duration{0}, billable{0};
    std::vector<call::seat> seats; ///< theirs only
};

struct subject_invite {
    std::string id;
    base::appointment_id appointment;
    base::utc_time created_at{}, expires_at{};
    std::optional<base::utc_time> revoked_at;
};

/// Everything that mentions one person, and nothing of others.
struct subject_record {
    base::user_id user;
    std::vector<subject_participation> participations;
    std::vector<subject_call> calls;
    std::vector<subject_invite> invites;
    std::vector<audit_row> audit; ///< what others and they did to their record; actors other than they without id
    bool truncated = false;       ///< a list was longer than `subject_rows_max`
};

/// What erasing did; ids of nobody.
struct erasure_report {
    std::string pseudonym; ///< what stands for the person in records that are kept
    std::size_t participations = 0, seats = 0, calls = 0, invites = 0, texts = 0, credentials = 0;
    bool key_destroyed = false;  ///< rows of the audit about them are pseudonymous now
    std::size_t audit_rows = 0;  ///< so many
    bool file_rewritten = false; ///< remnants were found in unused pages; the file was written anew
};

/// A person's rights of access and erasure (GDPR 15, 17, 20). Thread: any; completions run on the
/// store's thread. Errors: store_unavailable; not_found for somebody of whom nothing is kept.
class subject_store {
public:
    virtual ~subject_store() = default;
    virtual void export_subject(base::user_id user, completion<subject_record> done) = 0;
    /// The appointments that list the person now, at most subject_rows_max.
    virtual void appointments_of(base::user_id user, completion<std::vector<base::appointment_id>> done) = 0;
    /// Replaces the id by the pseudonym, empties names and locale, destroys the key and cleans the
    /// file, so that neither is found in it. `by` is kept in the account, in the same transaction.
    /// Rooms that list the person have been told before: they hold what they have loaded.
    virtual void erase_subject(
        base::user_id user, base::user_id pseudonym, audit_entry by, completion<erasure_report> done) = 0;
};

/// Rows of one kind in one export.
inline constexpr std::size_t subject_rows_max = 10'000;

} // namespace rendezvous::service
