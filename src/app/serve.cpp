#include "serve.hpp"

#include "admin_commands.hpp"
#include "rendezvous/base/log.hpp"
#include "rendezvous/net/server.hpp"
#include "rendezvous/protocol/error_map.hpp"

#include <boost/asio/signal_set.hpp>

#include <sys/resource.h>

#include <csignal>

namespace rendezvous::app {
namespace {

constexpr milliseconds close_patience{2'000};
constexpr milliseconds close_poll{20};
constexpr milliseconds store_patience{5'000};

net::server_options options_of(config const& c)
{
    net::server_options out;
    for (auto const& a : c.server.listen) out.listen.push_back(to_text(a));
    for (auto const& a : c.server.websocket_listen) out.websocket_listen.push_back(to_text(a));
    out.certificate = c.tls.certificate;
    out.key = c.tls.key;
    out.public_url = c.server.public_url;
    out.allowed_origins = c.server.allowed_origins;
    out.trusted_proxies = c.server.trusted_proxies;
    out.web_root = resource_folder("web");
    out.limits = c.limits;
    return out;
}

/// One socket is one descriptor: take what the system allows.
void raise_descriptor_limit()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// The way out: no new connections, `bye` to everybody, then the loops end as soon as all sockets
/// are gone or patience is. A second signal ends it at once. Thread: shard 0.
class way_out {
public:
    way_out(house& h, net::server& door)
        : house_(h),
          door_(door),
          signals_(h.shards().context(0), SIGTERM, SIGINT),
          poll_(h.shards().context(0), [this] { look(); })
    {
        wait();
    }

private:
    void wait()
    {
        signals_.async_wait([this](boost::system::error_code ec, int) {
            if (ec) return;
            if (leaving_) return house_.shards().stop();
            leave();
            wait();
        });
    }

    void leave()
    {
        leaving_ = true;
        base::log::info("stopping");
        door_.stop_accepting();
        // The connections of sessions hear it from them, `bye` first; then whatever else is open.
        net::close_sessions(house_.context(), protocol::close_codes::draining,
            [this] { door_.close_all(protocol::close_codes::draining, "draining"); });
        until_ = house_.clock().now().boot + close_patience;
        poll_.set(close_poll);
    }

    void look()
    {
        auto const open = door_.counts();
        bool const empty = open.http == 0 && open.websockets == 0;
        if (!empty && house_.clock().now().boot < until_) return poll_.set(close_poll);
        house_.calls().settle(store_patience, [this](bool settled) {
            if (!settled) base::log::error("not_all_stored");
            house_.shards().stop();
        });
    }

    house& house_;
    net::server& door_;
    boost::asio::signal_set signals_;
    service::timers poll_;
    base::boot_time until_{};
    bool leaving_ = false;
};

} // namespace

void serve(house& h, std::function<void()> on_ready)
{
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    auto& house_context = h.context();
    net::server door(h.shards(), options_of(h.settings()), net::rest_door(house_context),
        net::websocket_door(house_context), h.clock(), h.ids());
    way_out out(h, door);
    h.start();
    {
        net::control_socket control(h.shards().context(0), h.settings().server.control_socket,
            [&h](net::control_request request, std::function<void(net::control_reply)> done) {
                run_admin_command(h, request, std::move(done));
            });
        try {
            h.recover();
            door.start();
            base::log::info(
                "serving", {{"url", h.settings().server.public_url}, {"shards", std::uint64_t{h.shards().count()}},
                               {"schema", unsigned{h.store().schema_version()}}});
            on_ready();
        } catch (...) {
            h.stop(milliseconds{0});
            throw;
        }
        h.wait();
    }
    base::log::info("stopped");
}

} // namespace rendezvous::app
