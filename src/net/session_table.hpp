#pragma once

#include "rendezvous/service/ports.hpp"
#include "rendezvous/service/timers.hpp"
#include "session.hpp"

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace rendezvous::net {

/// The sessions that live on one shard, and its event sink. Also wakes what waits on this shard:
/// heartbeats of its sessions and sockets that have not registered yet.
/// Thread: the shard.
class session_table final : public service::event_sink {
public:
    explicit session_table(boost::asio::io_context& context);

    void add(std::shared_ptr<session> s);
    void remove(base::session_id const& id);
    session* find(base::session_id const& id);

    void deliver(base::session_id const& to, call::event const& what) override;
    void close(base::session_id const& id, call::close_reason why) override;
    void seat_changed(base::session_id const& id, bool seated) override;

    /// Calls every session's `on_time` each `period` from now on.
    void start(base::clock const& clock, base::milliseconds period);
    /// Calls `due` once after `span`, on this shard; it should hold weak references only.
    void after(base::milliseconds span, std::function<void()> due);
    void close_all(std::uint16_t code);

private:
    struct waiting {
        base::boot_time at{};
        std::function<void()> due;
    };
    void on_time();

    service::timers beat_;
    base::clock const* clock_ = nullptr;
    base::milliseconds period_{1'000};
    std::unordered_map<base::session_id, std::shared_ptr<session>> sessions_;
    std::vector<waiting> waiting_;
};

} // namespace rendezvous::net
