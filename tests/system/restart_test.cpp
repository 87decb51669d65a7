#include "probe.hpp"
#include "system_fixture.hpp"
#include "systemd.hpp"

#include <csignal>
#include <future>
#include <unistd.h>

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

unsigned status_of(std::uint16_t port, std::string const& target)
{
    return https_client("127.0.0.1", port).get(target).status;
}

TEST(Activation, ServesOnSocketsThatAreThereAlready)
{
    server_folder const folder(2);
    activation systemd(folder);
    auto const service = systemd.start();
    EXPECT_EQ(status_of(folder.port(), "/healthz"), 200u);
    EXPECT_EQ(status_of(folder.websocket_port(), "/healthz"), 404u) << "this one is for WebSockets only";
    EXPECT_TRUE(service->waits_for_err("inherited=true"));
    service->signal(SIGTERM);
    EXPECT_EQ(service->wait().exit_code, 0);
}

/// Ten restarts; in each somebody asks while no process is there.
TEST(Activation, RefusesNobodyDuringARestart)
{
    server_folder const folder(1);
    activation systemd(folder);
    auto service = systemd.start();
    for (int i = 0; i < 10; ++i) {
        service->signal(SIGTERM);
        ASSERT_EQ(service->wait().exit_code, 0);
        auto asked = std::async(std::launch::async, [&] { return status_of(folder.port(), "/healthz"); });
        EXPECT_EQ(asked.wait_for(20ms), std::future_status::timeout) << "it waits in the socket";
        service = systemd.start();
        EXPECT_EQ(asked.get(), 200u);
    }
}

/// From SIGTERM on the old process leaves the queue to the next one, while its own people are still
/// being sent away.
TEST(Activation, LeavesNewConnectionsToTheNextProcessWhileItDrains)
{
    running_server probe; // makes the folder's API key and database, and goes
    auto& folder = probe.folder();
    auto const v = book_visit(probe);
    probe.process().signal(SIGTERM);
    probe.process().wait();
    folder.change({{"rooms", "drain_ms", "1500"}});
    activation systemd(folder);
    auto service = systemd.start();
    peer inside(probe);
    ASSERT_EQ(inside.enter(v.doctor_token, v.id)["type"], "registered");
    service->signal(SIGTERM);
    ASSERT_TRUE(service->waits_for_err("stopping"));
    auto asked = std::async(std::launch::async, [&] { return status_of(folder.port(), "/healthz"); });
    EXPECT_EQ(inside.closed(), 4300);
    ASSERT_EQ(service->wait().exit_code, 0);
    EXPECT_EQ(asked.wait_for(0ms), std::future_status::timeout);
    service = systemd.start();
    EXPECT_EQ(asked.get(), 200u);
}

TEST(Activation, WorksUnderSystemdSocketActivate)
{
    std::string const program = "/usr/bin/systemd-socket-activate";
    if (::access(program.c_str(), X_OK) != 0) GTEST_SKIP() << "no systemd-socket-activate here";
    server_folder const folder(1);
    auto const address = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
    child_process service({program, "-l", address(folder.port()), "-l", address(folder.websocket_port()),
                              RENDEZVOUS_BINARY, "serve", "--config", folder.config().string()},
        folder.path());
    ASSERT_TRUE(service.waits_for_err("Listening on")) << service.err();
    EXPECT_EQ(status_of(folder.port(), "/healthz"), 200u) << service.err();
    EXPECT_TRUE(service.waits_for_err("inherited=true"));
    service.signal(SIGTERM);
    EXPECT_EQ(service.wait().exit_code, 0);
}

class Drain : public ::testing::TestWithParam<unsigned> {};
RENDEZVOUS_SHARDS(Drain);

TEST_P(Drain, IsToldByReadyzUntilTheEnd)
{
    running_server own(GetParam(), {{"rooms", "drain_ms", "2000"}});
    std::vector<peer> inside;
    for (int i = 0; i < 8; ++i) {
        auto const v = book_visit(own);
        inside.emplace_back(own);
        ASSERT_EQ(inside.back().enter(v.doctor_token, v.id)["type"], "registered");
    }
    auto const begin = steady::now();
    own.process().signal(SIGTERM);
    ASSERT_TRUE(own.process().waits_for_err("stopping"));
    auto const answer = own.rest("GET", "/readyz", "");
    EXPECT_EQ(answer.status, 503u) << answer.body;
    EXPECT_EQ(code_of(answer), "draining");
    EXPECT_EQ(status_of(own.port(), "/healthz"), 200u);
    EXPECT_EQ(metric(own.folder(), "rendezvous_draining"), 1);
    peer late(own);
    EXPECT_EQ(late.enter(book_visit(own).doctor_token)["code"], "draining");
    EXPECT_EQ(late.closed(), 4300);
    for (auto& p : inside) EXPECT_EQ(p.closed(), 4300);
    EXPECT_EQ(own.process().wait(9s).exit_code, 0);
    EXPECT_LE(steady::now() - begin, 9s) << "drain_ms and seven seconds";
}

TEST_P(Drain, EndsAtOnceOnASecondSignal)
{
    for (int const second : {SIGTERM, SIGINT}) {
        running_server own(GetParam(), {{"rooms", "drain_ms", "60000"}});
        auto const v = book_visit(own);
        peer inside(own);
        inside.enter(v.doctor_token, v.id);
        own.process().signal(SIGTERM);
        ASSERT_TRUE(own.process().waits_for_err("stopping"));
        own.process().signal(second);
        EXPECT_EQ(own.process().wait(3s).exit_code, 0);
    }
}

/// No streams, a reader of its log that has gone, storms of signals: nothing of it ends a service.
TEST(Robustness, OutlivesClosedStreamsAndSignals)
{
    server_folder const folder(2);
    notify_socket systemd((folder.path() / "notify").string());
    child_process service({"/bin/sh", "-c", "exec \"$0\" serve --config \"$1\" <&- >&- 2>&-", RENDEZVOUS_BINARY,
                              folder.config().string()},
        folder.path(), {{"NOTIFY_SOCKET", systemd.address()}});
    ASSERT_FALSE(systemd.until("READY=1").empty());
    for (int i = 0; i < 500; ++i) service.signal(i % 2 == 0 ? SIGHUP : SIGPIPE);
    EXPECT_FALSE(systemd.until("RELOADING=1").empty());
    EXPECT_EQ(systemd.until("READY=1"), "READY=1\nSTATUS=serving");
    EXPECT_EQ(status_of(folder.port(), "/healthz"), 200u);
    auto const reloads = metric(folder, "rendezvous_reloads_total{outcome=\"done\"}");
    EXPECT_GE(reloads, 1);
    EXPECT_LT(reloads, 50) << "a storm is few reloads";
    service.signal(SIGTERM);
    EXPECT_EQ(service.wait().exit_code, 0);
}

} // namespace
} // namespace rendezvous::test
