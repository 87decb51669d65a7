#pragma once

#include "rendezvous/net/session_context.hpp"
#include "rendezvous/net/socket.hpp"
#include "rendezvous/protocol/client_message.hpp"
#include "resume_ring.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::net {

/// What a `register` brings that was found to be in order: who, where to, on which socket.
struct registering {
    std::shared_ptr<socket> wire;
    service::bearer who;
    std::optional<base::appointment_id> room; ///< empty: user-level
    std::string instance;
    std::string register_id; ///< `id` of the `register`, for its answer
    std::string ip_prefix;   ///< for the account
};

/// One registered session: who it is, its counters, its place in a room or its day's list. It
/// outlives its sockets: without one it is *away*, and what it is told fills its ring until it is
/// resumed on another socket or the room gives it up.
/// Lives on the shard of its room (user-level ones: of their user), beside the room and not beside
/// the connection. Thread: that shard.
class session : public std::enable_shared_from_this<session> {
public:
    session(session_context& house, base::session_id id, registering from, protocol::reset_reason why);

    /// Enters the room, or collects the user's day; answers `registered` or the refusal.
    void begin();

    enum class fitness { fits, not_yours, overflown };
    /// Whether that `register` may go on with this session.
    fitness fits(registering const& from, protocol::messages::resume_request const& asked) const;
    /// Takes the new socket; one it still has closes with 4100. Precondition: it fits.
    void attach(registering from, std::uint64_t last_seq);
    /// Goes on, on that socket: answers `registered`, then what was missed. After `attach`.
    void go_on();
    /// The room has forgotten it.
    void give_up();
    /// Its own tab has begun a new session instead.
    void supersede();

    /// The number of the socket it has now: what comes from an earlier one is not for it.
    unsigned attachment() const { return attachment_; }
    /// One message after `register`.
    void on_message(unsigned attachment, protocol::parsed const& message);
    /// The connection is gone.
    void on_closed(unsigned attachment);

    void deliver(call::event const& what);
    void on_seat(bool seated);
    /// Says `bye`, then closes; a session that is away just ends.
    void close(std::uint16_t code);
    /// Says `goaway`: the socket closes after `in`.
    void go_away(base::milliseconds in);
    /// Heartbeat and token lifetime; called about every quarter of a heartbeat.
    void on_time(base::instant now);
    /// The shard itself stood still for so long: that was no silence of the peer.
    void excuse(base::milliseconds stall);

    base::session_id const& id() const { return id_; }
    service::bearer const& who() const { return from_.who; }
    base::user_id const& user() const { return from_.who.user; }
    bool away() const { return !from_.wire; }
    bool seated() const { return seated_; }
    base::boot_time away_since() const { return away_since_; }
    std::size_t ring_bytes() const { return ring_.bytes(); }
    void forget_ring();

private:
    /// The user's day while its rooms are being asked.
    struct day {
        unsigned attachment = 0;
        std::size_t missing = 0;
        std::vector<std::optional<call::appointment_view>> views;
    };

    // session_begin.cpp
    void enter_room();
    void on_entered(base::result<call::outcome> entered);
    void collect_day();
    void on_day(std::vector<service::appointment_row> rows);
    void on_described(day& list);
    void complete(protocol::registration filled);
    void refuse_registration(base::errc why);
    void ask_to_resume();
    void on_resumed(base::result<call::outcome> back);
    void end();

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
    void take_token(std::string const& id, protocol::messages::refresh const& m, bool may_wait);
    void handle(std::string const& id, protocol::messages::pong const& m);

    /// Sends a command to the room and answers `id` with its outcome; reading goes on then.
    void ask(std::string const& id, call::command asked);
    void answer_with_call(std::string const& id, call::outcome got);
    /// The same for messages that need no answer: errors are told only if there is an `id`.
    void tell_room(std::string const& id, call::command asked);
    void account_for(std::string_view action, base::errc outcome);
    bool in_room(std::string const& id);
    call::speaker speaker() const;
    std::optional<call::command_key> key_of(std::string const& id, std::string const& content) const;
    bool passes_on(std::string const& id, call::opaque& offer);
    void resume_reading();
    void part(std::uint16_t code);
    void answer_ok(std::string const& id);
    void answer_error(std::string const& id, base::errc why);
    /// Keeps the message numbered next_seq() in the ring, and sends it if there is a socket.
    void send_counted(std::string text, std::uint64_t rev = 0);
    void send_uncounted(std::string text);
    std::uint64_t next_seq() const { return ring_.last_seq() + 1; }

    session_context& house_;
    base::session_id id_;
    registering from_; ///< `wire` is null while it is away
    protocol::reset_reason begun_because_;
    std::string key_hash_;          ///< of the resume key given last
    std::string previous_key_hash_; ///< good until the socket that got the last one has sent something
    resume_ring ring_;
    std::uint64_t received_ = 0; ///< messages counted from the client
    std::uint64_t resume_from_ = 0;
    std::uint64_t pings_ = 0;
    base::instant heard_{}; ///< last message of any kind
    base::instant pinged_{};
    base::boot_time away_since_{};
    unsigned attachment_ = 1;
    unsigned asking_ = 0;     ///< commands that wait for their answer; nothing is read meanwhile
    bool registered_ = false; ///< it has been told so on the present socket
    bool entered_ = false;    ///< the room knows it
    bool closing_ = false;    ///< `bye` was said on the present socket
    bool final_ = false;      ///< with a code after which nobody comes back
    bool seated_ = false;
    bool expiry_told_ = false;
    std::optional<call::media_connection> connection_; ///< as pongs said last
    base::call_id call_;                               ///< of the seat, for TURN credentials
    std::vector<call::event> held_;                    ///< events that came before the first `registered`
};

} // namespace rendezvous::net
