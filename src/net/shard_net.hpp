#pragma once

#include "admission.hpp"
#include "deadline_wheel.hpp"
#include "origins.hpp"
#include "peer_address.hpp"
#include "static_files.hpp"
#include "turns.hpp"

#include "rendezvous/net/server.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace rendezvous::net {

/// What connections read and a reload replaces as a whole. Immutable, shared by all shards.
struct net_settings {
    base::limits limits;
    base::milliseconds keep_alive;
    base::milliseconds lag_max;
    origin_rules origins;
    address_blocks trusted;
};

/// What all shards share for the life of the server. Nothing here belongs to an io_context, so it
/// may be destroyed on any thread. Only shard 0 touches `gate` and `on_vacancy`.
struct net_core {
    service::shards& shards;
    base::clock const& clock;
    base::id_generator& ids;
    http_handler handler;
    socket_handler_factory sockets;
    static_files files;
    std::size_t const sockets_max; ///< for which there are descriptors
    admission gate;
    std::function<void()> on_vacancy; ///< a counted connection is gone, and its descriptor with it
    std::atomic<bool> over{false}; ///< the server is being destroyed, the shards are about to be
};

/// One connection counted by the gate; its destruction, on any thread, gives the place back.
class gate_ticket {
public:
    gate_ticket(std::shared_ptr<net_core> core, std::string key) : core_(std::move(core)), key_(std::move(key)) {}
    ~gate_ticket();
    gate_ticket(gate_ticket const&) = delete;
    gate_ticket& operator=(gate_ticket const&) = delete;
    /// It is no stranger any longer. Thread: its connection's shard.
    void mark_registered();
    /// It was cut for being late. Thread: its connection's shard.
    void mark_late();

private:
    std::shared_ptr<net_core> core_;
    std::string key_;
    bool registered_ = false;
};

/// One open connection as its shard sees it.
class connection : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    virtual ~connection() = default;
    /// The server wants it gone: `code` and `reason` are for a WebSocket. On its shard.
    virtual void close_by_server(std::uint16_t code, std::string const& reason) = 0;
    /// The shards have ended and will not run again: break cycles of ownership.
    virtual void abandon() {}
};

/// One shard's part of the net: its deadlines, its connections, its settings. Touched on that
/// shard only, but for the counts. Kept alive by its timer and its connections.
class shard_net : public std::enable_shared_from_this<shard_net> {
public:
    shard_net(std::shared_ptr<net_core> shared, std::size_t shard, std::shared_ptr<net_settings const> first);

    void start_ticking();
    void stop_ticking();
    void close_all(std::uint16_t code, std::string const& reason);
    void abandon_all();
    void use(std::shared_ptr<net_settings const> next);

    std::shared_ptr<net_core> const core;
    std::size_t const index;
    std::shared_ptr<net_settings const> settings;
    deadline_wheel wheel;
    turns strangers;
    boost::intrusive::list<connection, boost::intrusive::constant_time_size<false>> connections;
    std::atomic<std::size_t> http_count{0};
    std::atomic<std::size_t> websocket_count{0};

private:
    using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
        boost::asio::wait_traits<std::chrono::steady_clock>, boost::asio::io_context::executor_type>;
    void wait();

    timer timer_;
    base::boot_time due_{};
    bool ticking_ = false;
};

} // namespace rendezvous::net
