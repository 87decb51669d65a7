#pragma once

#include "rendezvous/base/clock.hpp"
#include "rendezvous/service/event_port.hpp"
#include "rendezvous/service/http_port.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace rendezvous::outbound {

/// How events are delivered.
struct webhook_options {
    std::string source;                     ///< `ce-source`: the server's own URL
    std::vector<base::milliseconds> retry;  ///< before each attempt, from the one before on; not empty
    std::vector<std::string> private_hosts; ///< service::http_ask
    base::milliseconds timeout{15'000};     ///< of one attempt
    std::size_t in_flight_max = 4;          ///< attempts at once, per webhook
};

/// Delivers the events of a store to its webhooks, on a thread of its own named `rdv-webhooks`: the
/// only dispatcher of that store. Each attempt's outcome is kept before the next one begins, so
/// whatever happens to the process, an event is delivered at least once or given up after the last
/// attempt; events of one call go to a webhook one after the other. A webhook that is slow or gone
/// holds up only itself.
class webhook_worker {
public:
    /// `store`, `http` and `clock` must outlive it. `random`: 0 to 1, for the jitter of retries;
    /// called on the worker's thread.
    webhook_worker(service::event_store& store, service::http_client& http, base::clock const& clock,
        std::function<double()> random, webhook_options options);
    /// Gives up the attempts under way; they are made again by the next worker.
    ~webhook_worker();
    webhook_worker(webhook_worker const&) = delete;
    webhook_worker& operator=(webhook_worker const&) = delete;

private:
    class dispatcher;
    std::unique_ptr<dispatcher> inside_;
};

/// Random numbers of the system for `random`.
std::function<double()> system_jitter();

} // namespace rendezvous::outbound
