#pragma once
// A whole server on loopback with handlers of the test, and a certificate made on the spot.

#include "support/test_client.hpp"

#include "rendezvous/net/server.hpp"

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rendezvous::net::test {

using namespace rendezvous::test;

/// A directory of its own that goes away with the object.
class scratch_directory {
public:
    scratch_directory();
    ~scratch_directory();
    std::filesystem::path const& path() const { return path_; }
    std::string write(std::string const& name, std::string const& text) const;

private:
    std::filesystem::path path_;
};

/// A self-signed P-256 certificate for localhost and its key, as PEM.
struct key_pair {
    std::string certificate;
    std::string key;
};
key_pair make_key_pair(int days = 7);

/// What the echo handlers of a server have seen; waiting is by condition, never by time.
class witness {
public:
    void opened(std::shared_ptr<socket> const& which, socket_info info);
    void closed();
    bool wait_until_closed(std::size_t count);
    std::shared_ptr<socket> last();
    socket_info last_info();
    /// Does `work` on a thread of its own.
    void elsewhere(std::function<void()> work);
    /// Waits for such threads; nothing starts more of them.
    void join();
    std::atomic<std::size_t> pieces_made{0}; ///< of the bodies of `/long`

private:
    std::mutex guard_;
    std::condition_variable changed_;
    std::size_t closed_ = 0;
    std::weak_ptr<socket> last_;
    socket_info info_;
    std::vector<std::thread> threads_;
};

/// A running server: `GET /echo` answers its query and body, `/throw` throws, `/long?pieces&bytes&fails`
/// makes its body while it is sent, every WebSocket text comes back. Stops when destroyed.
class running_server {
public:
    explicit running_server(server_options options = {}, std::size_t shard_count = 2);
    ~running_server();

    std::uint16_t port() const { return ports_.listen.front(); }
    std::uint16_t websocket_port() const { return ports_.websocket_listen.front(); }
    https_client https() const { return {"127.0.0.1", port()}; }
    ws_client websocket(std::string const& path = "/ws", headers more = {}) const
    {
        return {"127.0.0.1", port(), path, std::move(more)};
    }
    http_answer refused(std::string const& path, headers more = {}) const
    {
        return ws_client::refusal("127.0.0.1", port(), path, std::move(more));
    }

    net::server& server() { return *server_; }
    witness seen;

private:
    scratch_directory files_;
    base::system_clock clock_;
    base::system_id_generator ids_;
    service::shards shards_;
    std::unique_ptr<net::server> server_;
    bound_ports ports_;
    std::thread loop_;
};

} // namespace rendezvous::net::test
