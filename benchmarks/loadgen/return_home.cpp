#include "clock.hpp"
#include "modes.hpp"
#include "report.hpp"

#include <arpa/inet.h>
#include <cstdio>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace rendezvous::loadgen {
namespace {

bool listens(std::uint16_t port)
{
    int const probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool const open = connect(probe, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0;
    close(probe);
    return open;
}

/// Throws std::runtime_error when `what` has not happened in `seconds`.
template <class Condition>
void await(Condition condition, double seconds, char const* what)
{
    std::uint64_t const deadline = now_ns() + std::uint64_t(seconds * 1e9);
    while (!condition())
        if (now_ns() > deadline) throw std::runtime_error(std::string("waited in vain: ") + what);
}

} // namespace

void run_return(options const& options, rendezvous_dialect& dialect)
{
    engine engine(options, dialect);
    dialect.arrive(options.seated ? arrival::seated : arrival::registered);
    require_all(options, engine.connect_all(options.in_flight, false));
    engine.run_for(options.settle_s);
    std::puts("ready");
    std::fflush(stdout);

    auto const all_lost = [&engine, &options] {
        engine.poll(5'000'000);
        return engine.lost() >= options.connections;
    };
    await(all_lost, options.timeout_s, "the end of the server");
    std::uint64_t const lost = now_ns();
    auto const back = [&options] {
        ::poll(nullptr, 0, 2);
        return listens(options.port);
    };
    await(back, options.timeout_s, "a server that listens again");
    double const outage_s = double(now_ns() - lost) / 1e9;
    dialect.resume(true);
    connect_report const report = engine.connect_all(options.connections, false);
    engine.run_for(options.settle_s);

    json_line line = begin_line(options, "return");
    line.text("seated", options.seated ? "yes" : "no").number("outage_s", outage_s);
    line.count("registered", report.registered).count("failed", options.connections - report.registered);
    line.count("retries", report.retries).text("last_error", report.last_error);
    line.number("all_back_s", report.seconds);
    line.number("reg_p50_ms", report.latency.quantile_us(0.5) / 1e3);
    line.number("reg_p99_ms", report.latency.quantile_us(0.99) / 1e3);
    line.count("sessions_resumed", dialect.resumed()).count("sessions_anew", dialect.started_anew());
    line.count("lost_conns", engine.lost() - options.connections).count("sequence_faults", dialect.sequence_faults());
    line.print();
}

} // namespace rendezvous::loadgen
