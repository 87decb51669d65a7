#pragma once

#include "rendezvous/base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::app {

/// What systemd tells a service through its environment (sd_notify(3), sd_listen_fds(3),
/// sd_watchdog_enabled(3)). Everything empty if nobody does.
struct service_environment {
    std::string notify_socket;                  ///< path, or `@` and an abstract name
    std::optional<base::milliseconds> watchdog; ///< silence after which the service is killed
    std::vector<int> listen_fds;                ///< sockets to serve, close-on-exec
};

/// Reads these variables and removes them, so that no child takes them for its own. Sockets and
/// watchdog of another process id are left alone. Call before threads exist.
service_environment take_service_environment();

/// Tells systemd how the service is doing. Without a notify socket it says nothing; a message that
/// cannot be sent is lost, for the service goes on without it. Thread: any.
class service_manager {
public:
    explicit service_manager(std::string notify_socket = {}) : address_(std::move(notify_socket)) {}

    bool listening() const { return !address_.empty(); }
    /// `status` is for people: `systemctl status` shows it. One line, no personal data.
    void ready(std::string_view status) const;
    void reloading() const;
    /// On the way out, which may take `span`.
    void stopping(std::string_view status, base::milliseconds span) const;
    void feed_watchdog() const;

private:
    void notify(std::string const& state) const;

    std::string address_;
};

} // namespace rendezvous::app
