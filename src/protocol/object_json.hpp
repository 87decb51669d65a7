#pragma once

#include "json_writer.hpp"
#include "rendezvous/base/limits.hpp"
#include "rendezvous/call/event.hpp"
#include "rendezvous/protocol/server_message.hpp"

#include <vector>

/// The objects that messages and REST answers share (docs/protocol.md section 1). Each is written
/// where the writer stands: as an element, or behind a key.
namespace rendezvous::protocol {

void write(json_writer& w, call::call_record const& record);
void write(json_writer& w, call::appointment_view const& view);
void write(json_writer& w, call::participant_view const& participant);
void write(json_writer& w, call::room_snapshot const& room);
void write(json_writer& w, call::own_view const& you);
void write(json_writer& w, std::vector<ice_server> const& servers);
void write(json_writer& w, base::limits const& limits);

/// `callStatus`, `callStartedBy`, `callStartedAt`, `callEndedAt`, null where there is none.
void write_call_summary(json_writer& w, call::appointment_view const& view);
/// `canStart`, `canJoin`, `reason` if there is one.
void write_possibilities(json_writer& w, call::appointment_view const& view);

} // namespace rendezvous::protocol
