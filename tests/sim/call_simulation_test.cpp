#include "call_simulation.hpp"

#include "rendezvous/base/log.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

namespace rendezvous::sim {
namespace {

std::uint64_t number_from(char const* variable, std::uint64_t otherwise)
{
    auto const* text = std::getenv(variable);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// RENDEZVOUS_SIM_STEPS in all, over ten seeds from RENDEZVOUS_SIM_SEED on.
TEST(CallSimulation, KeepsItsPromisesOverAStoreThatLagsAndFails)
{
    base::log::set_level(base::log::level::off);
    constexpr std::uint64_t seeds = 10;
    auto const steps = number_from("RENDEZVOUS_SIM_STEPS", RENDEZVOUS_SIM_STEPS) / seeds;
    auto const first = number_from("RENDEZVOUS_SIM_SEED", 1);
    for (auto seed = first; seed < first + seeds; ++seed) {
        call_simulation run(seed);
        std::uint64_t step = 0;
        try {
            for (; step < steps; ++step) run.step();
            run.finish();
        } catch (std::logic_error const& e) {
            FAIL() << e.what() << " at step " << step << "; replay with RENDEZVOUS_SIM_SEED=" << seed;
        }
        auto const& n = run.counted();
        std::cout << "seed " << seed << ": " << run.calls_started() << " calls, " << n.events << " events, "
                  << n.signals << " signals, " << n.refusals << " refusals, " << n.resumes << " resumes, " << n.resets
                  << " resets, " << n.repeats << " repeats, " << n.crashes << " crashes\n";
        // A simulation in which nothing happens proves nothing.
        EXPECT_GT(run.calls_started(), steps / 2'000);
        EXPECT_GT(n.signals, steps / 2'000);
        EXPECT_GT(n.resumes, steps / 2'000);
        EXPECT_GT(n.repeats, steps / 20'000);
        EXPECT_GT(n.crashes, steps / 20'000);
    }
}

} // namespace
} // namespace rendezvous::sim
