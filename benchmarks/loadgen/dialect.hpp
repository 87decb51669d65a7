#pragma once

// A dialect teaches the load program one server's protocol. Connections are numbered from 0;
// 2k and 2k+1 are the two sides of room k. To add a server: derive from `dialect` and add one
// line to make_dialect().

#include "options.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rendezvous::loadgen {

/// What a dialect sees and keeps of one connection; all of it starts anew with each connect.
struct dialect_connection {
    std::uint32_t index = 0;     ///< index/2 = room, index%2 = side
    int step = 0;                ///< the dialect's setup state
    std::uint64_t received = 0;  ///< numbered messages seen so far
    std::uint64_t confirmed = 0; ///< ... of which the server was told
};

/// The answer to an event outside the relay path.
struct reaction {
    std::string send;        ///< text to send now, empty for none
    bool registered = false; ///< this side can now send signals
    bool failed = false;     ///< the server refused
};

class dialect {
public:
    virtual ~dialect() = default;

    /// Request target of the upgrade.
    virtual std::string path(dialect_connection const& connection) const = 0;
    /// The WebSocket is open.
    virtual reaction on_open(dialect_connection&) { return {}; }
    /// A text that is not a relayed signal: setup answers, events, pings.
    virtual reaction on_text(dialect_connection& connection, std::string_view text) = 0;
    /// A relayed signal arrived; returns a text to send besides, mostly empty. Hot path.
    virtual std::string on_signal(dialect_connection&, std::string_view) { return {}; }
    /// Called about once a second per open connection; returns a text to send, mostly empty.
    virtual std::string on_tick(dialect_connection&) { return {}; }
    /// The text one side sends so that the other receives `body`, a JSON object, unchanged.
    virtual std::string signal(dialect_connection const& from, std::string_view body) const = 0;
    /// True when a message comes back to its sender instead of the partner.
    virtual bool echoes() const { return false; }
    /// Numbered messages that came out of sequence; must stay 0.
    std::uint64_t sequence_faults() const { return sequence_faults_; }

protected:
    std::uint64_t sequence_faults_ = 0;
};

/// The dialect named in the options, or null. Throws std::runtime_error when the options lack
/// what the dialect needs.
std::unique_ptr<dialect> make_dialect(options const& options);

} // namespace rendezvous::loadgen
