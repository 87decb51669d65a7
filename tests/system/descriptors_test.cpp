#include "system_fixture.hpp"
#include "systemd.hpp"

#include <csignal>

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

/// A service that may have that many descriptors: with few, accepting fails (EMFILE); with more, it
/// stops at the share that is meant for sockets.
class Descriptors : public ::testing::TestWithParam<int> {};

TEST_P(Descriptors, RunOutWithoutABusyLoopAndComeBack)
{
    running_server own(1, {{"limits", "tls_timeout_ms", "60000"}});
    auto const v = book_visit(own);
    auto const used = metric(own.folder(), "process_open_fds");
    own.process().signal(SIGTERM);
    own.process().wait();
    auto const most = static_cast<int>(used) + GetParam();
    notify_socket systemd((own.folder().path() / "notify").string());
    child_process service(
        {"/bin/sh", "-c", "ulimit -n " + std::to_string(most) + " && exec \"$0\" serve --config \"$1\"",
            RENDEZVOUS_BINARY, own.folder().config().string()},
        own.folder().path(), {{"NOTIFY_SOCKET", systemd.address()}});
    ASSERT_FALSE(systemd.until("READY=1").empty()) << service.err();
    peer live(own);
    ASSERT_EQ(live.enter(v.doctor_token, v.id)["type"], "registered");

    std::vector<tcp_client> holding;
    for (int i = 0; i < most + 50; ++i) holding.emplace_back("127.0.0.1", own.port());
    // Everything that can be taken has been taken once this has been answered a few times.
    for (int i = 0; i < 10; ++i) live.ask("ice");
    auto const begin = steady::now();
    auto const cpu = service.cpu_time();
    // As fast as messages_per_s lets it, so at some 50 questions per second.
    auto slowest = steady::duration::zero();
    while (steady::now() - begin < 2s) {
        auto const asked = steady::now();
        ASSERT_EQ(live.ask("ice")["type"], "ok");
        slowest = std::max(slowest, steady::now() - asked);
    }
    auto const share =
        static_cast<double>((service.cpu_time() - cpu).count()) / static_cast<double>((steady::now() - begin) / 1ms);
    RecordProperty("cpu_percent", std::to_string(share * 100));
    EXPECT_LT(share, 0.10);
    EXPECT_LT(slowest, 500ms);

    holding.clear();
    auto const freed = steady::now();
    EXPECT_EQ(https_client("127.0.0.1", own.port()).get("/healthz").status, 200u);
    EXPECT_LT(steady::now() - freed, 1s);
    service.signal(SIGTERM);
    EXPECT_EQ(service.wait().exit_code, 0);
    EXPECT_EQ(service.err().find("accept_exhausted") != std::string::npos, GetParam() < 20);
}

INSTANTIATE_TEST_SUITE_P(Limits, Descriptors, ::testing::Values(4, 60),
    [](auto const& each) { return each.param < 20 ? std::string("AcceptFails") : std::string("ShareIsUsedUp"); });

} // namespace
} // namespace rendezvous::test
