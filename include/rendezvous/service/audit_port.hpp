#pragma once

#include "rendezvous/service/ports.hpp"

#include <optional>
#include <string>

namespace rendezvous::service {

/// Who did something that is to be accounted for.
enum class actor_kind { api_key, user, anonymous, operator_, server };

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

/// The append-only account. Thread: any; completions run on the store's thread.
class audit_store {
public:
    virtual ~audit_store() = default;
    /// Writes it behind, in order; never blocks and never fails the one who records.
    virtual void record(audit_entry what) = 0;
};

} // namespace rendezvous::service
