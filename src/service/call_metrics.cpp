#include "call_metrics.hpp"

#include "rendezvous/base/metrics.hpp"

namespace rendezvous::service {
namespace {

namespace metrics = base::metrics;

metrics::call_state open_state(call::call_state state)
{
    return metrics::same<metrics::call_state>(state);
}

void count_fact(call::fact const& f, call::room_record const& before)
{
    if (auto const* started = std::get_if<call::facts::call_started>(&f)) {
        metrics::calls_open.up(open_state(started->call.state));
    } else if (auto const* taken = std::get_if<call::facts::seat_taken>(&f); taken && taken->answers) {
        metrics::calls_open.down(open_state(before.newest->state));
        metrics::calls_open.up(metrics::call_state::active);
        metrics::call_setup.observe(taken->taken.joined_at - before.newest->created_at);
    } else if (auto const* ended = std::get_if<call::facts::call_ended>(&f)) {
        auto const& call = *before.newest;
        metrics::calls_open.down(open_state(call.state));
        metrics::calls_ended.add(
            metrics::same<metrics::call_kind>(call.kind), metrics::same<metrics::end_reason>(ended->reason));
        if (call.answered_at) metrics::call_duration.observe(ended->duration);
    }
}

} // namespace

void count_refused(call::command const& asked, base::errc why)
{
    if (why == base::errc::idempotency_key_reused)
        return metrics::repeated_commands.add(metrics::repeat_outcome::conflict);
    bool const seeks_seat = std::holds_alternative<call::commands::start_call>(asked)
                            || std::holds_alternative<call::commands::join_call>(asked);
    if (seeks_seat) metrics::gate_denied.add(why);
}

void count_decided(call::decision const& decided, call::room_record const& before)
{
    if (decided.repeats) metrics::repeated_commands.add(metrics::repeat_outcome::replayed);
    for (auto const& f : decided.facts) count_fact(f, before);
}

void count_loaded(call::room_record const& record)
{
    metrics::calls_open.up(open_state(record.newest->state));
}

void count_recovered(bool was_recovering, call::room const& after)
{
    if (!was_recovering || after.recovering()) return;
    bool const open = call::open_call(after.record()) != nullptr;
    metrics::recovered_calls.add(open ? metrics::recovery_outcome::continued : metrics::recovery_outcome::lost);
}

} // namespace rendezvous::service
