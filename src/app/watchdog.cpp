#include "watchdog.hpp"

#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"

#include <algorithm>

namespace rendezvous::app {

namespace metrics = base::metrics;

watchdog::watchdog(service::shards& shards, base::milliseconds span, std::function<void()> feed)
    : shards_(shards),
      quarter_(std::max(base::milliseconds{1}, span / 4)),
      feed_(std::move(feed)),
      silent_(std::make_shared<std::atomic<std::size_t>>(0)),
      timer_(shards.context(0), [this] { look(); })
{
    timer_.set(base::milliseconds{0});
}

void watchdog::look()
{
    timer_.set(quarter_);
    auto const silent = silent_->load();
    if (silent > 0) {
        metrics::watchdog.add(metrics::watchdog_outcome::withheld);
        return base::log::error("shard_silent", {{"shards", std::uint64_t{silent}}});
    }
    feed_();
    metrics::watchdog.add(metrics::watchdog_outcome::fed);
    ask();
}

void watchdog::ask()
{
    silent_->store(shards_.count());
    for (std::size_t i = 0; i < shards_.count(); ++i) shards_.post(i, [left = silent_] { left->fetch_sub(1); });
}

} // namespace rendezvous::app
