#include "shard_net.hpp"

#include "rendezvous/base/metrics.hpp"

#include <algorithm>
#include <utility>

namespace rendezvous::net {

gate_ticket::~gate_ticket()
{
    if (core_->over) return;
    auto& shards = core_->shards;
    shards.dispatch(0, [core = std::move(core_), key = std::move(key_), registered = registered_] {
        core->gate.leave(key, registered);
        if (core->on_vacancy) core->on_vacancy();
    });
}

void gate_ticket::mark_registered()
{
    if (std::exchange(registered_, true)) return;
    core_->shards.dispatch(0, [core = core_, key = key_] { core->gate.settle(key); });
}

void gate_ticket::mark_late()
{
    auto const now = core_->clock.now().boot;
    core_->shards.dispatch(0, [core = core_, key = key_, now] { core->gate.strike(key, now); });
}

/// Of all connections that may come in a second, one shard's part.
static std::uint32_t newcomers_per_s(net_core const& core, net_settings const& settings)
{
    auto const share = settings.limits.connections_per_s / core.shards.count();
    return std::max(std::uint32_t{1}, static_cast<std::uint32_t>(share));
}

shard_net::shard_net(std::shared_ptr<net_core> shared, std::size_t shard, std::shared_ptr<net_settings const> first)
    : core(std::move(shared)),
      index(shard),
      settings(std::move(first)),
      strangers(core->shards.context(shard), wheel, newcomers_per_s(*core, *settings)),
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

void shard_net::use(std::shared_ptr<net_settings const> next)
{
    settings = std::move(next);
    strangers.set_rate(newcomers_per_s(*core, *settings));
}

void shard_net::abandon_all()
{
    strangers.clear();
    while (!connections.empty()) {
        auto& each = connections.front();
        each.unlink();
        each.abandon();
    }
}

} // namespace rendezvous::net
