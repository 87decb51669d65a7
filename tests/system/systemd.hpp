#pragma once
// What systemd does for a service, done by the test: a notify socket, and listening sockets that
// outlive it.

#include "running_server.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace rendezvous::test {

/// The other end of NOTIFY_SOCKET.
class notify_socket {
public:
    /// `address`: a path, or `@` and an abstract name.
    explicit notify_socket(std::string address);
    ~notify_socket();
    notify_socket(notify_socket const&) = delete;
    notify_socket& operator=(notify_socket const&) = delete;

    std::string const& address() const { return address_; }
    /// The next message within `span`, or empty.
    std::string next(std::chrono::milliseconds span);
    /// Reads on until one begins with `begin`; returns it, or empty if it does not come.
    std::string until(std::string const& begin);

private:
    std::string address_;
    int fd_;
};

/// The two listening sockets of a folder's configuration, held by the test. Services started with
/// them come and go; whoever connects in between waits.
class activation {
public:
    explicit activation(server_folder const& folder);
    ~activation();
    activation(activation const&) = delete;
    activation& operator=(activation const&) = delete;

    /// Starts `rendezvous serve` with these sockets as LISTEN_FDS, and waits until it serves.
    std::unique_ptr<child_process> start(child_process::environment const& more = {});

private:
    server_folder const& folder_;
    int main_;
    int websocket_;
};

} // namespace rendezvous::test
