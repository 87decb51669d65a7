#include "shard_net.hpp"

#include "rendezvous/base/metrics.hpp"

#include <utility>

namespace rendezvous::net {

gate_ticket::~gate_ticket()
{
    if (core_->over) return;
    auto& shards = core_->shards;
    shards.dispatch(0, [core = std::move(core_), key = std::move(key_), registered = registered_] {
        core->gate.leave(key, registered);
    });
}

void gate_ticket::mark_registered()
{
    if (std::exchange(registered_, true)) return;
    core_->shards.dispatch(0, [core = core_, key = key_] { core->gate.settle(key); });
}

shard_net::shard_net(std::shared_ptr<net_core> shared, std::size_t shard, std::shared_ptr<net_settings const> first)
    : core(std::move(shared)),
      index(shard),
      settings(std::move(first)),
      timer_(core->shards.context(shard).get_executor())
{}

void shard_net::start_ticking()
{
    ticking_ = true;
    wait();
}

void shard_net::stop_ticking()
{
    ticking_ = false;
    timer_.cancel();
}

void shard_net::wait()
{
    // Counted from now, not from the last tick: a shard that was busy must not make up for it by
    // cutting those whose bytes it had no time to read.
    due_ = core->clock.now().boot + deadline_wheel::tick_span;
    timer_.expires_after(deadline_wheel::tick_span);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
        if (ec || !self->ticking_) return;
        base::metrics::loop_delay.observe(self->core->clock.now().boot - self->due_);
        self->wait();
        self->wheel.tick();
    });
}

void shard_net::close_all(std::uint16_t code, std::string const& reason)
{
    for (auto it = connections.begin(); it != connections.end();) {
        auto& each = *it++;
        each.close_by_server(code, reason);
    }
}

void shard_net::abandon_all()
{
    while (!connections.empty()) {
        auto& each = connections.front();
        each.unlink();
        each.abandon();
    }
}

} // namespace rendezvous::net
