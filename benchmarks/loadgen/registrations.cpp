#include "clock.hpp"
#include "modes.hpp"
#include "report.hpp"

#include <algorithm>
#include <vector>

namespace rendezvous::loadgen {
namespace {

constexpr double default_rate_per_s = 50;

/// One person at a time per connection, in turn; nobody waits for the one before.
class queue_of_people {
public:
    explicit queue_of_people(engine& engine) : engine_(engine), due_ns_(engine.connections().size(), 0) {}

    void send_next(std::uint64_t due_ns)
    {
        connection& c = *engine_.connections()[next_];
        if (due_ns_[next_] != 0) ++failed; // still not in when its turn came again
        due_ns_[next_] = due_ns;
        next_ = (next_ + 1) % due_ns_.size();
        engine_.reopen(c);
    }

    void collect()
    {
        for (auto const& c : engine_.connections()) {
            auto& due = due_ns_[c->shared.index];
            if (due == 0) continue;
            if (c->registered)
                latency.add(c->registered_ns - due);
            else if (c->state == connection_state::closed)
                ++failed;
            else
                continue;
            due = 0;
        }
    }

    histogram latency;
    std::uint64_t failed = 0;

private:
    engine& engine_;
    std::vector<std::uint64_t> due_ns_; ///< 0: nobody is on the way
    std::size_t next_ = 0;
};

} // namespace

void run_registrations(options const& options, rendezvous_dialect& dialect)
{
    engine engine(options, dialect);
    dialect.arrive(arrival::registered);
    queue_of_people people(engine);
    double const rate = options.rate_per_s > 0 ? options.rate_per_s : default_rate_per_s;
    auto const interval_ns = std::uint64_t(1e9 / rate);
    std::uint64_t const began = now_ns();
    std::uint64_t const end = began + std::uint64_t(options.duration_s * 1e9);
    std::uint64_t due = began;
    for (std::uint64_t now = began; now < end; now = now_ns()) {
        for (; due <= now; due += interval_ns) people.send_next(due);
        engine.poll(std::int64_t(std::min(due, end)) - std::int64_t(now_ns()));
        people.collect();
    }
    engine.run_for(options.settle_s);
    people.collect();
    json_line line = begin_line(options, "registrations");
    line.number("rate", rate).count("people", (due - began) / interval_ns).count("failed", people.failed);
    add_latency(line, people.latency);
    line.print();
}

} // namespace rendezvous::loadgen
