#include "way_out.hpp"

#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"
#include "rendezvous/protocol/error_map.hpp"

#include <csignal>

namespace rendezvous::app {
namespace {

constexpr milliseconds close_patience{2'000};
constexpr milliseconds close_poll{20};
constexpr milliseconds store_patience{5'000};
/// What the store's last try and the end of the process may take on top.
constexpr milliseconds slack{20'000};

} // namespace

way_out::way_out(house& h, net::server& door, reloader& reloads, service_manager const& manager)
    : house_(h),
      door_(door),
      reloads_(reloads),
      manager_(manager),
      signals_(h.shards().context(0), SIGTERM, SIGINT),
      poll_(h.shards().context(0), [this] { look(); })
{
    wait();
}

void way_out::wait()
{
    signals_.async_wait([this](boost::system::error_code ec, int) {
        if (ec) return;
        if (std::exchange(asked_, true)) return house_.shards().stop();
        if (open_) leave();
        wait();
    });
}

void way_out::on_open()
{
    open_ = true;
    if (asked_ && !leaving_) leave();
}

void way_out::leave()
{
    leaving_ = true;
    auto const spread = house_.settings().rooms.drain;
    base::log::info("stopping", {{"drainMs", std::int64_t{spread.count()}}});
    manager_.stopping("draining", spread + close_patience + store_patience + slack);
    base::metrics::draining.set(1);
    reloads_.stop();
    house_.context().draining = true;
    // The next process has the same listening sockets: who comes now waits in them for it. Our own
    // stay open to the end, so that whoever asks /readyz gets an answer.
    if (door_.has_inherited()) door_.stop_accepting();
    net::drain_sessions(house_.context(), spread, [this] { close_rest(); });
}

void way_out::close_rest()
{
    door_.stop_accepting();
    // Whoever is no session: sockets before `register`, HTTP connections.
    net::close_sessions(house_.context(), protocol::close_codes::draining,
        [this] { door_.close_all(protocol::close_codes::draining, "draining"); });
    until_ = house_.clock().now().boot + close_patience;
    poll_.set(close_poll);
}

void way_out::look()
{
    auto const open = door_.counts();
    bool const empty = open.http == 0 && open.websockets == 0;
    if (!empty && house_.clock().now().boot < until_) return poll_.set(close_poll);
    flush();
}

void way_out::flush()
{
    manager_.stopping("storing what was told", store_patience + slack);
    house_.calls().settle(store_patience, [this](bool settled) {
        if (!settled) base::log::error("not_all_stored");
        // The watchdog is fed by the loops, which end here; the store may need a moment more.
        manager_.feed_watchdog();
        house_.shards().stop();
    });
}

} // namespace rendezvous::app
