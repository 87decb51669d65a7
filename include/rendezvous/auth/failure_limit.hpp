#pragma once

#include "rendezvous/base/clock.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rendezvous::auth {

/// Counts failed authentications (tokens, API keys, invite codes) per address, so that guessing is
/// slow. A window begins with an address's first failure and ends `window` later.
/// Memory is bounded: beyond `addresses_max` the oldest window is forgotten.
/// Thread: one at a time; time is an argument.
class failure_limit {
public:
    static constexpr base::milliseconds window{10 * 60'000};
    static constexpr std::size_t addresses_max = 16'384;

    /// `failures_max`: auth_failures_per_10min.
    explicit failure_limit(std::uint32_t failures_max) : failures_max_(failures_max) {}

    /// Zero if this address may try; else how long it has to wait.
    base::milliseconds wait(std::string_view ip, base::instant now) const;
    /// Call after a failed attempt, not after a successful one.
    void record_failure(std::string_view ip, base::instant now);
    /// For a reload of the limits; counts stay.
    void set_failures_max(std::uint32_t failures_max) { failures_max_ = failures_max; }

    std::size_t addresses() const noexcept { return windows_.size(); }

private:
    struct counted {
        std::uint32_t failures = 0;
        base::boot_time ends_at{};
    };
    void forget_old(base::boot_time now);

    std::uint32_t failures_max_;
    std::deque<std::string> by_age_; ///< keys of `windows_`, the window that ends first in front
    std::unordered_map<std::string, counted> windows_;
};

/// What an address counts as: IPv4 itself (also when mapped into IPv6), IPv6 its /64; any other
/// text as it is.
std::string address_group(std::string_view ip);

} // namespace rendezvous::auth
