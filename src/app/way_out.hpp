#pragma once

#include "reload.hpp"

namespace rendezvous::app {

/// The way out of the service, begun by SIGTERM or SIGINT: nobody registers any more, sessions are
/// sent away one after the other within `drain_ms`, what they told is stored, and the loops end.
/// A second signal ends it at once. Thread: shard 0.
class way_out {
public:
    way_out(house& h, net::server& door, reloader& reloads, service_manager const& manager);
    /// The doors are open: from now on a signal can close them; one that came earlier does.
    void on_open();
    way_out(way_out const&) = delete;
    way_out& operator=(way_out const&) = delete;

private:
    void wait();
    void leave();
    void close_rest();
    void look();
    void flush();

    house& house_;
    net::server& door_;
    reloader& reloads_;
    service_manager const& manager_;
    boost::asio::signal_set signals_;
    service::timers poll_;
    base::boot_time until_{};
    bool open_ = false;
    bool asked_ = false;
    bool leaving_ = false;
};

} // namespace rendezvous::app
