#include "systemd.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace rendezvous::test {
namespace {

using steady = std::chrono::steady_clock;

int listen_on(std::uint16_t port)
{
    int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int const on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(fd, reinterpret_cast<sockaddr const*>(&at), sizeof at) != 0 || ::listen(fd, 128) != 0) {
        ::close(fd);
        throw std::runtime_error("cannot listen on port " + std::to_string(port));
    }
    return fd;
}

} // namespace

notify_socket::notify_socket(std::string address)
    : address_(std::move(address)),
      fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))
{
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, address_.data(), address_.size());
    bool const is_abstract = address_[0] == '@';
    if (is_abstract) at.sun_path[0] = '\0';
    auto const size = offsetof(sockaddr_un, sun_path) + address_.size() + (is_abstract ? 0U : 1U);
    if (::bind(fd_, reinterpret_cast<sockaddr const*>(&at), static_cast<socklen_t>(size)) != 0)
        throw std::runtime_error("cannot bind " + address_);
}

notify_socket::~notify_socket()
{
    ::close(fd_);
}

std::string notify_socket::next(std::chrono::milliseconds span)
{
    pollfd entry{fd_, POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(span.count())) <= 0) return {};
    std::array<char, 4'096> text{};
    auto const got = ::recv(fd_, text.data(), text.size(), 0);
    return got > 0 ? std::string(text.data(), static_cast<std::size_t>(got)) : std::string();
}

std::string notify_socket::until(std::string const& begin)
{
    auto const end = steady::now() + patience;
    while (steady::now() < end) {
        auto said = next(std::chrono::milliseconds{1'000});
        if (said.starts_with(begin)) return said;
    }
    return {};
}

activation::activation(server_folder const& folder)
    : folder_(folder),
      main_(listen_on(folder.port())),
      websocket_(listen_on(folder.websocket_port()))
{}

activation::~activation()
{
    ::close(main_);
    ::close(websocket_);
}

std::unique_ptr<child_process> activation::start(child_process::environment const& more)
{
    // Inherited under numbers that are nobody's; the order is not that of the configuration, for
    // sockets are found by their port. LISTEN_PID is the service's own id, which only it can know.
    int const first = ::fcntl(websocket_, F_DUPFD, 20);
    int const second = ::fcntl(main_, F_DUPFD, 20);
    auto const move = [](std::string const& from, std::string const& to) {
        return "exec " + to + "<&" + from + " " + from + "<&-; ";
    };
    auto const script = move(std::to_string(first), "3") + move(std::to_string(second), "4")
                        + "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=a:b exec \"$0\" serve --config \"$1\"";
    auto made = std::make_unique<child_process>(
        std::vector<std::string>{"/bin/bash", "-c", script, RENDEZVOUS_BINARY, folder_.config().string()},
        folder_.path(), more);
    ::close(first);
    ::close(second);
    if (!made->waits_for_err("serving")) throw std::runtime_error("no server: " + made->err());
    return made;
}

} // namespace rendezvous::test
