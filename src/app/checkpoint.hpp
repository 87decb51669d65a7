#pragma once

#include "rendezvous/service/timers.hpp"
#include "rendezvous/store/store_thread.hpp"

#include <memory>

namespace rendezvous::app {

/// Walks along both hash chains again and again, and tells where they end: as a line of the log and
/// as the event `audit.checkpoint`, so that somebody outside holds a hash that nobody inside can
/// change. A chain that is broken is an error in the log.
/// Thread: the shard of `context`; the store and the clock outlive it.
class checkpoint {
public:
    checkpoint(boost::asio::io_context& context, store::store_thread& store, base::clock const& clock,
        base::milliseconds every);
    ~checkpoint();
    checkpoint(checkpoint const&) = delete;
    checkpoint& operator=(checkpoint const&) = delete;

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace rendezvous::app
