#pragma once

// The protocol of this server, as docs/protocol.md tells it to a client.

#include "dialect.hpp"

#include <memory>

namespace rendezvous::loadgen {

/// Room k is appointment `bench-k`, which must exist with the participants `bench-d-k` (doctor,
/// even connections) and `bench-p-k` (patient, odd ones) and an open window. The doctor starts
/// the call, the patient joins it once it is told of it; both are registered when they are in.
/// Throws std::runtime_error when the secret file cannot be read.
std::unique_ptr<dialect> make_rendezvous_dialect(options const& options);

} // namespace rendezvous::loadgen
