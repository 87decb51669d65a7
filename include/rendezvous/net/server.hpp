#pragma once
// The server's outer wall: listeners, TLS, HTTP/1.1, static files and WebSocket upgrades. What is
// behind it gets whole requests (http_handler) and whole text messages (socket_handler).

#include "rendezvous/base/clock.hpp"
#include "rendezvous/base/ids.hpp"
#include "rendezvous/base/limits.hpp"
#include "rendezvous/net/http_types.hpp"
#include "rendezvous/net/socket.hpp"
#include "rendezvous/service/shards.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::net {

/// What the outer wall is told. Endpoints are `address:port`, IPv6 in brackets (`[::]:8443`);
/// port 0 lets the system choose.
struct server_options {
    std::vector<std::string> listen;           ///< HTTPS and WebSocket
    std::vector<std::string> websocket_listen; ///< WebSocket only
    std::string certificate;                   ///< PEM file, chain included
    std::string key;                           ///< PEM file
    std::string public_url;                    ///< its origin may open WebSockets
    std::vector<std::string> allowed_origins;  ///< further ones; also CORS on /api and /js
    std::vector<std::string> trusted_proxies;  ///< addresses or CIDR whose X-Forwarded-For counts
    std::filesystem::path web_root;            ///< static files; empty: none
    /// Listening sockets of a process before this one, or of systemd; they are the server's from
    /// `start` on. Each serves the endpoint with its port, those left over the endpoints left over.
    std::vector<int> inherited;
    std::size_t sockets_max = 0; ///< 0: what RLIMIT_NOFILE leaves
    base::limits limits;
    base::milliseconds keep_alive{60'000}; ///< between two requests of one connection
    base::milliseconds lag_max{5'000};     ///< beyond messages_per_s for so long, then 4429
};

/// The ports really bound, in the order of the options.
struct bound_ports {
    std::vector<std::uint16_t> listen;
    std::vector<std::uint16_t> websocket_listen;
};

/// How many connections there are, summed over all shards; for metrics and drain. Momentary.
struct server_counts {
    std::size_t http = 0;       ///< TLS handshakes and HTTP connections
    std::size_t websockets = 0; ///< upgraded
};

/// One per process. Connections outlive nothing: destroy the server after `shards::run` returned
/// and before the shards. `start`, `stop_accepting`, `close_all`, `counts`: any thread.
class server {
public:
    /// `handler` gets every request that is no static file and no upgrade; `sockets` every upgrade.
    /// `ids` must be usable from any thread; `clock` and `ids` outlive the shards.
    server(service::shards& shards, server_options options, http_handler handler, socket_handler_factory sockets,
        base::clock const& clock, base::id_generator& ids);
    ~server();
    server(server const&) = delete;
    server& operator=(server const&) = delete;

    /// Loads the certificate and the static files, binds and accepts; connections are served
    /// once the shards run. Throws std::runtime_error with one readable line: bad certificate,
    /// bad endpoint, address in use.
    bound_ports start();

    /// Closes the listeners; open connections go on. What still comes to an inherited socket waits
    /// in it for the next process.
    void stop_accepting();
    /// Whether some listener was inherited.
    bool has_inherited() const;

    /// Closes every WebSocket with `code` and every HTTP connection after its current answer.
    void close_all(std::uint16_t code, std::string reason);

    server_counts counts() const;

    /// Takes over certificate, origins, trusted proxies and limits for new connections. An error
    /// text means that nothing changed.
    std::optional<std::string> reload(server_options const& options);

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace rendezvous::net
