#pragma once

#include "rendezvous/service/ports.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace rendezvous::service {

/// Who did something that is to be accounted for.
enum class actor_kind { api_key, user, anonymous, operator_, server };

/// `apiKey`, `user`, `anonymous`, `operator`, `server`.
std::string_view to_word(actor_kind kind) noexcept;
std::optional<actor_kind> actor_kind_of(std::string_view word) noexcept;

/// One thing somebody did or tried: who read or changed what, about whom. Ids and words only, no
/// names, no text but `reason`.
struct audit_entry {
    base::utc_time at{};
    actor_kind actor = actor_kind::server;
    std::string actor_id;                 ///< user id, or the name of the API key
    std::string action;                   ///< `appointment.read`, `invite.redeem`, `token.revoke`...
    std::string object;                   ///< `appointment:8123`, `call:0198...`; empty for lists
    std::optional<base::user_id> subject; ///< whose record it is, if it is one person's
    std::string outcome;                  ///< `ok` or the wire's error code
    std::string ip_prefix;                ///< /24 or /48; empty where there is none
    std::string request_id;               ///< the one in logs and problem answers
    std::string reason;                   ///< of an override, as the person wrote it
};

/// An entry as kept. Whoever was erased is known by the reference alone.
struct audit_row {
    std::uint64_t seq = 0; ///< 1, 2, 3... in the database
    base::utc_time at{};
    actor_kind actor = actor_kind::server;
    std::string actor_ref; ///< users: HMAC-SHA-256 of the id under the person's key; API keys: the name
    std::optional<base::user_id> actor_user;
    std::string action, object;
    std::string subject_ref; ///< the same form; empty if it is nobody's record
    std::optional<base::user_id> subject;
    std::string outcome, ip_prefix, request_id;
    std::string reason_hash;           ///< HMAC-SHA-256 of the reason under a salt that is kept with it
    std::optional<std::string> reason; ///< until it is erased
    std::string hash;                  ///< lower-case hex of the row's SHA-256
};

/// Which rows to list; empty members do not filter.
struct audit_filter {
    std::optional<base::utc_time> from; ///< at or after
    std::optional<base::utc_time> to;   ///< before
    std::optional<std::string> actor;   ///< a user id or the name of an API key
    std::optional<base::user_id> subject;
    std::optional<std::string> action;
    std::size_t rows_max = 50;
    std::optional<std::string> after;
};

/// The append-only account. Thread: any; completions run on the store's thread.
class audit_store {
public:
    virtual ~audit_store() = default;
    /// Writes it behind, in order, within a second; never blocks and never fails the one who records.
    /// An entry without subject about an appointment or a call is about its patient. While the store
    /// fails, `audit_backlog_max` entries wait; what does not fit is counted, logged and accounted
    /// for by a row `audit.dropped` as soon as there is room.
    virtual void record(audit_entry what) = 0;
    /// Newest first; sees all that was recorded before. Errors: store_unavailable; bad_field for an
    /// `after` that is no cursor of ours.
    virtual void list_audit(audit_filter filter, completion<page<audit_row>> done) = 0;
};

} // namespace rendezvous::service
