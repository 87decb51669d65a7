#pragma once

#include "../outbox_of.hpp"
#include "rendezvous/service/event_port.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace rendezvous::store::memory {

/// An event in its place.
struct kept_event {
    service::event_row value;
    std::uint64_t seq = 0; ///< within its call
    std::optional<std::string> only_for;
};

struct kept_webhook {
    service::webhook_row value;
    std::uint64_t seen = 0; ///< the place up to which events have been laid out
};

/// The key of a place: sorts as the number does.
std::string place_key(std::uint64_t position);
std::string delivery_key(std::string const& webhook_id, std::uint64_t position);

} // namespace rendezvous::store::memory
