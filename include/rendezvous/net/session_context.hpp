#pragma once

#include "rendezvous/base/clock.hpp"
#include "rendezvous/base/ids.hpp"
#include "rendezvous/base/limits.hpp"
#include "rendezvous/net/http_types.hpp"
#include "rendezvous/protocol/rest_types.hpp"
#include "rendezvous/protocol/server_message.hpp"
#include "rendezvous/service/access.hpp"
#include "rendezvous/service/calls.hpp"
#include "rendezvous/service/event_port.hpp"
#include "rendezvous/service/subject_port.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

namespace rendezvous::net {

class session_table;

/// What sessions and REST handlers need of the house. One per process, made by `app/wiring`;
/// everything in it outlives the shards.
struct session_context {
    service::shards& shards;
    service::calls& calls;
    service::call_reader& reader;
    service::credential_store& credentials;
    service::access& access;
    base::clock const& clock;
    base::id_generator& ids;
    call::room_rules const& rules;
    std::vector<base::limits> limits_by_shard; ///< each changed on its own shard only
    protocol::heartbeat_times heartbeat;
    std::string public_url;
    protocol::webrtc_config page_config;                ///< without ICE servers, which are per user
    std::vector<std::shared_ptr<session_table>> tables; ///< one per shard
    bool relay_only = false;                            ///< signals lose what would show addresses
    /// Part of every session id, so that one of a process before this is known as such.
    std::string epoch;
    std::atomic<bool> draining{false};          ///< on the way out: nobody registers any more
    std::atomic<bool> crowded{false};           ///< memory is nearly used up: nobody registers for now
    service::audit_store* audit = nullptr;      ///< where it is accounted for who did what; null: nowhere
    service::token_store* tokens = nullptr;     ///< tokens given and taken back; never null in service
    service::subject_store* subjects = nullptr; ///< export and erasure of a person
    service::event_store* events = nullptr;     ///< what other systems are told, and where
    /// Whether events may be sent to a URL: `validation`, `forbidden`.
    std::function<base::result<void>(std::string const& url)> check_webhook_url{};

    /// As they are now. Thread: any shard (elsewhere those of shard 0, before the shards run).
    base::limits const& limits() const
    {
        auto const here = shards.current();
        return limits_by_shard[here < limits_by_shard.size() ? here : 0];
    }
};

/// The ICE servers of one user as messages show them.
std::vector<protocol::ice_server> ice_for(
    session_context const& house, base::user_id const& user, base::call_id const& call);

} // namespace rendezvous::net
