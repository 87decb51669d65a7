// Load program for WebSocket signaling servers; see ../README.md.

#include "dialect.hpp"
#include "modes.hpp"
#include "options.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace {

using namespace rendezvous::loadgen;

/// As many descriptors as the hard limit allows.
void raise_descriptor_limit()
{
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void run(options const& options, dialect& dialect)
{
    switch (options.mode) {
    case run_mode::relay: return run_relay(options, dialect);
    case run_mode::idle: return run_idle(options, dialect);
    case run_mode::storm: return run_storm(options, dialect);
    default: break;
    }
    auto* const ours = dynamic_cast<rendezvous_dialect*>(&dialect);
    if (ours == nullptr) throw std::runtime_error("this mode needs --dialect rendezvous");
    switch (options.mode) {
    case run_mode::double_start: return run_double_start(options, *ours);
    case run_mode::comeback: return run_return(options, *ours);
    case run_mode::slow_reader: return run_slow_reader(options, *ours);
    case run_mode::registrations: return run_registrations(options, *ours);
    default: break;
    }
}

} // namespace

int main(int argc, char** argv)
{
    try {
        options const options = parse_options(argc, argv);
        std::signal(SIGPIPE, SIG_IGN);
        prctl(PR_SET_TIMERSLACK, 1000UL); // nanoseconds: the open loop waits for due times
        raise_descriptor_limit();
        if (options.mode == run_mode::attack) {
            run_attack(options);
            return 0;
        }
        if (options.mode == run_mode::booking) {
            run_booking(options);
            return 0;
        }
        auto const dialect = make_dialect(options);
        if (!dialect) {
            std::fprintf(stderr, "loadgen: unknown dialect %s (see --help)\n", options.dialect.c_str());
            return 64;
        }
        run(options, *dialect);
        return 0;
    } catch (std::exception const& error) {
        std::fprintf(stderr, "loadgen: %s\n", error.what());
        return 1;
    }
}
