#pragma once

#include "house.hpp"

#include <functional>

namespace rendezvous::app {

/// Opens the doors of the house and serves until SIGTERM or SIGINT. `on_ready` is called once it
/// serves. Throws std::runtime_error with one line if a port is busy or the certificate is bad.
void serve(house& h, std::function<void()> on_ready);

/// `demo`: everything embedded under ./var, for that host name or address. Returns the exit code.
int run_demo(std::string const& host);

} // namespace rendezvous::app
