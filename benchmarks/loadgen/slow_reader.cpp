#include "clock.hpp"
#include "modes.hpp"
#include "open_loop.hpp"
#include "process_usage.hpp"
#include "report.hpp"

#include <algorithm>
#include <stdexcept>

namespace rendezvous::loadgen {
namespace {

constexpr std::uint32_t talker = 0;
constexpr std::uint32_t reader = 1;
constexpr std::uint32_t first_neighbour = 2;
constexpr double neighbour_rate_per_s = 2000; // when no --rate is given
constexpr std::uint64_t memory_every_ns = 100'000'000;

/// Also sees when the talker is told that the other side is gone.
class watched_traffic : public traffic {
public:
    using traffic::traffic;

    bool on_relayed(connection& to, std::string_view text) override
    {
        bool const told = to.shared.index == talker && cut_ns == 0
                          && text.find(R"("change":"reconnecting")") != std::string_view::npos;
        if (told) cut_ns = now_ns();
        return traffic::on_relayed(to, text);
    }

    std::uint64_t cut_ns = 0;
};

/// Runs neighbours, and the talker if there is one, until `seconds` are over; the largest memory of
/// the server meanwhile.
std::uint64_t drive(engine& engine, watched_traffic& traffic, open_loop& neighbours, open_loop* to_reader,
    std::vector<int> const& pids, double seconds)
{
    std::uint64_t rss_kb = 0;
    std::uint64_t next_reading = 0;
    std::uint64_t const end = now_ns() + std::uint64_t(seconds * 1e9);
    for (std::uint64_t now = now_ns(); now < end; now = now_ns()) {
        if (now >= next_reading) {
            rss_kb = std::max(rss_kb, read_memory(pids).rss_kb);
            next_reading = now + memory_every_ns;
        }
        auto wait = std::min<std::int64_t>(neighbours.send_due(), std::int64_t(end - now));
        if (to_reader != nullptr && traffic.cut_ns == 0) wait = std::min(wait, to_reader->send_due());
        engine.poll(std::max<std::int64_t>(wait, 0));
    }
    return rss_kb;
}

} // namespace

void run_slow_reader(options const& options, rendezvous_dialect& dialect)
{
    if (options.connections <= first_neighbour) throw std::runtime_error("slow-reader needs --pairs 2 or more");
    engine engine(options, dialect);
    require_all(options, engine.connect_all(options.in_flight, false));
    engine.run_for(options.settle_s);
    watched_traffic traffic(engine, dialect, options.payload_bytes);
    double const rate = options.rate_per_s > 0 ? options.rate_per_s : neighbour_rate_per_s;
    open_loop neighbours(traffic, first_neighbour, options.connections - first_neighbour, rate);
    drive(engine, traffic, neighbours, nullptr, options.pids, options.warmup_s);
    traffic.record(true);
    std::uint64_t const rss_before = drive(engine, traffic, neighbours, nullptr, options.pids, options.duration_s);
    histogram const before = traffic.take_latency();

    engine.stop_reading(engine.at(reader));
    std::uint64_t const stopped = now_ns();
    std::uint64_t const sent_before = traffic.counts().sent;
    open_loop to_reader(traffic, talker, 1, options.reader_rate_per_s);
    std::uint64_t const rss_meanwhile =
        drive(engine, traffic, neighbours, &to_reader, options.pids, options.duration_s);
    histogram const meanwhile = traffic.take_latency();

    json_line line = begin_line(options, "slow-reader");
    line.count("payload", options.payload_bytes).number("rate", rate);
    line.number("reader_rate", options.reader_rate_per_s);
    line.text("cut", traffic.cut_ns != 0 ? "yes" : "no");
    if (traffic.cut_ns != 0) line.number("cut_s", double(traffic.cut_ns - stopped) / 1e9);
    line.count("sent", traffic.counts().sent - sent_before);
    line.number("rss_growth_kb", double(rss_meanwhile) - double(rss_before));
    line.number("p50_before_us", before.quantile_us(0.5)).number("p99_before_us", before.quantile_us(0.99));
    line.number("p50_meanwhile_us", meanwhile.quantile_us(0.5));
    line.number("p99_meanwhile_us", meanwhile.quantile_us(0.99));
    line.count("wrong", traffic.counts().wrong).count("blocked", traffic.counts().blocked);
    line.count("lost_conns", engine.lost()).count("sequence_faults", dialect.sequence_faults());
    line.print();
}

} // namespace rendezvous::loadgen
