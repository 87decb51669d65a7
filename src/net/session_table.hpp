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

    /// A session as its socket knows it.
    struct place {
        std::shared_ptr<net::session> session;
        unsigned attachment = 0;
    };
    /// Resumes the session that `resume` names, or begins a new one; either answers by itself. Before
    /// it can say a word, `placed` is told where what comes from the socket has to go.
    void open(session_context& house, registering from, std::optional<protocol::messages::resume_request> resume,
        std::function<void(place)> const& placed);

    void add(std::shared_ptr<session> s);
    void remove(base::session_id const& id);
    session* find(base::session_id const& id);

    /// A ring held `before` bytes and holds `now`. Beyond this shard's part of rings_bytes_max the
    /// sessions that have been away longest lose theirs first.
    void account(std::size_t now, std::size_t before);
    /// Takes the rings of all that are away: memory is nearly used up.
    void shed();
    /// Says `goaway` to all and closes each with 4300 at its own moment within `spread`; then `done`.
    void drain(base::milliseconds spread, std::function<void()> done);

    void deliver(base::session_id const& to, call::event const& what) override;
    void close(base::session_id const& id, call::close_reason why) override;
    void seat_changed(base::session_id const& id, bool seated) override;

    /// Calls every session's `on_time` each `period` from now on.
    /// `rings_bytes_max` is this shard's part.
    void start(base::clock const& clock, base::milliseconds period, std::size_t rings_bytes_max);
    /// Calls `due` once after `span`, on this shard; it should hold weak references only.
    void after(base::milliseconds span, std::function<void()> due);
    void close_all(std::uint16_t code);
    /// Closes every session that has a socket and for which `fits` holds.
    void close_if(std::function<bool(session const&)> const& fits, std::uint16_t code);
    void close_user(base::user_id const& user, std::uint16_t code);

private:
    struct waiting {
        base::boot_time at{};
        std::function<void()> due;
    };
    void on_time();
    void shed_to(std::size_t bytes);
    std::vector<std::shared_ptr<session>> all() const;

    service::timers beat_;
    base::clock const* clock_ = nullptr;
    base::milliseconds period_{1'000};
    std::unordered_map<base::session_id, std::shared_ptr<session>> sessions_;
    std::vector<waiting> waiting_;
    base::boot_time beaten_at_{};
    std::size_t rings_bytes_ = 0;
    std::size_t rings_bytes_max_ = base::limits{}.rings_bytes_max;
    std::function<void()> drained_;
    base::boot_time drain_until_{};
};

} // namespace rendezvous::net
