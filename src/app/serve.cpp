#include "serve.hpp"

#include "admin_commands.hpp"
#include "certificate.hpp"
#include "checkpoint.hpp"
#include "memory_watch.hpp"
#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"
#include "rendezvous/net/metrics_door.hpp"
#include "resources.hpp"
#include "watchdog.hpp"
#include "way_out.hpp"

#include <csignal>

namespace rendezvous::app {
namespace {

namespace metrics = base::metrics;

constexpr milliseconds credentials_every{30'000};
constexpr milliseconds checkpoint_every{3'600'000};

bool is_loopback(listen_address const& at)
{
    return at.host.starts_with("127.") || at.host == "::1";
}

void open_metrics(net::metrics_door& door, metrics_config const& settings)
{
    if (!settings.listen) return;
    if (!is_loopback(*settings.listen)) base::log::warn("metrics_public", {{"address", to_text(*settings.listen)}});
    try {
        door.start(to_text(*settings.listen));
    } catch (std::runtime_error const& e) {
        // Nobody loses a call because nobody watches.
        base::log::error("metrics_unavailable", {{"reason", e.what()}});
    }
}

std::string scrape()
{
    read_process_metrics();
    return metrics::render();
}

void note_start(house& h)
{
    auto const& c = h.settings();
    note_process_start(h.clock().now().utc);
    if (auto const end = certificate_end(c.tls.certificate))
        metrics::certificate_expiry.set(static_cast<double>(base::to_ms(*end)) / 1e3);
    base::log::info("serving", {{"url", c.server.public_url}, {"shards", std::uint64_t{h.shards().count()}},
                                   {"schema", unsigned{h.store().schema_version()}}});
}

/// Everything that waits on shard 0 beside the doors. Made before the shards run.
struct attendants {
    attendants(house& h, net::server& door, serve_options& options)
        : manager(std::move(options.environment.notify_socket)),
          reloads(h, door, manager, std::move(options.read_again)),
          out(h, door, reloads, manager),
          memory(h, reloads),
          scrapes(h.shards().context(0), scrape),
          credentials(h.shards().context(0), [this, &h] { look_after(h); }),
          checkpoints(h.shards().context(0), h.store(), h.clock(), checkpoint_every)
    {
        if (auto const span = options.environment.watchdog)
            fed.emplace(h.shards(), *span, [this] { manager.feed_watchdog(); });
    }

    void on_open(house& h)
    {
        reloads.on_open();
        out.on_open();
        look_after(h);
    }

    void look_after(house& h)
    {
        h.look_after_credentials();
        credentials.set(credentials_every);
    }

    service_manager manager;
    reloader reloads;
    way_out out;
    memory_watch memory;
    net::metrics_door scrapes;
    service::timers credentials;
    checkpoint checkpoints;
    std::optional<watchdog> fed;
};

} // namespace

void serve(house& h, serve_options options)
{
    std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    auto& house_context = h.context();
    auto door_options = options_of(h.settings());
    door_options.inherited = options.environment.listen_fds;
    net::server door(h.shards(), std::move(door_options), net::rest_door(house_context),
        net::websocket_door(house_context), h.clock(), h.ids());
    attendants others(h, door, options);
    h.start();
    {
        net::control_socket control(h.shards().context(0), h.settings().server.control_socket,
            [&h](net::control_request request, std::function<void(net::control_reply)> done) {
                run_admin_command(h, request, std::move(done));
            });
        try {
            h.recover();
            open_metrics(others.scrapes, h.settings().metrics);
            door.start();
            note_start(h);
            h.shards().post(0, [&others, &h] { others.on_open(h); });
            others.manager.ready("serving");
            if (options.on_ready) options.on_ready();
        } catch (...) {
            h.stop(milliseconds{0});
            throw;
        }
        h.wait();
    }
    base::log::info("stopped");
}

} // namespace rendezvous::app
