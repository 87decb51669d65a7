#pragma once

#include "rendezvous/base/ids.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace rendezvous::sim {

/// What a tab sends: counted in its session from 1, or uncounted (0). `act` is what the server does
/// with it for that session.
struct upward {
    std::uint64_t number = 0;
    std::string id; ///< of a command, which has exactly one answer
    std::function<void(base::session_id const&)> act;
};

/// What the server sends: numbered by the ring, or uncounted (0).
struct downward {
    enum class kind { resumed, begun, refused, bye, numbered };
    kind what{};
    std::uint64_t number = 0;
    std::uint64_t received = 0; ///< registered: how far the server has come
    base::session_id session;
    std::shared_ptr<std::string const> text;
};

/// One connection. What is on its way when it breaks is lost, and the server learns of it late.
struct line {
    std::deque<upward> up;
    std::deque<downward> down;
    bool broken = false;
};

/// One browser tab: the client's half of the protocol, as docs/protocol.md asks for it.
struct tab {
    std::size_t room = 0;
    std::size_t who = 0; ///< in the room's people
    std::string instance;
    std::shared_ptr<line> wire;
    bool registered = false;
    std::optional<base::session_id> session;
    std::uint64_t last_seq = 0;
    std::uint64_t sent = 0;
    std::deque<upward> unconfirmed;
    std::vector<upward> unanswered; ///< commands
    std::set<std::uint64_t> signals_seen;
};

} // namespace rendezvous::sim
