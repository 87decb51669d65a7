#pragma once

#include "deadline_wheel.hpp"
#include "token_bucket.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <utility>

namespace rendezvous::net {

/// What strangers make a shard do, one piece at a time between everything else: a storm of TLS
/// handshakes or of pipelined requests keeps nobody waiting who is already in. Who owes least is
/// next; among equals, who came last: when there are too many, those who came first have given up
/// or will, and serving them in order would make everybody do so (B. Maurer, "Fail at Scale", ACM
/// Queue 2015, "adaptive LIFO"). Touched on its shard only, and bounded by what waits: one
/// job for each connection.
class turns {
public:
    using job = std::function<void()>;

    /// `wheel` outlives this.
    turns(boost::asio::io_context& shard, deadline_wheel& wheel, std::uint32_t newcomers_per_s);

    /// Who owes more must leave more of the rate to others: half of it from `debt_large` on, a
    /// quarter from `debt_small` on.
    static constexpr std::uint32_t debt_small = 4;
    static constexpr std::uint32_t debt_large = 16;

    /// A connection that wants TLS.
    void newcomer(std::uint32_t debt, job serve);
    /// A request that came before the answer to the one before it.
    void pipelined(std::uint32_t debt, job serve);

    void set_rate(std::uint32_t newcomers_per_s);
    /// Drops all that wait.
    void clear();

private:
    /// Debt, then what counts down with each arrival.
    using queue = std::map<std::pair<std::uint32_t, std::uint64_t>, job>;

    void wake();
    void step();
    bool may_take_newcomer();
    static void serve_first(queue& from);

    boost::asio::io_context& shard_;
    deadline_wheel& wheel_;
    std::uint32_t rate_per_s_;
    token_bucket rate_;
    deadline pause_;
    queue newcomers_;
    queue pipelined_;
    std::uint64_t next_place_ = std::numeric_limits<std::uint64_t>::max();
    bool awake_ = false; ///< a step is posted
};

} // namespace rendezvous::net
