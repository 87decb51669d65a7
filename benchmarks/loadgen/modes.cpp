#include "modes.hpp"

#include "clock.hpp"
#include "engine.hpp"
#include "open_loop.hpp"
#include "process_usage.hpp"
#include "report.hpp"
#include "traffic.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace rendezvous::loadgen {
namespace {

constexpr double drain_s = 0.3;

/// CPU of the server and of this program, read together.
struct cpu_reading {
    cpu_usage server;
    double own_s = 0;
};

cpu_reading read_cpu_of(options const& options)
{
    return {.server = read_cpu(options.pids), .own_s = own_cpu_s()};
}

void add_connect_cpu(json_line& line, cpu_reading const& before, cpu_reading const& after, double connections)
{
    line.number("srv_cpu_ms_per_conn", (after.server.total_s() - before.server.total_s()) * 1e3 / connections);
    line.number("lg_cpu_ms_per_conn", (after.own_s - before.own_s) * 1e3 / connections);
}

void start_closed_loop(options const& options, dialect const& dialect, traffic& traffic)
{
    traffic.answer(true);
    for (std::uint32_t i = 0; i < options.connections; i += dialect.echoes() ? 1 : 2)
        for (std::uint32_t d = 0; d < options.depth; ++d) traffic.send(i, now_ns());
}

void drive(engine& engine, open_loop* loop, double seconds)
{
    std::uint64_t const end = now_ns() + std::uint64_t(seconds * 1e9);
    for (std::uint64_t now = now_ns(); now < end; now = now_ns()) {
        auto wait = std::min<std::int64_t>(std::int64_t(end - now), 50'000'000);
        if (loop != nullptr) wait = std::min(wait, loop->send_due());
        engine.poll(wait);
    }
}

void add_relay_cpu(
    json_line& line, cpu_reading const& before, cpu_reading const& after, double messages, double seconds)
{
    double const per_million = 1e6 / messages;
    auto const& [s0, own0] = before;
    auto const& [s1, own1] = after;
    line.number("srv_cpu_s_per_M", (s1.total_s() - s0.total_s()) * per_million);
    line.number("srv_user_s_per_M", (s1.user_s - s0.user_s) * per_million);
    line.number("srv_sys_s_per_M", (s1.system_s - s0.system_s) * per_million);
    line.number("srv_cpu_pct", (s1.total_s() - s0.total_s()) / seconds * 100);
    line.number("lg_cpu_s_per_M", (own1 - own0) * per_million);
    line.number("lg_cpu_pct", (own1 - own0) / seconds * 100);
}

/// One signal from every connection, then rest until all have arrived.
traffic_counts touch_all(engine& engine, dialect& dialect, options const& options)
{
    traffic traffic(engine, dialect, options.payload_bytes);
    for (std::uint32_t i = 0; i < options.connections; ++i) {
        traffic.send(i, now_ns());
        if (i % 64 == 63) engine.poll(0);
    }
    std::uint64_t const deadline = now_ns() + 20'000'000'000ULL;
    while (traffic.counts().delivered < options.connections && now_ns() < deadline) engine.poll(20'000'000);
    engine.run_for(options.settle_s);
    return traffic.counts();
}

} // namespace

void run_relay(options const& options, dialect& dialect)
{
    engine engine(options, dialect);
    require_all(options, engine.connect_all(options.in_flight, false));
    engine.run_for(drain_s);
    traffic traffic(engine, dialect, options.payload_bytes);
    std::optional<open_loop> loop;
    if (options.rate_per_s > 0)
        loop.emplace(traffic, 0U, options.connections, options.rate_per_s);
    else
        start_closed_loop(options, dialect, traffic);
    open_loop* const paced = loop ? &*loop : nullptr;

    drive(engine, paced, options.warmup_s);
    traffic.record(true);
    std::uint64_t const began = now_ns();
    cpu_reading const before = read_cpu_of(options);
    drive(engine, paced, options.duration_s);
    traffic.record(false);
    double const seconds = double(now_ns() - began) / 1e9;
    cpu_reading const after = read_cpu_of(options);
    traffic.answer(false);
    engine.run_for(drain_s);

    auto const& counts = traffic.counts();
    json_line line = begin_line(options, "relay");
    line.count("payload", options.payload_bytes).count("frame_bytes", traffic.frame_bytes());
    line.number("rate", options.rate_per_s).count("depth", options.depth).number("secs", seconds);
    line.count("delivered", counts.recorded).count("lost_messages", counts.sent - counts.delivered);
    line.count("wrong", counts.wrong).count("blocked", counts.blocked);
    line.count("lost_conns", engine.lost()).count("sequence_faults", dialect.sequence_faults());
    line.number("msgs_per_s", double(counts.recorded) / seconds);
    add_relay_cpu(line, before, after, double(std::max<std::uint64_t>(counts.recorded, 1)), seconds);
    add_latency(line, traffic.latency());
    line.print();
}

void run_idle(options const& options, dialect& dialect)
{
    engine engine(options, dialect);
    memory_usage const memory_before = read_memory(options.pids);
    cpu_reading const cpu_before = read_cpu_of(options);
    connect_report const report = engine.connect_all(options.in_flight, false);
    cpu_reading const cpu_after = read_cpu_of(options);
    require_all(options, report);
    engine.run_for(options.settle_s);
    memory_usage const memory_after = read_memory(options.pids);
    cpu_reading const hold_before = read_cpu_of(options);
    engine.run_for(options.hold_s);
    cpu_reading const hold_after = read_cpu_of(options);

    double const n = double(report.registered);
    auto const per_connection = [n](std::uint64_t after, std::uint64_t before) {
        return (double(after) - double(before)) / n;
    };
    json_line line = begin_line(options, "idle");
    line.count("registered", report.registered).count("failed", report.failed).count("retries", report.retries);
    line.number("connect_s", report.seconds).number("conn_per_s", n / report.seconds);
    add_connect_cpu(line, cpu_before, cpu_after, n);
    line.count("base_pss_kb", memory_before.pss_kb).count("pss_kb", memory_after.pss_kb);
    line.number("pss_kb_per_conn", per_connection(memory_after.pss_kb, memory_before.pss_kb));
    line.number("rss_kb_per_conn", per_connection(memory_after.rss_kb, memory_before.rss_kb));
    line.number("private_kb_per_conn", per_connection(memory_after.private_kb, memory_before.private_kb));
    if (options.hold_s > 0)
        line.number(
            "hold_cpu_pct", (hold_after.server.total_s() - hold_before.server.total_s()) / options.hold_s * 100);
    if (options.touch) {
        traffic_counts const counts = touch_all(engine, dialect, options);
        memory_usage const touched = read_memory(options.pids);
        line.number("touched_pss_kb_per_conn", per_connection(touched.pss_kb, memory_before.pss_kb));
        line.count("lost_messages", counts.sent - counts.delivered).count("wrong", counts.wrong);
    }
    line.count("lost_conns", engine.lost()).count("sequence_faults", dialect.sequence_faults());
    line.print();
}

void run_storm(options const& options, dialect& dialect)
{
    engine engine(options, dialect);
    require_all(options, engine.connect_all(options.in_flight, false));
    engine.run_for(options.settle_s);
    engine.drop_all();
    engine.run_for(options.settle_s);
    cpu_reading const before = read_cpu_of(options);
    connect_report const report = engine.connect_all(options.connections, options.resume_tls);
    cpu_reading const after = read_cpu_of(options);
    require_all(options, report);

    json_line line = begin_line(options, "storm");
    line.text("resume", options.resume_tls ? "yes" : "no").count("resumed", report.resumed);
    line.count("registered", report.registered).count("failed", report.failed).count("retries", report.retries);
    line.number("storm_s", report.seconds).number("conn_per_s", double(report.registered) / report.seconds);
    line.number("reg_p50_ms", report.latency.quantile_us(0.5) / 1e3);
    line.number("reg_p99_ms", report.latency.quantile_us(0.99) / 1e3);
    add_connect_cpu(line, before, after, double(report.registered));
    line.count("lost_conns", engine.lost()).count("sequence_faults", dialect.sequence_faults());
    line.print();
}

} // namespace rendezvous::loadgen
