#pragma once

#include "rendezvous/base/metrics.hpp"
#include "rendezvous/protocol/client_message.hpp"

#include <string_view>

namespace rendezvous::net {

/// Counts one message of a client, by type; refused ones by their type too, if they have one.
void count_received(protocol::parsed const& message);
/// Counts one message to a client: `type` is its first field. Returns which it was.
base::metrics::message_type count_sent(std::string_view text);

} // namespace rendezvous::net
