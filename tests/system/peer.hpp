#pragma once

#include "running_server.hpp"

#include <deque>
#include <functional>

namespace rendezvous::test {

/// One page's socket. Whatever it reads is checked for a `seq` without gap; messages that a test
/// does not ask for wait in order. Pings are answered unless `answers_pings` is false.
class peer {
public:
    explicit peer(running_server& server, std::string const& path = "/ws", headers more = {});

    bool answers_pings = true;

    /// Registers for that appointment, or as a user-level socket if it is empty.
    /// Returns `registered`, or whatever came instead.
    json enter(std::string const& token, std::string const& appointment = {}, json more = json::object());

    void send(json const& message) { socket_.send_text(message.dump()); }
    ws_client& socket() { return socket_; }

    /// Sends a command under a fresh id and returns it.
    std::string command(std::string const& type, json fields = json::object());
    /// The answer to that command; other messages wait.
    json answer(std::string const& id);
    json ask(std::string const& type, json fields = json::object()) { return answer(command(type, std::move(fields))); }

    using condition = std::function<bool(json const&)>;
    /// The next message of that type for which `fits` holds; those before it wait.
    json expect(std::string const& type, condition const& fits = nullptr);
    /// How many messages of that type have come up to now: everything told before this is called.
    std::size_t count_until_now(std::string const& type);
    /// Whatever comes next, of any type.
    json next();

    /// Reads until the socket ends; returns the close code. `bye()` is what was said before.
    std::uint16_t closed();
    json const& bye() const { return bye_; }

    std::uint64_t last_seq() const { return last_seq_; }
    /// Goes on with the session that `registered` was the answer of, on this new socket: what comes
    /// is expected behind `seq`. Returns `registered`.
    json resume(std::string const& token, std::string const& appointment, json const& registered, std::uint64_t seq);

private:
    json take(condition const& fits);
    /// The next message, or null at the end.
    json read();

    ws_client socket_;
    std::deque<json> waiting_;
    json bye_;
    std::uint64_t last_seq_ = 0;
    std::optional<std::uint16_t> close_code_;
};

} // namespace rendezvous::test
