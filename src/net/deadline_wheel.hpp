#pragma once

#include "rendezvous/base/clock.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

namespace rendezvous::net {

class deadline_wheel;

/// Something that happens unless it is disarmed in time. Belongs to one connection, is armed and
/// fires on that connection's shard, and disarms itself when destroyed.
class deadline : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    /// `wheel` outlives this; `action` must not destroy it synchronously.
    deadline(deadline_wheel& wheel, std::function<void()> action) : wheel_(wheel), action_(std::move(action)) {}

    /// Fires once after `span`, at most one tick late and never early; replaces an earlier arming.
    void arm(base::milliseconds span);
    void disarm() noexcept { unlink(); }
    bool armed() const noexcept { return is_linked(); }

private:
    friend class deadline_wheel;
    deadline_wheel& wheel_;
    std::function<void()> action_;
    std::uint64_t due_ = 0;
};

/// All deadlines of one shard behind one coarse timer: arming and disarming cost a few pointer
/// writes instead of a timer operation for each read and write. Knows no clock: `tick` is time.
class deadline_wheel {
public:
    static constexpr base::milliseconds tick_span{50};

    /// One `tick_span` has passed: fires what is due.
    void tick();

    /// Time in whole ticks since the beginning; coarse, monotonic.
    base::milliseconds now() const noexcept { return tick_span * static_cast<std::int64_t>(tick_); }

private:
    friend class deadline;
    using slot = boost::intrusive::list<deadline, boost::intrusive::constant_time_size<false>>;

    std::uint64_t tick_ = 0;
    std::array<slot, 256> slots_;
};

} // namespace rendezvous::net
