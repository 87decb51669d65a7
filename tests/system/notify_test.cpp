#include "system_fixture.hpp"
#include "systemd.hpp"

#include <csignal>
#include <cstdio>
#include <regex>
#include <unistd.h>

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;

/// `rendezvous serve` under a service manager that is the test.
class Notify : public ::testing::TestWithParam<bool> {
protected:
    std::string address() const
    {
        if (GetParam()) return "@rendezvous-notify-" + std::to_string(::getpid());
        return (folder_.path() / "notify").string();
    }
    std::unique_ptr<child_process> start(child_process::environment more = {})
    {
        more.emplace_back("NOTIFY_SOCKET", systemd_.address());
        return std::make_unique<child_process>(
            std::vector<std::string>{RENDEZVOUS_BINARY, "serve", "--config", folder_.config().string()}, folder_.path(),
            more);
    }

    server_folder folder_{2};
    notify_socket systemd_{address()};
};

TEST_P(Notify, HearsOfStartReloadAndStop)
{
    auto const service = start();
    EXPECT_EQ(systemd_.until("READY=1"), "READY=1\nSTATUS=serving");
    service->signal(SIGHUP);
    EXPECT_TRUE(systemd_.until("RELOADING=1").starts_with("RELOADING=1\nMONOTONIC_USEC="));
    EXPECT_EQ(systemd_.until("READY=1"), "READY=1\nSTATUS=serving");
    service->signal(SIGTERM);
    auto const stopping = systemd_.until("STOPPING=1");
    EXPECT_NE(stopping.find("\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=27300000"), std::string::npos) << stopping;
    EXPECT_NE(systemd_.until("STOPPING=1").find("\nSTATUS=storing"), std::string::npos);
    EXPECT_EQ(service->wait().exit_code, 0);
}

TEST_P(Notify, FeedsTheWatchdogUntilItIsStopped)
{
    auto const service = start({{"WATCHDOG_USEC", "400000"}});
    ASSERT_FALSE(systemd_.until("READY=1").empty()) << service->err();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(systemd_.next(2s), "WATCHDOG=1");
    service->signal(SIGSTOP);
    // What it had said before it stood still.
    for (std::string said = "WATCHDOG=1"; !said.empty(); said = systemd_.next(600ms)) ASSERT_EQ(said, "WATCHDOG=1");
    EXPECT_EQ(systemd_.next(400ms), "") << "systemd would kill it by now";
    service->signal(SIGCONT);
    EXPECT_EQ(systemd_.next(2s), "WATCHDOG=1");
    EXPECT_GT(metric(folder_, "rendezvous_watchdog_total{outcome=\"fed\"}"), 5);
    service->signal(SIGTERM);
    EXPECT_FALSE(systemd_.until("STOPPING=1").empty());
    EXPECT_EQ(service->wait().exit_code, 0);
}

TEST_P(Notify, HearsWhyAReloadWasRefused)
{
    auto const service = start();
    ASSERT_FALSE(systemd_.until("READY=1").empty());
    folder_.change({{"limits", "json_depth_max", "1000"}});
    service->signal(SIGHUP);
    EXPECT_FALSE(systemd_.until("RELOADING=1").empty());
    auto const said = systemd_.until("READY=1");
    EXPECT_NE(said.find("refused"), std::string::npos) << said;
    EXPECT_NE(said.find("limits.json_depth_max"), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(
    Sockets, Notify, ::testing::Bool(), [](auto const& each) { return each.param ? "Abstract" : "Path"; });

std::string output_of(std::string const& command)
{
    std::string out;
    FILE* const pipe = ::popen(command.c_str(), "r");
    std::array<char, 4'096> chunk{};
    while (pipe && std::fgets(chunk.data(), chunk.size(), pipe)) out += chunk.data();
    if (pipe) ::pclose(pipe);
    return out;
}

TEST(Unit, IsHardened)
{
    if (::access("/usr/bin/systemd-analyze", X_OK) != 0) GTEST_SKIP() << "no systemd-analyze here";
    std::string const unit = RENDEZVOUS_SOURCE_DIR "/config/rendezvous.service";
    auto const said = output_of("systemd-analyze security --offline=true --no-pager '" + unit + "' 2>&1");
    std::smatch found;
    ASSERT_TRUE(std::regex_search(said, found, std::regex("Overall exposure level for .*: ([0-9.]+) "))) << said;
    EXPECT_LE(std::stod(found[1]), 1.6) << said;
    EXPECT_GT(std::stod(found[1]), 0.0);
}

TEST(Unit, StartsWhatIsInstalled)
{
    server_folder const folder;
    auto const to = folder.path() / "usr";
    auto const build = std::filesystem::path(RENDEZVOUS_BINARY).parent_path().string();
    auto const said = output_of("cmake --install '" + build + "' --prefix '" + to.string() + "' 2>&1");
    for (auto const* file : {"bin/rendezvous", "share/rendezvous/web/index.html", "share/rendezvous/rendezvous.toml",
             "share/rendezvous/migrations/0001_calls.sql", "lib/systemd/system/rendezvous.service",
             "lib/systemd/system/rendezvous.socket"})
        EXPECT_TRUE(std::filesystem::exists(to / file)) << file << "\n" << said;
    child_process version({(to / "bin/rendezvous").string(), "--version"}, folder.path());
    EXPECT_EQ(version.wait().exit_code, 0);
}

} // namespace
} // namespace rendezvous::test
