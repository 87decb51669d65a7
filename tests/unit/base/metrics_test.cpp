#include "rendezvous/base/metrics.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

namespace rendezvous::base::metrics {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> lines_of(std::string const& text)
{
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

/// The value behind that name and those labels in the page, or -1.
double shown(std::string const& row)
{
    for (auto const& line : lines_of(render()))
        if (line.starts_with(row + " ")) return std::stod(line.substr(row.size() + 1));
    return -1;
}

TEST(Metrics, ShowWhatWasCounted)
{
    auto const row = "rendezvous_resumes_total{outcome=\"expired\"}";
    auto const before = std::max(0.0, shown(row));
    resumes.add(resume_outcome::expired);
    resumes.add(resume_outcome::expired);
    EXPECT_EQ(shown(row), before + 2);
    calls_ended.add(call_kind::appointment, end_reason::completed);
    EXPECT_EQ(shown("rendezvous_calls_total{kind=\"appointment\",end_reason=\"completed\"}"), 1);
    EXPECT_EQ(shown("rendezvous_calls_total{kind=\"phone\",end_reason=\"completed\"}"), -1) << "never counted";
}

TEST(Metrics, ShowFamiliesWithoutLabelFromTheStart)
{
    EXPECT_EQ(shown("rendezvous_ring_overflows_total"), 0);
    EXPECT_EQ(shown("rendezvous_call_setup_seconds_count"), 0);
}

TEST(Metrics, AddTheCellsOfAllThreadsAlsoOfEndedOnes)
{
    auto const at = static_cast<std::size_t>(connection_kind::websocket);
    auto const before = value_of(family::connections, {at});
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([] {
            for (int n = 0; n < 1'000; ++n) connections.up(connection_kind::websocket);
        });
    for (auto& t : threads) t.join();
    EXPECT_EQ(value_of(family::connections, {at}), before + 4'000);
    // What one thread counted up another may count down.
    for (int n = 0; n < 4'000; ++n) connections.down(connection_kind::websocket);
    EXPECT_EQ(value_of(family::connections, {at}), before);
    connections.down(connection_kind::websocket);
    EXPECT_EQ(shown("rendezvous_connections{kind=\"websocket\"}"), before - 1) << "a level may be read in between";
    connections.up(connection_kind::websocket);
}

TEST(Metrics, AreReadWhileOthersCount)
{
    std::atomic<bool> over{false};
    std::thread counting([&] {
        while (!over) ws_messages.add(message_type::signal, direction::in);
    });
    double last = 0;
    for (int i = 0; i < 50 || last == 0; ++i) {
        auto const now = value_of(family::ws_messages, {static_cast<std::size_t>(message_type::signal), 0});
        EXPECT_GE(now, last);
        last = now;
    }
    over = true;
    counting.join();
}

TEST(Metrics, PutSpansIntoBuckets)
{
    db_transaction.observe(1ms);
    db_transaction.observe(1ms + 1us);
    db_transaction.observe(60s);
    db_transaction.observe(-5s);
    auto const bucket = [](std::string const& le) {
        return shown("rendezvous_db_transaction_seconds_bucket{le=\"" + le + "\"}");
    };
    EXPECT_EQ(bucket("0.001"), 2) << "the bound belongs to its bucket, and nothing is below zero";
    EXPECT_EQ(bucket("0.0025"), 3);
    EXPECT_EQ(bucket("10"), 3);
    EXPECT_EQ(bucket("+Inf"), 4);
    EXPECT_EQ(shown("rendezvous_db_transaction_seconds_count"), 4);
    EXPECT_DOUBLE_EQ(shown("rendezvous_db_transaction_seconds_sum"), 60.002001);
}

TEST(Metrics, NameEndpointsByMethodAndRoute)
{
    name_endpoints({{"GET", "/api/calls/{callId}"}, {"POST", "/api/\"odd\"\n"}});
    auto const first = static_cast<std::size_t>(endpoint_slot::first_named);
    http_requests.observe(endpoint_slot{first}, slot_of_status(200), 3ms);
    http_requests.observe(endpoint_slot{first + 1}, slot_of_status(299), 3ms);
    EXPECT_EQ(shown("http_server_request_duration_seconds_count{method=\"GET\",route=\"/api/calls/{callId}\","
                    "status_code=\"200\"}"),
        1);
    EXPECT_EQ(shown("http_server_request_duration_seconds_count{method=\"POST\",route=\"/api/\\\"odd\\\"\\n\","
                    "status_code=\"other\"}"),
        1);
    EXPECT_THROW(name_endpoints(std::vector<endpoint>(endpoints_max)), std::length_error);
}

TEST(Metrics, KnowTheCloseCodesOfTheProtocol)
{
    ws_closes.add(slot_of_close_code(4008));
    EXPECT_EQ(shown("rendezvous_ws_closes_total{code=\"4008\"}"), 1);
    ws_closes.add(slot_of_close_code(4999));
    EXPECT_EQ(shown("rendezvous_ws_closes_total{code=\"other\"}"), 1);
}

TEST(Metrics, ShowReadingsAsTheyAre)
{
    memory_used.set(123'456'789'012.0);
    EXPECT_EQ(shown("rendezvous_memory_used_bytes"), 123'456'789'012.0);
    process_cpu.set(0.25);
    EXPECT_EQ(shown("process_cpu_seconds_total"), 0.25);
}

TEST(Metrics, EscapeWhatTheFormatWouldMisread)
{
    EXPECT_EQ(escaped_label("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
    EXPECT_EQ(escaped_help("a\\b\"c\nd"), "a\\\\b\"c\\nd");
}

/// The grammar of the text format 0.0.4, and Prometheus' habits for names.
TEST(Metrics, AreWellFormed)
{
    resumes.add(resume_outcome::fresh);
    std::regex const help(R"(# HELP ([a-z_]+) [A-Z1].*\.)");
    std::regex const type(R"(# TYPE ([a-z_]+) (counter|gauge|histogram))");
    std::regex const sample(R"(([a-z_]+)(\{([a-z_]+="([^"\\]|\\["\\n])*",?)+\})? (-?[0-9.e+]+|NaN|[+-]Inf))");
    std::set<std::string> names;
    std::string name;
    std::string kind;
    auto const page = render();
    EXPECT_TRUE(page.ends_with('\n'));
    for (auto const& line : lines_of(page)) {
        std::smatch found;
        if (line.starts_with("# HELP")) {
            ASSERT_TRUE(std::regex_match(line, found, help)) << line;
            name = found[1];
            EXPECT_TRUE(names.insert(name).second) << name << " stands twice";
            bool const ours = name.starts_with("rendezvous_");
            EXPECT_TRUE(ours || name.starts_with("process_") || name.starts_with("http_server_")) << name;
        } else if (line.starts_with("# TYPE")) {
            ASSERT_TRUE(std::regex_match(line, found, type)) << line;
            EXPECT_EQ(found[1], name);
            kind = found[2];
            EXPECT_EQ(kind == "counter", name.ends_with("_total")) << name;
            EXPECT_TRUE(kind != "histogram" || name.ends_with("_seconds")) << name;
        } else {
            ASSERT_TRUE(std::regex_match(line, found, sample)) << line;
            EXPECT_TRUE(found[1].str().starts_with(name)) << line;
            EXPECT_EQ(found[1] == name, kind != "histogram") << line;
        }
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(family::count_));
}

} // namespace
} // namespace rendezvous::base::metrics
