#pragma once

#include "rendezvous/call/room.hpp"

/// What the metrics say of calls, counted where their facts pass. Thread: any.
namespace rendezvous::service {

/// A command was refused.
void count_refused(call::command const& asked, base::errc why);
/// A decision is about to be committed to a room that is as `before`.
void count_decided(call::decision const& decided, call::room_record const& before);
/// A room with an open call of a process before this one is in memory now.
void count_loaded(call::room_record const& record);
/// After a commit: somebody has come back to a call, or nobody did.
void count_recovered(bool was_recovering, call::room const& after);

} // namespace rendezvous::service
