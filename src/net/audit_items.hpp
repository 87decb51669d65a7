#pragma once

#include "rendezvous/protocol/audit_types.hpp"
#include "rendezvous/service/subject_port.hpp"

namespace rendezvous::net {

/// What the store gives, as the wire shows it.
protocol::audit_item item_of(service::audit_row const& row);
protocol::subject_item item_of(service::subject_record const& record);
protocol::erasure_item item_of(service::erasure_report const& report);

} // namespace rendezvous::net
