#pragma once

#include "rendezvous/base/clock.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace rendezvous::app {

/// What the process uses of what it may use.
struct memory_use {
    std::uint64_t used = 0;  ///< bytes
    std::uint64_t limit = 0; ///< bytes, 0 = unknown
};

enum class memory_state { plenty, crowded, nearly_out };

/// Above 80 % crowded, until it is below 75 % again; above 95 % nearly out.
memory_state judge(memory_use const& use, memory_state before);

/// Resident memory of this process.
std::uint64_t resident_bytes(std::filesystem::path const& proc = "/proc");
/// What it may have: `configured_mb` MiB, or (0) the least of the memory.max and memory.high of its
/// cgroup and those above it, and the memory of the machine.
std::uint64_t memory_limit(std::size_t configured_mb, std::filesystem::path const& proc = "/proc",
    std::filesystem::path const& cgroups = "/sys/fs/cgroup");

/// Sets the metrics about the process itself: processor time, memory, descriptors. Before a scrape.
void read_process_metrics();
/// Sets the start time among them. Once.
void note_process_start(base::utc_time now);

/// Makes sure that 0, 1 and 2 are open: else the first sockets would get these numbers, and log
/// lines would go to a peer. Before anything else is opened.
void open_standard_streams();

/// One socket is one descriptor: takes what the system allows.
void raise_descriptor_limit();

} // namespace rendezvous::app
