#pragma once

#include "rendezvous/call/fact.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::store {

/// An event that other systems are told, before it gets a place.
struct outbox_draft {
    std::string type;
    base::utc_time at{};
    std::optional<base::call_id> call; ///< then `data` gets a `seq` too
    std::string data;                  ///< JSON object: ids, words, numbers, times
};

/// What a fact does not say itself: its call, as stored before it.
struct outbox_context {
    std::optional<base::appointment_id> appointment;
    call::call_state state{};
    std::optional<call::role> role; ///< of the seat in question
};

/// The call, and the seat by its order, that have to be looked up for a fact; 0 for no seat.
struct outbox_question {
    base::call_id call;
    unsigned order = 0;
};

/// What to look up before the fact is applied; nothing for most.
std::optional<outbox_question> outbox_question_of(call::fact const& happened);
/// The events of a fact; none for most. A seat that follows another of the same person in the call
/// is no event: they were there all the time. `known` answers the question of the fact.
std::vector<outbox_draft> outbox_of(call::fact const& happened, outbox_context const& known);

/// `data` with `"seq":N` at its end.
std::string with_seq(std::string data, std::uint64_t seq);

/// The id of an event, as told: its place in 16 hex digits, so that ids sort, and what makes it unique.
std::string event_id(std::uint64_t position, std::string_view tag);
/// The place in an id, if it is one of ours.
std::optional<std::uint64_t> position_in(std::string_view id);
/// A random tag.
std::string new_event_tag();

} // namespace rendezvous::store
