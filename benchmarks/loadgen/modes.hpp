#pragma once

// The three measurements. Each prints one JSON line to stdout and throws std::runtime_error
// when it could not be made.

#include "dialect.hpp"
#include "options.hpp"

namespace rendezvous::loadgen {

/// Signals between all pairs: closed loop (each pair keeps `depth` in flight, the server is
/// saturated) or, with a rate, open loop. Open-loop latency counts from the time a message was
/// due, so that a stalled server cannot hide behind a sender that waits for it.
void run_relay(options const& options, dialect& dialect);

/// Opens all connections, rests, and reads the server's memory against the value before.
void run_idle(options const& options, dialect& dialect);

/// Opens all connections, cuts them with a reset, rests, and opens all of them at once again.
void run_storm(options const& options, dialect& dialect);

} // namespace rendezvous::loadgen
