#include "report.hpp"

#include <stdexcept>

namespace rendezvous::loadgen {

json_line begin_line(options const& options, std::string_view mode)
{
    json_line line;
    line.text("label", options.label).text("mode", mode).text("dialect", options.dialect);
    line.text("scheme", options.tls ? "wss" : "ws").count("conns", options.connections);
    return line;
}

void require_all(options const& options, connect_report const& report)
{
    if (report.registered == options.connections) return;
    throw std::runtime_error("only " + std::to_string(report.registered) + " of " + std::to_string(options.connections)
                             + " connections registered, last error: " + report.last_error);
}

void add_latency(json_line& line, histogram const& latency)
{
    line.number("p50_us", latency.quantile_us(0.5)).number("p90_us", latency.quantile_us(0.9));
    line.number("p99_us", latency.quantile_us(0.99)).number("p999_us", latency.quantile_us(0.999));
    line.number("max_us", double(latency.max_ns()) / 1e3);
}

} // namespace rendezvous::loadgen
