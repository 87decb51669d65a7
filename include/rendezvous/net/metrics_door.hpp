#pragma once

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace rendezvous::net {

/// `GET /metrics` over plain HTTP/1.1 on a listener of its own, for a Prometheus on the same
/// machine: one request per connection, a header of at most 8 KiB in 5 s, at most eight
/// connections at once. Knows nothing of the public doors and shares no socket with them.
/// Thread: the shard of `context`; destroyed when it no longer runs.
class metrics_door {
public:
    /// `page` makes the text of one scrape. `endpoint` is `address:port`.
    metrics_door(boost::asio::io_context& context, std::function<std::string()> page);
    ~metrics_door();
    metrics_door(metrics_door const&) = delete;
    metrics_door& operator=(metrics_door const&) = delete;

    /// Binds and listens; returns the port. Throws std::runtime_error with one line.
    std::uint16_t start(std::string const& endpoint);

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace rendezvous::net
