#include "app/service_manager.hpp"

#include "folder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace rendezvous::app {
namespace {

using namespace std::chrono_literals;

/// What systemd has at the other end.
class notify_socket {
public:
    explicit notify_socket(std::string const& address) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        std::memcpy(at.sun_path, address.data(), address.size());
        if (address[0] == '@') at.sun_path[0] = '\0';
        auto const size = offsetof(sockaddr_un, sun_path) + address.size() + (address[0] == '@' ? 0U : 1U);
        if (::bind(fd_, reinterpret_cast<sockaddr*>(&at), static_cast<socklen_t>(size)) != 0)
            throw std::runtime_error("bind");
        timeval const patience{5, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    ~notify_socket() { ::close(fd_); }
    notify_socket(notify_socket const&) = delete;
    notify_socket& operator=(notify_socket const&) = delete;

    std::string next() const
    {
        std::array<char, 4'096> text{};
        auto const got = ::recv(fd_, text.data(), text.size(), 0);
        return got < 0 ? "nothing" : std::string(text.data(), static_cast<std::size_t>(got));
    }

private:
    int fd_;
};

TEST(ServiceManager, IsToldByPath)
{
    testing::folder const here;
    auto const path = (here / "notify").string();
    notify_socket const systemd(path);
    service_manager const manager(path);
    manager.ready("serving");
    EXPECT_EQ(systemd.next(), "READY=1\nSTATUS=serving");
    manager.stopping("draining", 1'500ms);
    EXPECT_EQ(systemd.next(), "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=1500000");
    manager.feed_watchdog();
    EXPECT_EQ(systemd.next(), "WATCHDOG=1");
    auto const before = base::monotonic_time().count();
    manager.reloading();
    auto const said = systemd.next();
    std::string const begin = "RELOADING=1\nMONOTONIC_USEC=";
    ASSERT_TRUE(said.starts_with(begin)) << said;
    EXPECT_GE(std::stoll(said.substr(begin.size())), before);
}

TEST(ServiceManager, IsToldByAbstractName)
{
    auto const name = "@rendezvous-test-" + std::to_string(::getpid());
    notify_socket const systemd(name);
    service_manager(name).feed_watchdog();
    EXPECT_EQ(systemd.next(), "WATCHDOG=1");
}

TEST(ServiceManager, ThatDoesNotListenIsNotMissed)
{
    service_manager{}.ready("serving");
    service_manager("/nowhere/at/all").ready("serving");
    service_manager("no path").ready("serving");
    service_manager(std::string(4'096, '/')).ready("serving");
}

/// Variables for one test.
struct variables {
    explicit variables(std::vector<std::pair<std::string, std::string>> const& set)
    {
        for (auto const& [name, value] : set) ::setenv(name.c_str(), value.c_str(), 1);
    }
    ~variables()
    {
        for (auto const* name :
            {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
            ::unsetenv(name);
    }
};

TEST(ServiceEnvironment, IsReadAndRemoved)
{
    auto const me = std::to_string(::getpid());
    variables const set({{"NOTIFY_SOCKET", "/run/notify"}, {"WATCHDOG_USEC", "10000000"}, {"WATCHDOG_PID", me}});
    auto const read = take_service_environment();
    EXPECT_EQ(read.notify_socket, "/run/notify");
    EXPECT_EQ(read.watchdog, 10s);
    EXPECT_TRUE(read.listen_fds.empty());
    EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
    EXPECT_EQ(std::getenv("WATCHDOG_USEC"), nullptr);
    EXPECT_EQ(std::getenv("WATCHDOG_PID"), nullptr);
    EXPECT_FALSE(take_service_environment().watchdog);
}

TEST(ServiceEnvironment, OfAnotherProcessIsLeftAlone)
{
    variables const set({{"WATCHDOG_USEC", "10000000"}, {"WATCHDOG_PID", "1"}, {"LISTEN_PID", "1"}, {"LISTEN_FDS", "1"},
        {"LISTEN_FDNAMES", "a"}});
    auto const read = take_service_environment();
    EXPECT_FALSE(read.watchdog);
    EXPECT_TRUE(read.listen_fds.empty());
    EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
    EXPECT_EQ(std::getenv("LISTEN_FDNAMES"), nullptr);
}

TEST(ServiceEnvironment, ThatIsNonsenseIsIgnored)
{
    auto const me = std::to_string(::getpid());
    for (auto const* bad : {"", "x", "-1", "1x", "99999999999999999999"}) {
        variables const set({{"WATCHDOG_USEC", bad}, {"LISTEN_PID", me}, {"LISTEN_FDS", bad}});
        auto const read = take_service_environment();
        EXPECT_FALSE(read.watchdog) << bad;
        EXPECT_TRUE(read.listen_fds.empty()) << bad;
    }
}

TEST(ServiceEnvironment, GivesSocketsThatNoChildInherits)
{
    // The protocol says 3 and so on; whatever has that number here is put aside meanwhile.
    int const aside = ::dup(3);
    int const made = ::socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_EQ(::dup2(made, 3), 3);
    variables const set({{"LISTEN_PID", std::to_string(::getpid())}, {"LISTEN_FDS", "1"}});
    auto const read = take_service_environment();
    EXPECT_EQ(read.listen_fds, std::vector<int>{3});
    EXPECT_NE(::fcntl(3, F_GETFD) & FD_CLOEXEC, 0);
    if (made != 3) ::close(made);
    aside >= 0 ? ::dup2(aside, 3) : ::close(3);
    if (aside >= 0) ::close(aside);
}

} // namespace
} // namespace rendezvous::app
