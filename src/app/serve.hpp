#pragma once

#include "house.hpp"
#include "reload.hpp"
#include "service_manager.hpp"

#include <functional>

namespace rendezvous::app {

/// How the service came to be, and what is done on the way.
struct serve_options {
    service_environment environment; ///< what systemd gave
    reloader::source read_again;     ///< the configuration, on SIGHUP
    std::function<void()> on_ready;  ///< once it serves
};

/// Opens the doors of the house and serves until SIGTERM or SIGINT.
/// Throws std::runtime_error with one line if a port is busy or the certificate is bad.
void serve(house& h, serve_options options);

/// `demo`: everything embedded under ./var, for that host name or address. Returns the exit code.
int run_demo(std::string const& host);

} // namespace rendezvous::app
