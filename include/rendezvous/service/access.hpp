#pragma once

#include "rendezvous/base/clock.hpp"
#include "rendezvous/base/error.hpp"
#include "rendezvous/base/ids.hpp"
#include "rendezvous/call/words.hpp"
#include "rendezvous/service/token_port.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::service {

/// Who holds a valid token, and what it lets them touch. The effective right is role AND
/// membership AND policy; a token never widens a membership.
struct bearer {
    base::user_id user;
    call::role role = call::role::patient;
    std::string name;
    std::vector<base::appointment_id> appointments;
    bool limited = true; ///< to the named appointments: patients and guests always
    base::utc_time expires_at{};
    bool expired = false; ///< good only for a seat that was taken with this very token
    std::string token_hash;
    std::optional<std::string> locale{};
    bool ours = false; ///< of this server's own issuer
    std::string jti{}; ///< empty if the token has none
    std::optional<base::utc_time> issued_at{};
    std::optional<base::utc_time> first_issued_at{}; ///< of the first, if this is a renewed one
    std::string invite{};                            ///< the invitation it was given for, if any

    bool covers(base::appointment_id const& id) const
    {
        if (!limited) return true;
        for (auto const& a : appointments)
            if (a == id) return true;
        return false;
    }
};

/// What a token of our own shall say.
struct token_wish {
    base::user_id user;
    call::role role = call::role::patient;
    std::string name{};
    std::optional<std::string> locale{};
    std::vector<base::appointment_id> appointments{};
    std::chrono::seconds ttl{};
    std::optional<base::utc_time> first_issued_at{}; ///< renewing: of the first
    std::string invite{};
};

/// A token of our own.
struct minted_token {
    std::string token; ///< never to be logged
    base::utc_time expires_at{};
    std::string jti{};
};

/// One entry of the ICE servers a browser gets, with credentials for one user.
struct ice_entry {
    std::vector<std::string> urls;
    std::string username;
    std::string credential; ///< never to be logged
};

/// The port to credentials: checks them, makes them, and counts those that fail.
/// Thread: any; never blocks.
class access {
public:
    virtual ~access() = default;
    /// Errors: token_invalid (revoked ones too), token_expired (beyond any use).
    virtual base::result<bearer> check_token(std::string_view token, base::utc_time now) const = 0;
    /// For a token that was refused: true if its issuer is being asked for its keys, one of which
    /// may be the token's. Then `then` is called once, within a few seconds, from any thread, and
    /// the token is worth another look. False: it stays refused.
    virtual bool await_keys(std::string_view token, std::function<void()> then) = 0;
    /// Errors: validation (too long, too many appointments, a span that cannot be).
    virtual base::result<minted_token> mint_token(token_wish const& wish, base::utc_time now) const = 0;
    /// Whether what a token said has been taken back since it was checked.
    virtual bool revoked(bearer const& who) const = 0;
    /// For a token that was refused: whether it would be good if it were not revoked.
    virtual bool is_revoked(std::string_view token, base::utc_time now) const = 0;
    /// From now on. False if there is no room for more.
    virtual bool revoke(revocation const& what) = 0;
    /// Whether there is room for another revocation.
    virtual bool may_revoke() const = 0;
    /// A PIN as it is kept: salted, slow to guess, and of no use to whoever has only the database.
    virtual std::string pin_hash(std::string_view pin) const = 0;
    virtual bool pin_matches(std::string_view pin, std::string_view kept) const = 0;
    /// The STUN and TURN servers; TURN with fresh credentials bound to user and call.
    virtual std::vector<ice_entry> ice_servers(
        base::user_id const& user, base::call_id const& call, base::utc_time now) const = 0;
    /// SHA-256 as lower-case hex: under which API keys and invite codes are kept, and ETags.
    virtual std::string hash(std::string_view text) const = 0;
    /// The hash to look an API key up by; nothing for what cannot be one of ours.
    virtual std::optional<std::string> api_key_hash(std::string_view text) const = 0;
    /// Zero, or how long that address has to wait after too many failures.
    virtual base::milliseconds failure_wait(std::string_view ip, base::instant now) = 0;
    /// Counts a failed attempt, of the address and, if one was named, of the appointment. Zero, or
    /// for how long failures at that appointment are to be answered rate_limited instead of with
    /// their reason: guessing is slowed down, and a valid token still enters, so no stranger can
    /// lock anybody out.
    virtual base::milliseconds record_failure(
        std::string_view ip, base::instant now, std::string_view appointment = {}) = 0;
};

} // namespace rendezvous::service
