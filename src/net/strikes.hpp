#pragma once

#include "rendezvous/base/clock.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace rendezvous::net {

/// How often connections of an address were cut for being late, of late: halved every ten seconds.
/// A fixed table by hash, so that no number of addresses makes it grow; two that share a cell share
/// their strikes, which costs the innocent one nothing but its place in a queue.
class strikes {
public:
    void add(std::string const& key, base::milliseconds now)
    {
        fade(now);
        auto& mine = cell(key);
        if (mine < std::numeric_limits<std::uint16_t>::max()) ++mine;
    }

    std::uint32_t of(std::string const& key, base::milliseconds now)
    {
        fade(now);
        return cell(key);
    }

private:
    static constexpr base::milliseconds half_life{10'000};

    std::uint16_t& cell(std::string const& key) { return cells_[std::hash<std::string>{}(key) % cells_.size()]; }

    void fade(base::milliseconds now)
    {
        if (now - faded_ < half_life) return;
        for (auto& each : cells_) each = static_cast<std::uint16_t>(each / 2);
        faded_ = now;
    }

    std::array<std::uint16_t, 4'096> cells_{};
    base::milliseconds faded_{0};
};

} // namespace rendezvous::net
