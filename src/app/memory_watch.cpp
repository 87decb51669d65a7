#include "memory_watch.hpp"

#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"

namespace rendezvous::app {
namespace {

namespace metrics = base::metrics;

constexpr milliseconds look_every{1'000};

} // namespace

memory_watch::memory_watch(house& h, reloader const& reloads)
    : house_(h),
      reloads_(reloads),
      timer_(h.shards().context(0), [this] { look(); })
{
    timer_.set(milliseconds{0});
}

void memory_watch::look()
{
    timer_.set(look_every);
    memory_use const use{resident_bytes(), memory_limit(reloads_.running().limits.memory_mb_max)};
    auto const before = std::exchange(state_, judge(use, state_));
    metrics::memory_used.set(static_cast<double>(use.used));
    metrics::memory_limit.set(static_cast<double>(use.limit));
    bool const crowded = state_ != memory_state::plenty;
    metrics::crowded.set(crowded ? 1 : 0);
    house_.context().crowded = crowded;
    if (state_ != before && crowded)
        base::log::warn("memory_short",
            {{"usedBytes", use.used}, {"limitBytes", use.limit}, {"nearlyOut", state_ == memory_state::nearly_out}});
    if (state_ != before && !crowded) base::log::info("memory_enough", {{"usedBytes", use.used}});
    if (state_ == memory_state::nearly_out) net::shed_memory(house_.context());
}

} // namespace rendezvous::app
