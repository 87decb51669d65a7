#pragma once

#include "token_bucket.hpp"

#include "rendezvous/base/limits.hpp"

#include <cstddef>
#include <string>
#include <unordered_map>

namespace rendezvous::net {

/// Who may come in: new connections per second and sockets per address. Lives on shard 0.
class admission {
public:
    enum class verdict {
        welcome,
        refuse, ///< counted all the same: it may finish TLS and be told 503
        cut     ///< not counted: so many refusals are under way that even saying no costs too much
    };

    explicit admission(base::limits const& limits) { set_limits(limits); }

    void set_limits(base::limits const& limits)
    {
        if (limits.connections_per_s != connections_per_s_)
            rate_ = token_bucket(limits.connections_per_s, limits.connections_per_s);
        connections_per_s_ = limits.connections_per_s;
        per_address_max_ = limits.sockets_per_ip;
    }

    /// Whether one more connection may be taken from the backlog now.
    bool take_connection(base::milliseconds now) { return rate_.take(now); }

    /// Counts one more socket of `key` (address_key).
    verdict enter(std::string const& key)
    {
        auto& count = by_address_[key];
        if (count >= per_address_max_ + per_address_max_ / 4 + 8) return verdict::cut;
        return ++count > per_address_max_ ? verdict::refuse : verdict::welcome;
    }

    /// One socket that was counted is gone.
    void leave(std::string const& key)
    {
        auto const found = by_address_.find(key);
        if (found != by_address_.end() && --found->second == 0) by_address_.erase(found);
    }

    std::size_t addresses() const noexcept { return by_address_.size(); }

private:
    std::uint32_t connections_per_s_ = 0;
    std::size_t per_address_max_ = 0;
    token_bucket rate_{0, 0};
    std::unordered_map<std::string, std::size_t> by_address_;
};

} // namespace rendezvous::net
