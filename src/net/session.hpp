#pragma once

#include "rendezvous/net/session_context.hpp"
#include "rendezvous/net/socket.hpp"
#include "rendezvous/protocol/client_message.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::net {

/// One registered WebSocket session: who it is, its counters, its place in a room or its day's
/// list. Lives on the shard of its room (user-level ones: of their user), beside the room and not
/// beside the connection. Thread: that shard.
class session : public std::enable_shared_from_this<session> {
public:
    struct origin {
        std::shared_ptr<socket> wire;
        base::session_id id;
        service::bearer who;
        std::optional<base::appointment_id> room; ///< empty: user-level
        std::string instance;
        std::string register_id; ///< `id` of the `register`, for its answer
    };

    session(session_context& house, origin from);

    /// Enters the room, or collects the user's day; answers `registered` or the refusal.
    void begin();
    /// One message after `register`.
    void on_message(protocol::parsed const& message);
    /// The connection is gone.
    void on_closed();

    void deliver(call::event const& what);
    void on_seat(bool seated);
    /// Says `bye`, then closes. What comes afterwards is dropped.
    void close(std::uint16_t code);
    /// Heartbeat and token lifetime; called about every quarter of a heartbeat.
    void on_time(base::instant now);

    base::session_id const& id() const { return from_.id; }

private:
    void enter_room();
    void on_entered(base::result<call::outcome> entered);
    void collect_day();
    void on_day(std::vector<service::appointment_row> rows);
    void on_described(std::size_t left);
    void send_registered(protocol::registration filled);
    void refuse_registration(base::errc why);

    void handle(std::string const& id, protocol::messages::register_session const& m);
    void handle(std::string const& id, protocol::messages::start_call const& m);
    void handle(std::string const& id, protocol::messages::join_call const& m);
    void handle(std::string const& id, protocol::messages::signal const& m);
    void handle(std::string const& id, protocol::messages::leave const& m);
    void handle(std::string const& id, protocol::messages::end_call const& m);
    void handle(std::string const& id, protocol::messages::media_state const& m);
    void handle(std::string const& id, protocol::messages::stats const& m);
    void handle(std::string const& id, protocol::messages::ice const& m);
    void handle(std::string const& id, protocol::messages::refresh const& m);
    void handle(std::string const& id, protocol::messages::pong const& m);

    /// Sends a command to the room and answers `id` with its outcome; reading goes on then.
    void ask(std::string const& id, call::command asked);
    /// The same for messages that need no answer: errors are told only if there is an `id`.
    void tell_room(std::string const& id, call::command asked);
    bool in_room(std::string const& id);
    call::speaker speaker() const;
    void answer_ok(std::string const& id);
    void answer_error(std::string const& id, base::errc why);
    void send(std::string text);
    std::uint64_t next_seq() { return ++seq_; }

    session_context& house_;
    origin from_;
    std::uint64_t seq_ = 0;      ///< of the last message sent
    std::uint64_t received_ = 0; ///< messages counted from the client
    std::uint64_t confirmed_ = 0;
    std::uint64_t pings_ = 0;
    base::instant heard_{}; ///< last message of any kind
    base::instant pinged_{};
    bool registered_ = false;
    bool closing_ = false;
    bool gone_ = false;
    bool seated_ = false;
    bool expiry_told_ = false;
    base::call_id call_;            ///< of the seat, for TURN credentials
    std::vector<call::event> held_; ///< events that came before `registered` could be sent
    std::vector<std::optional<call::appointment_view>> day_;
};

} // namespace rendezvous::net
