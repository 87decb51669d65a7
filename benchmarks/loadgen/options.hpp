#pragma once

// Command line of the load program.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rendezvous::loadgen {

enum class run_mode { relay, idle, storm, double_start, comeback, slow_reader, registrations, attack, booking };

/// Defaults are a short relay run; every count and every time has an upper bound (parse_options).
struct options {
    std::string dialect = "room";
    run_mode mode = run_mode::relay;
    std::string label;
    bool tls = false;
    bool resume_tls = false; ///< storm: offer each connection's TLS 1.3 ticket
    bool touch = false;      ///< idle: relay one message per connection, then read memory again
    bool seated = false;     ///< return: in calls, not only registered
    std::uint16_t port = 0;
    std::uint32_t connections = 200;
    std::uint32_t in_flight = 64; ///< connections being opened at the same time
    std::uint32_t depth = 1;      ///< closed loop: messages in flight per pair
    std::size_t payload_bytes = 2048;
    double duration_s = 5;
    double warmup_s = 1;
    double rate_per_s = 0;           ///< 0 = closed loop, else messages due per second over all connections
    double reader_rate_per_s = 1000; ///< slow-reader: signals to the one who does not read
    double settle_s = 2;
    double hold_s = 3;
    double timeout_s = 60;         ///< for all connections together to be registered
    std::uint32_t waves = 1;       ///< double-start: one after another, each with rooms of its own
    std::uint32_t addresses = 200; ///< attack: 127.0.1.0 and following
    std::string issuer = "https://bench.example";
    std::string audience = "rendezvous";
    /// HS256 secret of `issuer`, the whole file, for dialect rendezvous; booking: the API key, one line.
    std::string secret_file;
    std::vector<int> pids; ///< processes whose CPU and memory are read
};

/// Prints the reason to stderr and exits with 64 (EX_USAGE) on a bad command line; `--help`
/// prints the options and exits with 0.
options parse_options(int argc, char** argv);

} // namespace rendezvous::loadgen
