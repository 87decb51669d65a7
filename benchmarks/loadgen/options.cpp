#include "options.hpp"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>

namespace rendezvous::loadgen {
namespace {

constexpr char usage_text[] =
    R"(usage: loadgen --port PORT [options]      (always 127.0.0.1)

  --mode MODE               relay, idle, storm, double-start, return, slow-reader, registrations, attack or
                            booking (default relay; the last six are for our own server)
  --dialect NAME            rendezvous, room, echo, peerjs (default room)
  --tls                     TLS 1.3, X25519, AES-128-GCM; the certificate is not verified
  --pids A,B                server processes whose CPU and memory are read
  --label TEXT              copied into the result
  --conns N | --pairs N     connections, even (default 200; at most 20000)
  --inflight N              connections being opened at the same time (default 64)
  --payload BYTES           size of the JSON object that is relayed (default 2048)
  --depth N                 closed loop: messages in flight per pair (default 1)
  --rate R                  open loop: R messages per second over all connections
  --reader-rate R           slow-reader: signals per second to the one who does not read (default 1000)
  --warmup S --duration S   relay: not measured, then measured (defaults 1, 5)
  --settle S --hold S       idle and storm: rests (defaults 2, 3)
  --touch                   idle: relay one message each, rest, read memory again
  --resume                  storm: offer TLS session tickets
  --seated                  return: everybody is in a call, not only registered
  --timeout S               for all connections to be registered (default 60)
  --waves N                 double-start: waves of --pairs, each with rooms of its own (default 1)
  --addresses N             attack: source addresses 127.0.1.0 and following (default 200; at most 500)
  --issuer URL --audience A --secret-file FILE
                            tokens of the rendezvous dialect (HS256)
)";

[[noreturn]] void refuse(std::string const& reason)
{
    std::fprintf(stderr, "loadgen: %s (see --help)\n", reason.c_str());
    std::exit(64);
}

double number(std::string const& name, std::string const& text, double min, double max)
{
    char* end = nullptr;
    double const value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !(value >= min && value <= max)) {
        std::ostringstream reason;
        reason << name << " must be a number from " << min << " to " << max;
        refuse(reason.str());
    }
    return value;
}

run_mode mode_named(std::string const& name)
{
    if (name == "relay") return run_mode::relay;
    if (name == "idle") return run_mode::idle;
    if (name == "storm") return run_mode::storm;
    if (name == "double-start") return run_mode::double_start;
    if (name == "return") return run_mode::comeback;
    if (name == "slow-reader") return run_mode::slow_reader;
    if (name == "registrations") return run_mode::registrations;
    if (name == "attack") return run_mode::attack;
    if (name == "booking") return run_mode::booking;
    refuse("unknown mode " + name);
}

std::vector<int> pid_list(std::string const& text)
{
    std::vector<int> pids;
    std::stringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) pids.push_back(int(number("--pids", part, 1, 1 << 22)));
    return pids;
}

using flag_table = std::map<std::string, std::function<void()>>;
using value_table = std::map<std::string, std::function<void(std::string const&)>>;

flag_table flags_of(options& o)
{
    return {{"--tls", [&o] { o.tls = true; }}, {"--seated", [&o] { o.seated = true; }},
        {"--touch", [&o] { o.touch = true; }}, {"--resume", [&o] { o.resume_tls = true; }}};
}

value_table values_of(options& o)
{
    auto const count = [](std::uint32_t& target, char const* name, double max) {
        return [&target, name, max](std::string const& v) { target = std::uint32_t(number(name, v, 1, max)); };
    };
    auto const seconds = [](double& target, char const* name) {
        return [&target, name](std::string const& v) { target = number(name, v, 0, 300); };
    };
    auto const text = [](std::string& target) { return [&target](std::string const& v) { target = v; }; };
    return {
        {"--port", [&o](auto const& v) { o.port = std::uint16_t(number("--port", v, 1, 65535)); }},
        {"--mode", [&o](auto const& v) { o.mode = mode_named(v); }},
        {"--pids", [&o](auto const& v) { o.pids = pid_list(v); }},
        {"--conns", count(o.connections, "--conns", 20000)},
        {"--pairs", [&o](auto const& v) { o.connections = 2 * std::uint32_t(number("--pairs", v, 1, 10000)); }},
        {"--inflight", count(o.in_flight, "--inflight", 20000)},
        {"--waves", count(o.waves, "--waves", 100)},
        {"--addresses", count(o.addresses, "--addresses", 500)},
        {"--depth", count(o.depth, "--depth", 64)},
        {"--payload", [&o](auto const& v) { o.payload_bytes = std::size_t(number("--payload", v, 200, 48 * 1024)); }},
        {"--rate", [&o](auto const& v) { o.rate_per_s = number("--rate", v, 0, 1e6); }},
        {"--reader-rate", [&o](auto const& v) { o.reader_rate_per_s = number("--reader-rate", v, 1, 1e5); }},
        {"--warmup", seconds(o.warmup_s, "--warmup")},
        {"--duration", seconds(o.duration_s, "--duration")},
        {"--settle", seconds(o.settle_s, "--settle")},
        {"--hold", seconds(o.hold_s, "--hold")},
        {"--timeout", seconds(o.timeout_s, "--timeout")},
        {"--dialect", text(o.dialect)},
        {"--label", text(o.label)},
        {"--issuer", text(o.issuer)},
        {"--audience", text(o.audience)},
        {"--secret-file", text(o.secret_file)},
    };
}

} // namespace

options parse_options(int argc, char** argv)
{
    options result;
    auto const flags = flags_of(result);
    auto const values = values_of(result);
    for (int i = 1; i < argc; ++i) {
        std::string const name = argv[i];
        if (name == "--help") {
            std::fputs(usage_text, stdout);
            std::exit(0);
        }
        if (auto const flag = flags.find(name); flag != flags.end()) {
            flag->second();
        } else if (auto const value = values.find(name); value != values.end()) {
            if (++i == argc) refuse(name + " needs a value");
            value->second(argv[i]);
        } else {
            refuse("unknown option " + name);
        }
    }
    if (result.port == 0) refuse("--port is required");
    if (result.connections % 2 != 0) refuse("--conns must be even: connections come in pairs");
    return result;
}

} // namespace rendezvous::loadgen
