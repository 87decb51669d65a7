#include "probe.hpp"
#include "system_fixture.hpp"

#include <csignal>
#include <fstream>

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

class Metrics : public system_test {
protected:
    double shown(std::string const& row) { return metric(server().folder(), row); }
    http_answer ask(std::string const& bytes)
    {
        return plain_get("127.0.0.1", server().folder().metrics_port(), bytes);
    }
};
RENDEZVOUS_SHARDS(Metrics);

TEST_P(Metrics, AreServedOnAListenerOfTheirOwn)
{
    auto const page = scrape(server().folder());
    EXPECT_EQ(page.status, 200u);
    EXPECT_EQ(page.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_NE(page.body.find("# TYPE rendezvous_ws_messages_total counter\n"), std::string::npos);
    EXPECT_EQ(server().rest("GET", "/metrics", server().api_key()).status, 404u) << "never on the public port";
    EXPECT_EQ(ask("POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n").status, 405u);
    EXPECT_EQ(ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 404u);
    EXPECT_EQ(ask("GET /metrics?x HTTP/1.1\r\nHost: a\r\n\r\n").status, 404u);
    EXPECT_EQ(ask("hello\r\n\r\n").status, 400u);
    EXPECT_EQ(ask("GET /metrics HTTP/1.1\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n").status, 431u);
}

TEST_P(Metrics, StayReachableBesideThoseWhoHoldTheirPlaces)
{
    std::vector<tcp_client> idle;
    for (int i = 0; i < 8; ++i) idle.emplace_back("127.0.0.1", server().folder().metrics_port());
    auto const begin = steady::now();
    EXPECT_EQ(scrape(server().folder()).status, 200u) << "waits until the first of them are cut";
    EXPECT_LE(steady::now() - begin, 8s);
}

TEST_P(Metrics, CountWhatHappens)
{
    auto const requests = "http_server_request_duration_seconds_count{method=\"PUT\",route=\"/api/appointments/{id}\","
                          "status_code=\"201\"}";
    auto const before = shown(requests);
    auto const v = book_visit(server());
    EXPECT_EQ(shown(requests), before + 1);
    auto const started = shown("rendezvous_ws_messages_total{type=\"ping\",direction=\"out\"}");
    auto const sockets = shown("rendezvous_connections{kind=\"websocket\"}");
    peer doctor(server());
    doctor.enter(v.doctor_token, v.id);
    EXPECT_EQ(shown("rendezvous_connections{kind=\"websocket\"}"), sockets + 1);
    EXPECT_GE(shown("rendezvous_ws_messages_total{type=\"registered\",direction=\"out\"}"), 1);
    EXPECT_GE(shown("rendezvous_ws_messages_total{type=\"ping\",direction=\"out\"}"), started);
    auto const closes = shown("rendezvous_ws_closes_total{code=\"1003\"}");
    doctor.socket().send_binary("x");
    EXPECT_EQ(doctor.closed(), 1003);
    EXPECT_EQ(doctor.bye()["code"], 1003);
    auto const until = steady::now() + patience;
    while (shown("rendezvous_ws_closes_total{code=\"1003\"}") == closes && steady::now() < until) {
    }
    EXPECT_EQ(shown("rendezvous_ws_closes_total{code=\"1003\"}"), closes + 1);
    auto const failures = shown("rendezvous_auth_failures_total{reason=\"token_invalid\"}");
    EXPECT_EQ(server().rest("GET", "/api/calls", "nonsense").status, 401u);
    EXPECT_EQ(shown("rendezvous_auth_failures_total{reason=\"token_invalid\"}"), failures + 1);
    EXPECT_GT(shown("process_open_fds"), 3);
    EXPECT_GT(shown("process_cpu_seconds_total"), 0);
    EXPECT_GT(shown("rendezvous_certificate_expiry_timestamp_seconds"), 1.7e9);
    EXPECT_GT(shown("rendezvous_memory_limit_bytes"), shown("rendezvous_memory_used_bytes"));
    auto const looked = steady::now() + patience; // about once a second
    while (shown("rendezvous_shard_loop_delay_seconds_count") == 0 && steady::now() < looked) {
    }
    EXPECT_GT(shown("rendezvous_shard_loop_delay_seconds_count"), 0);
}

TEST_P(Metrics, NameNobody)
{
    auto const v = book_visit(server());
    auto const two = connect_pair(server(), v);
    auto const page = scrape(server().folder()).body;
    for (auto const& id : {v.id, v.doctor, v.patient, two.call_id}) EXPECT_EQ(page.find(id), std::string::npos) << id;
}

TEST(MetricsOff, MeansNoListener)
{
    running_server const quiet(1, {{"metrics", "listen", "\"\""}});
    auto& folder = const_cast<running_server&>(quiet).folder();
    EXPECT_THROW(scrape(folder), std::runtime_error);
}

TEST(MetricsPublic, AreWarnedAbout)
{
    running_server loud(1, {{"metrics", "listen", "\"0.0.0.0:0\""}});
    EXPECT_TRUE(loud.process().waits_for_err("metrics_public"));
}

TEST(MetricsBusy, DoNotKeepTheServiceFromStarting)
{
    running_server first;
    auto const busy = "\"127.0.0.1:" + std::to_string(first.folder().metrics_port()) + "\"";
    running_server second(1, {{"metrics", "listen", busy}});
    EXPECT_TRUE(second.process().waits_for_err("metrics_unavailable"));
    EXPECT_EQ(second.rest("GET", "/healthz", "").status, 200u);
}

TEST(MemoryShort, RefusesThoseWhoComeAndKeepsThoseWhoAreThere)
{
    // Less than the process has from its start: everything is crowded.
    running_server tight(1, {{"limits", "memory_mb_max", "1"}});
    auto const v = book_visit(tight);
    ASSERT_TRUE(tight.process().waits_for_err("memory_short"));
    peer late(tight);
    EXPECT_EQ(late.enter(v.doctor_token, v.id)["code"], "busy");
    EXPECT_EQ(late.closed(), 4301);
    EXPECT_TRUE(late.bye().contains("retryAfterMs"));
    EXPECT_EQ(metric(tight.folder(), "rendezvous_crowded"), 1);
    tight.folder().change({{"limits", "memory_mb_max", "100000"}});
    tight.process().signal(SIGHUP);
    ASSERT_TRUE(tight.process().waits_for_err("memory_enough"));
    peer next(tight);
    EXPECT_EQ(next.enter(v.doctor_token, v.id)["type"], "registered");
}

/// Somebody who reads nothing while others write to them: cut after one write's time, and what they
/// cost meanwhile is bounded.
TEST(SlowReader, IsCutInTimeAndCostsLittle)
{
    running_server own(1, {{"limits", "write_timeout_ms", "1000"}, {"limits", "messages_per_s", "1000"},
                              {"limits", "messages_burst", "1000"}, {"rooms", "heartbeat_ms", "60000"}});
    auto const v = book_visit(own);
    auto two = connect_pair(own, v);
    auto const memory = [&] { return metric(own.folder(), "process_resident_memory_bytes"); };
    auto const before = memory();
    auto const begin = steady::now();
    // The doctor reads no more; the patient goes on, far beyond what the kernel keeps for both.
    json const large{{"type", "signal"}, {"data", {{"x", std::string(40'000, 'x')}}}};
    for (int i = 0; i < 250; ++i) two.patient.send(large);
    two.patient.expect("participant", [](json const& m) { return m["change"] == "reconnecting"; });
    EXPECT_LE(steady::now() - begin, 3s) << "write_timeout and what the test itself takes";
    // The queue's 256 KiB, the ring's, and what the allocator keeps of both.
    if (!memory_is_inflated) {
        EXPECT_LE(memory() - before, 1.0 * 1'048'576);
    }
    EXPECT_EQ(two.patient.ask("ice")["type"], "ok");
}

} // namespace
} // namespace rendezvous::test
