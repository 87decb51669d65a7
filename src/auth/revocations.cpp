#include "rendezvous/auth/revocations.hpp"

#include <algorithm>

namespace rendezvous::auth {

revocations::table& revocations::table_of(service::revoked_kind kind)
{
    switch (kind) {
    case service::revoked_kind::token: return tokens_;
    case service::revoked_kind::user: return users_;
    case service::revoked_kind::invite: return invites_;
    }
    return tokens_;
}

bool revocations::add(service::revocation const& what)
{
    auto& all = table_of(what.kind);
    auto const known = all.find(what.id);
    if (known != all.end()) {
        known->second.at = std::max(known->second.at, what.at);
        known->second.until = std::max(known->second.until, what.until);
        return true;
    }
    if (full()) return false;
    all.emplace(what.id, entry{what.at, what.until});
    return true;
}

void revocations::forget_over(base::utc_time now)
{
    for (auto* all : {&tokens_, &users_, &invites_})
        std::erase_if(*all, [now](auto const& each) { return each.second.until <= now; });
}

bool revocations::cover(std::string const& jti, std::string const& user, std::optional<base::utc_time> const& issued_at,
    std::string const& invite) const
{
    if (!jti.empty() && tokens_.contains(jti)) return true;
    if (!invite.empty() && invites_.contains(invite)) return true;
    auto const at = user_revoked_at(user);
    return at && (!issued_at || *issued_at <= *at);
}

std::optional<base::utc_time> revocations::user_revoked_at(std::string const& user) const
{
    auto const found = users_.find(user);
    if (found == users_.end()) return std::nullopt;
    return found->second.at;
}

} // namespace rendezvous::auth
