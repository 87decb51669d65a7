#pragma once

// Clocks of the load program.

#include <cstdint>
#include <time.h>

namespace rendezvous::loadgen {

/// Monotonic time in nanoseconds; latencies and deadlines are differences of it.
inline std::uint64_t now_ns()
{
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::uint64_t(time.tv_sec) * 1'000'000'000ULL + std::uint64_t(time.tv_nsec);
}

/// CPU seconds this process has used so far.
inline double own_cpu_s()
{
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) / 1e9;
}

} // namespace rendezvous::loadgen
