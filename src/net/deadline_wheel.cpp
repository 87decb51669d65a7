#include "deadline_wheel.hpp"

#include <algorithm>

namespace rendezvous::net {

void deadline::arm(base::milliseconds span)
{
    auto const tick = deadline_wheel::tick_span.count();
    auto const ticks = std::max<std::int64_t>(0, (span.count() + tick - 1) / tick);
    // One more, because the current tick has partly passed already.
    due_ = wheel_.tick_ + static_cast<std::uint64_t>(ticks) + 1;
    unlink();
    wheel_.slots_[due_ % wheel_.slots_.size()].push_back(*this);
}

void deadline_wheel::tick()
{
    ++tick_;
    auto& current = slots_[tick_ % slots_.size()];
    // An action may arm or disarm any deadline, its own too; so due ones are taken out first.
    slot due;
    for (auto it = current.begin(); it != current.end();) {
        auto& entry = *it++;
        if (entry.due_ > tick_) continue;
        entry.unlink();
        due.push_back(entry);
    }
    while (!due.empty()) {
        auto& entry = due.front();
        entry.unlink();
        entry.action_();
    }
}

} // namespace rendezvous::net
