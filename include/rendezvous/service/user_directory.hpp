#pragma once

#include "rendezvous/base/ids.hpp"

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

namespace rendezvous::service {

/// All sockets of the users whose home is this shard: who to tell of their day, and how many
/// devices they have. Thread: one, the shard.
class user_directory {
public:
    struct entry {
        base::session_id session;
        std::size_t shard = 0;   ///< where the session lives
        bool user_level = false; ///< in no room
        bool seated = false;
        bool away = false; ///< has no socket now, and may come back
    };

    explicit user_directory(std::size_t sockets_max) : sockets_max_(sockets_max) {}

    /// Adds a socket, or notes that a session which was away has one again. If that is one too
    /// many: the one that has to go, the oldest without a seat. Sessions that are away count apart,
    /// as many as sockets.
    std::optional<entry> add(base::user_id const& user, entry socket);
    /// The session has lost its socket.
    void set_away(base::user_id const& user, base::session_id const& session);
    void remove(base::user_id const& user, base::session_id const& session);
    void set_seated(base::user_id const& user, base::session_id const& session, bool seated);
    /// The user-level sockets of a user, oldest first.
    std::vector<entry> user_level(base::user_id const& user) const;

private:
    std::size_t sockets_max_;
    std::unordered_map<base::user_id, std::vector<entry>> sockets_;
};

} // namespace rendezvous::service
