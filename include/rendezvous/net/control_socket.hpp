#pragma once

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::net {

/// What a command that touches data is asked and answers: the words of the command line, and what
/// it would have printed.
struct control_request {
    std::vector<std::string> words;
};
struct control_reply {
    int exit_code = 0;
    std::string out;
    std::string err;
};
using control_handler = std::function<void(control_request, std::function<void(control_reply)>)>;

/// The running service's side of the commands: a Unix socket, mode 0600, one request and one
/// answer per connection, each at most 64 KiB and 5 s.
/// Thread: the shard of `context`; the handler may answer from any thread.
class control_socket {
public:
    /// Binds at once. Throws std::system_error. A dead socket file at `path` is replaced.
    control_socket(boost::asio::io_context& context, std::filesystem::path path, control_handler handler);
    ~control_socket();
    control_socket(control_socket const&) = delete;
    control_socket& operator=(control_socket const&) = delete;

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

/// Asks the service that listens at `path`; nothing if none does. Blocks up to 30 s.
/// Throws std::system_error if the service is there but does not answer.
std::optional<control_reply> ask_service(std::filesystem::path const& path, control_request const& request);

} // namespace rendezvous::net
