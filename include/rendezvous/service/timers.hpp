#pragma once

#include "rendezvous/base/clock.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <optional>

namespace rendezvous::service {

/// The only thing that waits for time: one alarm, set anew by whoever knows what is due next.
/// Thread: the shard of `context`.
class timers {
public:
    timers(boost::asio::io_context& context, std::function<void()> ring) : timer_(context), ring_(std::move(ring)) {}

    /// Rings once after `span`, unless set again before; nothing: does not ring.
    void set(std::optional<base::milliseconds> span)
    {
        timer_.cancel();
        if (!span) return;
        timer_.expires_after(*span);
        timer_.async_wait([this](boost::system::error_code ec) {
            if (!ec) ring_();
        });
    }

private:
    boost::asio::steady_timer timer_;
    std::function<void()> ring_;
};

} // namespace rendezvous::service
