#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::net {

/// The sending half of one upgraded WebSocket. Lives on its connection's shard; `send` and `close`
/// may be called from any shard (they post), never fail, and do nothing once the socket is gone.
class socket {
public:
    virtual ~socket() = default;
    /// Queues one text frame; bytes are shared, not copied. With `registered` the house knows who is
    /// behind the socket: it counts no longer among those who have yet to register. More than queue_bytes_max waiting:
    /// the socket closes with 4008.
    virtual void send(std::shared_ptr<std::string const> text) = 0;
    /// Queues what a resumed session has missed, in order, behind what waits already. The ring they
    /// come from is bounded by itself: they do not count against queue_bytes_max.
    virtual void send_replay(std::vector<std::shared_ptr<std::string const>> texts) = 0;
    /// Writes what is queued, then the close frame; cut after write_timeout at the latest.
    virtual void close(std::uint16_t code, std::string reason) = 0;
    /// Lets the next frame be read after `on_text` answered `hold`. Thread: any.
    virtual void resume_reading() = 0;
};

/// The receiving half: what the house does with one WebSocket. Called on the connection's shard.
class socket_handler {
public:
    enum class reading { go_on, hold };
    virtual ~socket_handler() = default;
    /// One complete text message (valid UTF-8, at most message_bytes_max), with at least 64 bytes
    /// of readable memory behind it (simdjson's padding). The view dies with the call.
    /// `hold` stops reading until `socket::resume_reading`.
    virtual reading on_text(std::string_view text) = 0;
    /// The connection is gone, or closes and is not listened to any more, for whatever reason.
    /// Called once; nothing is called afterwards.
    virtual void on_closed() = 0;
};

/// What an accepted upgrade says to whoever makes its handler.
struct socket_info {
    std::string remote_ip;
    std::string path_appointment; ///< of `/appointment/{id}`, empty for `/ws`
    std::size_t shard = 0;        ///< where the connection lives
};

/// Makes the handler of a new WebSocket. Called on the connection's shard, right after the
/// upgrade. The handler keeps `to` weakly or drops it in `on_closed`.
using socket_handler_factory =
    std::function<std::shared_ptr<socket_handler>(std::shared_ptr<socket> to, socket_info info)>;

} // namespace rendezvous::net
