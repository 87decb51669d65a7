#pragma once

// What the measured server used, read from /proc (proc(5)); the server needs no help for it.

#include <cstdint>
#include <vector>

namespace rendezvous::loadgen {

/// Memory from /proc/PID/smaps_rollup, summed over the processes.
struct memory_usage {
    std::uint64_t rss_kb = 0;
    std::uint64_t pss_kb = 0;
    std::uint64_t private_kb = 0;
};

/// CPU seconds, summed over all threads of the processes.
struct cpu_usage {
    double user_s = 0;      ///< /proc/PID/stat, ticks of 10 ms
    double system_s = 0;    ///< same
    double scheduled_s = 0; ///< /proc/PID/task/*/schedstat: nanoseconds, without the split
    /// The finer figure; where the kernel has no schedstat, the ticks.
    double total_s() const { return scheduled_s > 0 ? scheduled_s : user_s + system_s; }
};

/// A process that has gone contributes nothing.
memory_usage read_memory(std::vector<int> const& pids);
cpu_usage read_cpu(std::vector<int> const& pids);

} // namespace rendezvous::loadgen
