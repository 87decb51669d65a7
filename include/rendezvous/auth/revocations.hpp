#pragma once

#include "rendezvous/service/token_port.hpp"

#include <string>
#include <unordered_map>

namespace rendezvous::auth {

/// The revocations that are in force, as they are looked up for every token.
/// Memory is bounded by entries_max. Thread: one at a time.
class revocations {
public:
    static constexpr std::size_t entries_max = 200'000;

    /// Adds one, or moves one on to a later time. False if there is no room: then nothing changed.
    bool add(service::revocation const& what);
    bool full() const noexcept { return size() >= entries_max; }
    std::size_t size() const noexcept { return tokens_.size() + users_.size() + invites_.size(); }
    /// Drops those that no token needs any more.
    void forget_over(base::utc_time now);

    /// Whether a token that says this of itself has been revoked. One without `iat` counts as older
    /// than every revocation of its user.
    bool cover(std::string const& jti, std::string const& user, std::optional<base::utc_time> const& issued_at,
        std::string const& invite) const;
    /// When all tokens of that user were revoked last.
    std::optional<base::utc_time> user_revoked_at(std::string const& user) const;

private:
    struct entry {
        base::utc_time at{};
        base::utc_time until{};
    };
    using table = std::unordered_map<std::string, entry>;
    table& table_of(service::revoked_kind kind);

    table tokens_;
    table users_;
    table invites_;
};

} // namespace rendezvous::auth
