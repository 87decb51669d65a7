#pragma once

// Signals between the two sides of every room, and what came of them.

#include "engine.hpp"
#include "frame.hpp"
#include "histogram.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rendezvous::loadgen {

struct traffic_counts {
    std::uint64_t sent = 0;
    std::uint64_t delivered = 0;
    std::uint64_t recorded = 0; ///< delivered while recording
    std::uint64_t wrong = 0;    ///< arrived at another connection than the sender's partner
    std::uint64_t blocked = 0;  ///< not sent, because megabytes were still queued
};

class traffic : public text_listener {
public:
    /// Prepares one signal per connection; all must be registered. From here on the engine's texts
    /// come here first. `engine` and `dialect` must outlive this object.
    traffic(engine& engine, dialect& dialect, std::size_t payload_bytes);
    ~traffic() override;

    /// Sends the connection's signal; latency will count from `stamp_ns`.
    void send(std::uint32_t index, std::uint64_t stamp_ns);
    /// Closed loop: the receiver answers each signal at once.
    void answer(bool on) { answering_ = on; }
    void record(bool on) { recording_ = on; }

    bool on_relayed(connection& to, std::string_view text) override;

    traffic_counts const& counts() const { return counts_; }
    histogram const& latency() const { return latency_; }
    /// What was recorded so far; a new recording begins.
    histogram take_latency() { return std::exchange(latency_, {}); }
    std::size_t frame_bytes() const { return signals_.front().frame.bytes.size(); }

private:
    struct prepared_signal {
        outgoing_frame frame;
        std::size_t stamp_at = 0; ///< offset of the time within the payload
    };
    prepared_signal prepare(connection const& from, std::string_view body) const;
    std::uint32_t partner_of(std::uint32_t index) const { return dialect_.echoes() ? index : index ^ 1U; }

    engine& engine_;
    dialect& dialect_;
    std::vector<prepared_signal> signals_;
    std::size_t stamp_hint_ = 0;
    bool answering_ = false;
    bool recording_ = false;
    traffic_counts counts_;
    histogram latency_;
};

} // namespace rendezvous::loadgen
