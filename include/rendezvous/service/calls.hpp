#pragma once

#include "rendezvous/service/call_service.hpp"
#include "rendezvous/service/shards.hpp"
#include "rendezvous/service/timers.hpp"
#include "rendezvous/service/user_directory.hpp"

#include <memory>
#include <vector>

namespace rendezvous::service {

/// The one hallway both doors walk through: finds the shard that owns a room, runs the command
/// there, and brings the answer back to the shard it was asked on.
/// Thread: any shard, unless a member says otherwise.
class calls {
public:
    /// `sinks`: one per shard, in order. All arguments outlive the object.
    calls(shards& all, call_store& store, call_reader& reader, std::vector<event_sink*> const& sinks,
        base::clock const& clock, call::room_rules const& rules, base::limits const& limits);

    /// The answer comes on the calling shard (on the room's, if called from a foreign thread).
    void submit(base::appointment_id const& id, call::command asked, reply done);
    void describe(base::appointment_id const& id, std::optional<base::user_id> viewer,
        std::function<void(result<room_status>)> done);
    std::size_t shard_of(base::appointment_id const& id) const { return shards_.owner_of(id.str()); }
    std::size_t shard_of(base::user_id const& user) const { return shards_.owner_of(user.str()); }
    /// The rooms of a shard. Thread: that shard only.
    call_service& on_shard(std::size_t index) { return homes_[index]->service; }

    /// Counts a socket for its user, and closes the oldest spare one if that is too many.
    void add_socket(base::user_id const& user, user_directory::entry socket);
    /// The socket is gone; its session may come back.
    void set_away(base::user_id const& user, base::session_id const& session);
    void remove_socket(base::user_id const& user, base::session_id const& session);
    void set_seated(base::user_id const& user, base::session_id const& session, bool seated);

    /// Loads, at boot, the rooms whose call was open when the process before ended; their people may
    /// come back. `done` gets their number.
    void recover(completion<std::size_t> done);
    /// From now on looks every minute for appointments whose window has closed, so that what became
    /// of them is told (facts::appointment_judged) although nobody is there.
    void start_judging();
    /// Calls `done` on shard 0 as soon as every told fact is stored, or after `patience`.
    void settle(base::milliseconds patience, std::function<void(bool settled)> done);

private:
    struct home {
        home(call_service_ports ports, call::room_rules const& rules, base::limits const& limits,
            boost::asio::io_context& context);
        timers alarm;
        call_service service;
        user_directory directory;
    };

    void tell_user(base::user_id const& user, call::event const& what);
    void judge_closed();
    void ask_settled(std::size_t index, base::boot_time until, std::function<void(bool)> done);

    shards& shards_;
    call_reader& reader_;
    base::clock const& clock_;
    std::vector<event_sink*> sinks_;
    std::vector<std::unique_ptr<home>> homes_;
    std::unique_ptr<timers> settling_;
    std::unique_ptr<timers> judging_;
};

} // namespace rendezvous::service
