#pragma once

#include "rendezvous/base/clock.hpp"
#include "rendezvous/call/done_command.hpp"

namespace rendezvous::store {

/// How long what has no history is kept; the store deletes it afterwards, a little at a time, when
/// it has nothing else to do. All other records stay until somebody erases them.
struct retention {
    /// Quality samples (`call_stats`).
    static constexpr base::milliseconds call_stats{30LL * 24 * 3'600'000};
    /// Tokens of our own (`issued_tokens`), behind their end: they may be good for a seat that long.
    static constexpr base::milliseconds tokens{5LL * 3'600'000};
    /// Invitations, behind their end.
    static constexpr base::milliseconds invites{30LL * 24 * 3'600'000};
    /// Events (`outbox`) and what became of their deliveries.
    static constexpr base::milliseconds events{30LL * 24 * 3'600'000};
    /// The account (`audit_log`): by whole months, from an anchor of its chain on.
    static constexpr base::milliseconds audit{2'190LL * 24 * 3'600'000};
    /// Commands that were carried out (`done_commands`).
    static constexpr base::milliseconds done_commands = call::done_commands_kept;
};

} // namespace rendezvous::store
