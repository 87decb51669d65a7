#pragma once

#include "rendezvous/service/shards.hpp"
#include "rendezvous/service/timers.hpp"

#include <atomic>
#include <functional>
#include <memory>

namespace rendezvous::app {

/// Feeds the watchdog of the service manager as long as every shard answers: four times in `span`
/// it asks all of them, and feeds if all have answered since it asked before. One that hangs, shard
/// 0 and its timer included, lets `span` pass, and the process is killed and started anew.
/// Thread: constructed before the shards run, destroyed after.
class watchdog {
public:
    watchdog(service::shards& shards, base::milliseconds span, std::function<void()> feed);
    watchdog(watchdog const&) = delete;
    watchdog& operator=(watchdog const&) = delete;

private:
    void look();
    void ask();

    service::shards& shards_;
    base::milliseconds quarter_;
    std::function<void()> feed_;
    std::shared_ptr<std::atomic<std::size_t>> silent_; ///< shards that have not answered yet
    service::timers timer_;
};

} // namespace rendezvous::app
