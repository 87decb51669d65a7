#pragma once

#include "reload.hpp"
#include "resources.hpp"

namespace rendezvous::app {

/// Looks once a second at how much memory is left: when it is short nobody registers (4301), and
/// when it is nearly gone sessions without a socket are given up. Thread: shard 0.
class memory_watch {
public:
    memory_watch(house& h, reloader const& reloads);
    memory_watch(memory_watch const&) = delete;
    memory_watch& operator=(memory_watch const&) = delete;

private:
    void look();

    house& house_;
    reloader const& reloads_;
    memory_state state_ = memory_state::plenty;
    service::timers timer_;
};

} // namespace rendezvous::app
