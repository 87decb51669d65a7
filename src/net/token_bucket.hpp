#pragma once

#include "rendezvous/base/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace rendezvous::net {

/// `per_s` sustained, `burst` at once. Time is an argument and never goes back.
class token_bucket {
public:
    token_bucket(std::uint32_t per_s, std::uint32_t burst)
        : per_s_(per_s),
          burst_milli_(std::int64_t{burst} * 1'000),
          milli_(burst_milli_)
    {}

    /// Takes one token if there is one and `kept` stay.
    bool take(base::milliseconds now, std::uint32_t kept = 0)
    {
        refill(now);
        if (milli_ < 1'000 + std::int64_t{kept} * 1'000) return false;
        milli_ -= 1'000;
        return true;
    }

    /// Whether `take` would succeed.
    bool ready(base::milliseconds now)
    {
        refill(now);
        return milli_ >= 1'000;
    }

private:
    void refill(base::milliseconds now)
    {
        if (now <= last_) return;
        // Thousandths of a token per millisecond: per_s of them.
        milli_ = std::min(burst_milli_, milli_ + (now - last_).count() * std::int64_t{per_s_});
        last_ = now;
    }

    std::uint32_t per_s_;
    std::int64_t burst_milli_;
    std::int64_t milli_;
    base::milliseconds last_{0};
};

} // namespace rendezvous::net
