#pragma once

#include "strikes.hpp"

#include "rendezvous/base/limits.hpp"
#include "rendezvous/base/metrics.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace rendezvous::net {

/// Who may come in: sockets per address, and connections that have not registered, per address and
/// in all; and in which order (turns). Once half of those places are taken, an address gets few of
/// them: so many addresses full of strangers leave room for everybody else. Lives on shard 0.
class admission {
public:
    enum class verdict {
        welcome,
        refuse, ///< counted all the same: it may finish TLS and be told 503
        cut     ///< not counted: so many refusals are under way that even saying no costs too much
    };

    /// `sockets_max`: how many sockets there are descriptors for.
    admission(base::limits const& limits, std::size_t sockets_max)
        : unregistered_max_(std::min(base::limits::unregistered_max, std::max<std::size_t>(1, sockets_max / 2)))
    {
        set_limits(limits);
    }

    void set_limits(base::limits const& limits) { per_address_max_ = limits.sockets_per_ip; }

    /// Counts one more connection of `key` (address_key), which has not registered yet.
    verdict enter(std::string const& key)
    {
        auto& mine = by_address_[key];
        auto const out = judge(mine);
        if (out == verdict::cut) {
            if (mine.sockets == 0) by_address_.erase(key);
            return out;
        }
        ++mine.sockets;
        ++mine.unregistered;
        ++unregistered_;
        return out;
    }

    /// One that was counted has registered.
    void settle(std::string const& key)
    {
        auto const found = by_address_.find(key);
        if (found == by_address_.end()) return;
        --found->second.unregistered;
        --unregistered_;
    }

    /// One that was counted is gone.
    void leave(std::string const& key, bool registered)
    {
        auto const found = by_address_.find(key);
        if (found == by_address_.end()) return;
        if (!registered) {
            --found->second.unregistered;
            --unregistered_;
        }
        if (--found->second.sockets == 0) by_address_.erase(found);
    }

    /// One that was counted was cut for being late.
    void strike(std::string const& key, base::milliseconds now) { strikes_.add(key, now); }

    /// What `key` owes: its strangers, and much more for each that was late of late.
    std::uint32_t debt(std::string const& key, base::milliseconds now)
    {
        auto const found = by_address_.find(key);
        auto const strangers = found == by_address_.end() ? 0 : found->second.unregistered;
        return static_cast<std::uint32_t>(strangers) + strike_weight * strikes_.of(key, now);
    }

    /// Half of the places for strangers are taken.
    bool has_many_strangers() const noexcept { return unregistered_ >= unregistered_max_ / 2; }

    std::size_t addresses() const noexcept { return by_address_.size(); }
    std::size_t unregistered() const noexcept { return unregistered_; }

private:
    static constexpr std::uint32_t strike_weight = 16;

    struct count {
        std::size_t sockets = 0;
        std::size_t unregistered = 0;
    };

    verdict judge(count const& mine)
    {
        using base::metrics::socket_refusal;
        auto const few = std::max<std::size_t>(1, per_address_max_ / base::limits::unregistered_share_when_many);
        auto const unregistered_share = has_many_strangers() ? few : per_address_max_;
        if (auto const v = compare(mine.sockets, per_address_max_); v != verdict::welcome)
            return counted(v, socket_refusal::address);
        if (auto const v = compare(mine.unregistered, unregistered_share); v != verdict::welcome)
            return counted(v, socket_refusal::unregistered_address);
        return counted(
            unregistered_ >= unregistered_max_ ? verdict::cut : verdict::welcome, socket_refusal::unregistered);
    }

    static verdict compare(std::size_t have, std::size_t most)
    {
        if (have < most) return verdict::welcome;
        return have < most + most / 4 + 8 ? verdict::refuse : verdict::cut;
    }

    static verdict counted(verdict v, base::metrics::socket_refusal why)
    {
        if (v != verdict::welcome) base::metrics::sockets_refused.add(why);
        return v;
    }

    std::size_t const unregistered_max_;
    std::size_t per_address_max_ = 0;
    strikes strikes_;
    std::size_t unregistered_ = 0;
    std::unordered_map<std::string, count> by_address_;
};

} // namespace rendezvous::net
