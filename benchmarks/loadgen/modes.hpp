#pragma once

// The measurements. Each prints one JSON line to stdout and throws std::runtime_error
// when it could not be made.

#include "dialect.hpp"
#include "options.hpp"
#include "rendezvous_dialect.hpp"

namespace rendezvous::loadgen {

/// Signals between all pairs: closed loop (each pair keeps `depth` in flight, the server is
/// saturated) or, with a rate, open loop. Open-loop latency counts from the time a message was
/// due, so that a stalled server cannot hide behind a sender that waits for it.
void run_relay(options const& options, dialect& dialect);

/// Opens all connections, rests, and reads the server's memory against the value before.
void run_idle(options const& options, dialect& dialect);

/// Opens all connections, cuts them with a reset, rests, and opens all of them at once again.
void run_storm(options const& options, dialect& dialect);

// Of our own server only, whose messages they read (rendezvous_dialect.hpp).

/// Doctor and patient of every room are registered, then both send startCall at the same moment:
/// one call each, the same `callId` for both, no error. Wave after wave with new rooms.
void run_double_start(options const& options, rendezvous_dialect& dialect);

/// All are registered and `ready` is printed; the runner kills the server and starts it again. As
/// soon as it listens, all come back at once with the session they had.
void run_return(options const& options, rendezvous_dialect& dialect);

/// The patient of room 0 stops reading while the doctor goes on sending; the other rooms are
/// neighbours with a fixed rate, measured before and meanwhile.
void run_slow_reader(options const& options, rendezvous_dialect& dialect);

/// People who come one after another at `rate`: from connect to `registered`, each then cut.
void run_registrations(options const& options, rendezvous_dialect& dialect);

/// `connections` sockets from many addresses that keep a server busy with nothing: slow TLS, slow
/// header, slow body, answers not read; each opened again as soon as it is cut.
void run_attack(options const& options);

/// A booking system with `connections` kept-alive connections that writes new appointments, one
/// at a time on each, as fast as they are stored.
void run_booking(options const& options);

} // namespace rendezvous::loadgen
