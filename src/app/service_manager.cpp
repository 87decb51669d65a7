#include "service_manager.hpp"

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace rendezvous::app {
namespace {

constexpr int first_listen_fd = 3;
constexpr long listen_fds_max = 64;

std::string take_variable(char const* name)
{
    char const* const value = std::getenv(name);
    std::string out = value ? value : "";
    ::unsetenv(name);
    return out;
}

std::optional<std::int64_t> number_in(std::string const& text)
{
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::vector<int> take_listen_fds()
{
    auto const pid = number_in(take_variable("LISTEN_PID"));
    auto const count = number_in(take_variable("LISTEN_FDS"));
    ::unsetenv("LISTEN_FDNAMES"); // sockets are known by their port
    std::vector<int> out;
    if (pid != ::getpid() || !count || *count < 1 || *count > listen_fds_max) return out;
    for (int fd = first_listen_fd; fd < first_listen_fd + *count; ++fd)
        if (::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) out.push_back(fd);
    return out;
}

std::optional<base::milliseconds> take_watchdog()
{
    auto const span_us = number_in(take_variable("WATCHDOG_USEC"));
    auto const pid_text = take_variable("WATCHDOG_PID");
    if (!span_us || *span_us < 1'000) return std::nullopt;
    if (!pid_text.empty() && number_in(pid_text) != ::getpid()) return std::nullopt;
    return base::milliseconds{*span_us / 1'000};
}

} // namespace

service_environment take_service_environment()
{
    return {take_variable("NOTIFY_SOCKET"), take_watchdog(), take_listen_fds()};
}

void service_manager::ready(std::string_view status) const
{
    notify("READY=1\nSTATUS=" + std::string(status));
}

void service_manager::reloading() const
{
    notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(base::monotonic_time().count()));
}

void service_manager::stopping(std::string_view status, base::milliseconds span) const
{
    std::chrono::microseconds const us = span;
    notify("STOPPING=1\nSTATUS=" + std::string(status) + "\nEXTEND_TIMEOUT_USEC=" + std::to_string(us.count()));
}

void service_manager::feed_watchdog() const
{
    notify("WATCHDOG=1");
}

void service_manager::notify(std::string const& state) const
{
    sockaddr_un to{};
    if (address_.empty() || address_.size() >= sizeof to.sun_path) return;
    if (address_[0] != '/' && address_[0] != '@') return;
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, address_.data(), address_.size());
    if (address_[0] == '@') to.sun_path[0] = '\0';
    auto const size =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size() + (address_[0] == '@' ? 0U : 1U));
    int const fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return;
    auto const* const address = reinterpret_cast<sockaddr const*>(&to);
    while (::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, address, size) < 0 && errno == EINTR) {
    }
    ::close(fd);
}

} // namespace rendezvous::app
