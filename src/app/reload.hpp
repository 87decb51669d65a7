#pragma once

#include "house.hpp"
#include "rendezvous/net/server.hpp"
#include "service_manager.hpp"

#include <boost/asio/signal_set.hpp>

#include <functional>
#include <string>
#include <vector>

namespace rendezvous::app {

/// `to` with everything that may change while the service runs: certificate and key, origins,
/// trusted proxies, issuers, log level, and the limits but those that rooms keep.
config with_reloadable(config to, config const& from);
/// The keys that differ although only a restart can change them, as `section.key`.
std::vector<std::string> needs_restart(config const& running, config const& fresh);

/// What the outer wall is told of a configuration.
net::server_options options_of(config const& c);

/// Takes over a changed configuration on SIGHUP, and a changed certificate by itself: its files are
/// looked at every second. All or nothing: what cannot be used as a whole leaves everything as it
/// was, and log, metrics and service manager say so. Thread: shard 0.
class reloader {
public:
    /// Reads the configuration anew; throws config_error.
    using source = std::function<config()>;

    /// Without a `source` (the demo) SIGHUP keeps its meaning and only the certificate is looked at.
    reloader(house& h, net::server& door, service_manager const& manager, source read);
    reloader(reloader const&) = delete;
    reloader& operator=(reloader const&) = delete;

    /// The doors are open: from now on what is behind them may be replaced.
    void on_open();
    /// What is in force now.
    config const& running() const { return running_; }
    /// No more reloads: the service is on its way out.
    void stop();

private:
    struct file_mark {
        std::int64_t changed_ns = 0;
        std::int64_t bytes = -1;
        std::uint64_t inode = 0;
        friend bool operator==(file_mark const&, file_mark const&) = default;
    };
    using marks = std::vector<file_mark>;

    void wait_for_signal();
    void look_at_files();
    marks marks_now() const;
    void reload();
    void reload_certificate();
    void take_over(config fresh);
    void refuse(std::string const& why);
    void done(std::string_view what);

    house& house_;
    net::server& door_;
    service_manager const& manager_;
    source read_;
    config running_;
    boost::asio::signal_set hangups_;
    service::timers soon_;
    service::timers every_second_;
    marks in_force_;
    marks seen_;
};

} // namespace rendezvous::app
