#pragma once

#include "rendezvous/call/fact.hpp"
#include "rendezvous/service/audit_port.hpp"

#include <optional>

namespace rendezvous::store {

/// The row of the account that is written in the same transaction as the fact, if it needs one.
std::optional<service::audit_entry> audit_of(call::fact const& happened);

} // namespace rendezvous::store
