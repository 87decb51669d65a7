#pragma once

#include "rendezvous/call/fact.hpp"

#include <optional>
#include <string>

namespace rendezvous::store {

/// What a fact adds to the history of its call, before it gets a place in it.
struct event_draft {
    base::call_id call;
    base::utc_time at{};
    std::string type;
    std::optional<base::participant_id> participant;
    std::string data; ///< JSON object of ids of ours, words and numbers; people by participant id only
};

/// The event of a fact; nothing for facts that are no part of the history (appointments, proof of
/// life, quality, commands carried out).
std::optional<event_draft> event_of(call::fact const& happened);

} // namespace rendezvous::store
