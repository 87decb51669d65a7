#pragma once

// Opens, holds and reads the connections: one epoll loop, one thread.

#include "dialect.hpp"
#include "frame.hpp"
#include "histogram.hpp"
#include "options.hpp"
#include "stream.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::loadgen {

enum class connection_state : std::uint8_t { closed, connecting, handshaking, upgrading, open };

struct connection {
    dialect_connection shared;
    stream link;
    connection_state state = connection_state::closed;
    bool registered = false;
    bool wants_write = false;
    bool reads = true;
    int retries = 0;
    std::uint64_t started_ns = 0;
    std::uint64_t registered_ns = 0;
    std::string incoming;  ///< the beginning of an incomplete frame
    std::string outgoing;  ///< what the socket did not take
    std::string fragments; ///< of a message that came in several frames
};

/// Receives every text while traffic runs.
class text_listener {
public:
    virtual ~text_listener() = default;
    /// True when the text was a relayed signal and needs no further look.
    virtual bool on_relayed(connection& from, std::string_view text) = 0;
};

/// How opening all connections went; the counts are of the last connect_all().
struct connect_report {
    double seconds = 0;
    std::uint32_t registered = 0;
    std::uint32_t failed = 0; ///< given up after three retries or at the deadline
    std::uint32_t retries = 0;
    std::uint32_t resumed = 0; ///< TLS tickets the server accepted
    histogram latency;         ///< from the first connect to registered
    std::string last_error;
};

class engine {
public:
    /// Both must outlive the engine.
    engine(options const& options, dialect& dialect);
    ~engine();
    engine(engine const&) = delete;
    engine& operator=(engine const&) = delete;

    /// Opens every connection, at most `in_flight` at a time, until all are registered or given up
    /// or timeout_s is over.
    connect_report connect_all(std::uint32_t in_flight, bool offer_tickets);
    /// Cuts every connection with a reset, as a lost network would.
    void drop_all();

    void listen(text_listener* listener) { listener_ = listener; }
    /// Cuts the connection if it is open and opens it once, without retries; see `registered`.
    void reopen(connection& c);
    /// Leaves what arrives to the kernel, as a browser does that hangs.
    void stop_reading(connection& c);
    /// Sends or queues; a broken connection is dropped and counted as lost.
    void send(connection& to, std::string_view frame);

    /// Handles what is ready, after waiting at most `timeout_ns`.
    void poll(std::int64_t timeout_ns);
    void run_for(double seconds);

    std::vector<std::unique_ptr<connection>>& connections() { return connections_; }
    connection& at(std::uint32_t index) { return *connections_[index]; }
    /// Registered connections that broke later.
    std::uint32_t lost() const { return lost_; }

private:
    void start_waiting();
    void start(connection& c);
    void on_event(connection& c, std::uint32_t events);
    void on_connected(connection& c);
    void on_handshake(connection& c);
    void send_upgrade(connection& c);
    void on_readable(connection& c);
    bool on_bytes(connection& c, std::string_view bytes);
    bool on_upgrade_answer(connection& c, std::string_view head);
    bool on_frame(connection& c, incoming_frame const& frame);
    bool on_text(connection& c, std::string_view text);
    bool react(connection& c, reaction const& reaction);
    void on_registered(connection& c);
    void tick_some(std::uint64_t now);
    bool write_or_queue(connection& c, std::string_view bytes);
    void watch_writes(connection& c, bool wanted);
    void close(connection& c);
    void fail(connection& c, std::string_view reason);

    options const& options_;
    dialect& dialect_;
    ssl_context ssl_context_;
    int epoll_ = -1;
    std::vector<std::unique_ptr<connection>> connections_;
    std::vector<char> read_buffer_;
    text_listener* listener_ = nullptr;

    std::deque<std::uint32_t> waiting_;
    std::uint32_t connecting_ = 0;
    std::uint32_t in_flight_ = 1;
    bool offer_tickets_ = false;
    bool starting_ = false;
    std::uint64_t deadline_ns_ = 0;
    connect_report report_;
    std::uint32_t lost_ = 0;
    std::uint64_t next_tick_ns_ = 0;
    std::size_t tick_at_ = 0;
};

} // namespace rendezvous::loadgen
