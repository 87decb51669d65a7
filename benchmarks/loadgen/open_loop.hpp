#pragma once

// Signals at fixed times, whether the server keeps up or not.

#include "clock.hpp"
#include "traffic.hpp"

#include <cstdint>

namespace rendezvous::loadgen {

/// Signals of `connections` connections from `first` on, in turn, due `rate_per_s` times a second from
/// now on; latency counts from then.
class open_loop {
public:
    open_loop(traffic& traffic, std::uint32_t first, std::uint32_t connections, double rate_per_s)
        : traffic_(traffic),
          first_(first),
          connections_(connections),
          interval_ns_(1e9 / rate_per_s),
          start_ns_(now_ns())
    {}

    /// Sends what is due; returns the nanoseconds the loop may wait for events.
    std::int64_t send_due()
    {
        for (int burst = 0; burst < burst_max && due_ns() <= now_ns(); ++burst, ++number_)
            traffic_.send(first_ + std::uint32_t(number_ % connections_), due_ns());
        auto const gap = std::int64_t(due_ns()) - std::int64_t(now_ns());
        // A timed wait oversleeps; the last stretch before a message is due is spun.
        return gap > spin_below_ns ? gap - oversleep_ns : 0;
    }

private:
    static constexpr int burst_max = 64;
    static constexpr std::int64_t spin_below_ns = 120'000;
    static constexpr std::int64_t oversleep_ns = 70'000;

    std::uint64_t due_ns() const { return start_ns_ + std::uint64_t(double(number_) * interval_ns_); }

    traffic& traffic_;
    std::uint32_t first_;
    std::uint32_t connections_;
    double interval_ns_;
    std::uint64_t start_ns_;
    std::uint64_t number_ = 0;
};

} // namespace rendezvous::loadgen
