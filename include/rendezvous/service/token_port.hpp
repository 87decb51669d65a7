#pragma once

#include "rendezvous/service/ports.hpp"

#include <optional>
#include <string>
#include <vector>

namespace rendezvous::service {

/// Wrong PINs an invitation takes; then it is locked until it is sent anew.
inline constexpr unsigned pin_tries_max = 5;

/// A token of our own that was given to somebody; the token itself is never kept.
struct token_row {
    std::string jti;
    base::user_id user;
    base::utc_time issued_at{};
    base::utc_time expires_at{};
    std::optional<std::string> invite; ///< the invitation it was given for
};

/// What a revocation is about: one token, all tokens of a user issued until then, or all tokens
/// that an invitation was exchanged for.
enum class revoked_kind { token, user, invite };

struct revocation {
    revoked_kind kind = revoked_kind::token;
    std::string id; ///< `jti`, user id or invitation id
    base::utc_time at{};
    base::utc_time until{}; ///< when no token that it is about can be good for anything any more
};

/// Tokens that were given and taken back, and what becomes of invitations.
/// Thread: any; completions run on the store's thread. Errors: store_unavailable.
class token_store {
public:
    virtual ~token_store() = default;
    virtual void put_token(token_row row, completion<void> done) = 0;
    /// Durable when `done` gets it, as it is kept: of a token of ours only until that ends. Of two
    /// revocations of the same the later one counts.
    virtual void revoke(revocation what, completion<revocation> done) = 0;
    /// Those that are not over at `now`, at most `rows_max`, the latest to end first.
    virtual void list_revocations(
        base::utc_time now, std::size_t rows_max, completion<std::vector<revocation>> done) = 0;

    /// Counts a try at the PIN before anybody looks at it, so that tries at the same moment count
    /// too; how many are left. Errors: forbidden if none was, not_found.
    virtual void take_pin_try(std::string invite_id, completion<unsigned> done) = 0;
    /// The invitation was exchanged for that token: keeps the token, counts, and gives all tries at
    /// the PIN back. Errors: gone if it was revoked meanwhile, not_found.
    virtual void redeem_invite(std::string invite_id, token_row given, completion<void> done) = 0;
    /// A new code for the same invitation: the old one is none any more, and all tries are back.
    /// `expires_at` replaces the end, if given. Errors: gone for a revoked one, not_found.
    virtual void reissue_invite(base::appointment_id id, std::string invite_id, std::string hash,
        std::optional<base::utc_time> expires_at, completion<invite_row> done) = 0;
};

} // namespace rendezvous::service
