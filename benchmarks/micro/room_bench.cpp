// What the domain costs: a signal through a room, and a whole call from start to end.
#include "rendezvous/call/room.hpp"

#include "loadgen/payload.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

using namespace rendezvous;
using namespace std::chrono_literals;

base::instant const began{base::utc_time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + 9h}, 1'000'000ms};

/// A room with a doctor and a patient in it; every decision must be allowed.
class inhabited_room {
public:
    inhabited_room() : room_(base::appointment_id{"bench"}, {}, rules_)
    {
        call::commands::put_appointment put;
        put.id = base::appointment_id{"bench"};
        put.start = began.utc;
        put.end = began.utc + 1h;
        put.members = {{doctor.user, call::role::doctor, "Doctor", {}, base::participant_id{"participant-d"}},
            {patient.user, call::role::patient, "Patient", {}, base::participant_id{"participant-p"}}};
        act(put);
        act(call::commands::enter{doctor, "", "", false});
        act(call::commands::enter{patient, "", "", false});
    }

    call::committed act(call::command const& asked)
    {
        auto const decided = room_.decide(asked, began);
        if (decided.refusal) throw std::logic_error("the room refuses what the benchmark asks");
        return room_.commit(decided, began);
    }
    void start()
    {
        base::call_id const id{"call-" + std::to_string(++calls_)};
        act(call::commands::start_call{doctor, id, {}, nullptr});
    }
    void join() { act(call::commands::join_call{patient, {}, nullptr, false, false}); }
    void end() { act(call::commands::end_call{doctor, {}, false}); }

    call::room& room() { return room_; }

    call::speaker const doctor{base::user_id{"doctor"}, call::role::doctor, base::session_id{"0-doctor"}};
    call::speaker const patient{base::user_id{"patient"}, call::role::patient, base::session_id{"0-patient"}};

private:
    call::room_rules rules_;
    call::room room_;
    unsigned calls_ = 0;
};

/// There and back, as in an exchange of offer and answer; the figure is for two signals.
void relay_two_signals(benchmark::State& state)
{
    inhabited_room here;
    here.start();
    here.join();
    auto const body = std::make_shared<std::string const>(loadgen::make_body(2048));
    call::commands::signal const offer{*here.doctor.session, {}, {}, body};
    call::commands::signal const answer{*here.patient.session, {}, {}, body};
    for (auto _ : state) {
        auto const there = here.room().relay(offer);
        auto const back = here.room().relay(answer);
        if (!there || !back) return state.SkipWithError("a signal is refused");
        benchmark::DoNotOptimize(&there);
        benchmark::DoNotOptimize(&back);
    }
}
BENCHMARK(relay_two_signals);

void start_join_end(benchmark::State& state)
{
    inhabited_room here;
    for (auto _ : state) {
        here.start();
        here.join();
        here.end();
    }
}
BENCHMARK(start_join_end);

} // namespace
