#pragma once

// What the results of all modes have in common.

#include "engine.hpp"
#include "histogram.hpp"
#include "json_line.hpp"
#include "options.hpp"

#include <string_view>

namespace rendezvous::loadgen {

json_line begin_line(options const& options, std::string_view mode);

/// Throws std::runtime_error unless every connection is registered.
void require_all(options const& options, connect_report const& report);

/// p50 to p99.9 and the maximum, in microseconds.
void add_latency(json_line& line, histogram const& latency);

} // namespace rendezvous::loadgen
