#pragma once

#include "rendezvous/base/limits.hpp"
#include "rendezvous/call/room.hpp"
#include "rendezvous/service/ports.hpp"
#include "rendezvous/service/start_limit.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

namespace rendezvous::service {

/// The answer to a command; called exactly once, on the shard of the service.
using reply = std::function<void(result<call::outcome>)>;

/// An appointment and its newest call as they stand now, for one viewer.
struct room_status {
    call::appointment_view view;
    std::optional<call::call_record> newest;
};

/// What a service needs from its surroundings. All outlive it.
struct call_service_ports {
    call_store& store;
    call_reader& reader;
    event_sink& sink;
    base::clock const& clock;
    /// Runs work on the service's own shard, later. Thread: any.
    std::function<void(std::function<void()>)> post;
    /// Tells the user's sockets that are in no room, wherever they live.
    std::function<void(base::user_id const&, call::event const&)> tell_user;
    /// Something is due after that time: call `on_time` then. Replaces the wish before.
    std::function<void(std::optional<base::milliseconds>)> wake_after;
};

/// The rooms of one shard, and the order in which things happen to them.
///
/// A command is decided on committed state; its facts are stored; then the room commits and its
/// effects are told. Facts of one room go one at a time: commands that may need the store wait
/// their turn behind them, all others (signals, media state, lost sockets) pass. While the store
/// fails, starts and joins are refused, leaves and ends are told and kept for it.
/// Thread: one, the shard.
class call_service {
public:
    call_service(call_service_ports ports, call::room_rules const& rules, base::limits const& limits);

    void submit(base::appointment_id const& id, call::command asked, reply done);
    /// Relays one signal; the error if it went nowhere. The room of a live session is loaded.
    base::errc relay(base::appointment_id const& id, call::commands::signal const& asked);
    /// `viewer` empty: as the first member would see it, for those who see all. not_found for an
    /// unknown appointment or a viewer who is no member.
    void describe(base::appointment_id const& id, std::optional<base::user_id> viewer,
        std::function<void(result<room_status>)> done);
    /// Does what is due. Called by the shard's timer.
    void on_time();

    std::size_t room_count() const { return slots_.size(); }
    /// Facts told but not yet stored, because the store fails.
    std::size_t backlog_size() const { return backlog_.size(); }
    /// Nothing is being written: everything told is stored.
    bool settled() const { return writes_ == 0 && backlog_.empty(); }

private:
    struct waiting {
        call::command asked;
        reply done;
    };
    struct slot {
        std::optional<call::room> room; ///< empty while loading
        bool writing = false;           ///< facts are on their way to the store
        bool pumping = false;           ///< pump() is further down this stack
        bool telling = false;           ///< finish() is
        std::deque<waiting> queue;
        std::optional<base::boot_time> due;
    };

    slot* open_slot(base::appointment_id const& id);
    void on_loaded(base::appointment_id const& id, result<call::room_record> loaded);
    void pump(base::appointment_id const& id);
    void execute(base::appointment_id const& id, slot& s, call::command const& asked, reply const& done);
    void write(base::appointment_id const& id, slot& s, call::decision decided, reply done);
    void on_written(
        base::appointment_id const& id, call::decision const& decided, reply const& done, result<void> stored);
    void finish(slot& s, call::decision const& decided, reply const& done);
    void dispatch(call::effect const& e);
    void keep_for_later(std::vector<call::fact> facts);
    void retry_backlog();
    void forget_idle();
    void schedule(base::appointment_id const& id, slot& s);
    void wake_at_next();

    call_service_ports ports_;
    call::room_rules const& rules_;
    start_limit starts_;
    std::unordered_map<base::appointment_id, slot> slots_;
    std::set<std::pair<base::boot_time, base::appointment_id>> due_;
    std::deque<std::vector<call::fact>> backlog_;
    bool retrying_ = false;
    std::optional<base::boot_time> retry_at_;
    std::size_t writes_ = 0;
};

} // namespace rendezvous::service
