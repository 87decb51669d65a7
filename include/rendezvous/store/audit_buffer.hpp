#pragma once

#include "rendezvous/base/clock.hpp"
#include "rendezvous/service/audit_port.hpp"
#include "rendezvous/store/backend.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace rendezvous::store {

/// Entries of the account on their way to the store, in order: they join the next transaction, or
/// get one of their own when the oldest has waited for `delay`. What nobody known did costs a flood
/// of strangers nothing, so of that there is a limit per second. Thread: one at a time; `store_thread`
/// guards it.
class audit_buffer {
public:
    audit_buffer(std::size_t entries_max, base::milliseconds delay) : entries_max_(entries_max), delay_(delay) {}

    void add(service::audit_entry what, base::boot_time now);
    /// Somebody wants to read what was recorded.
    void hurry() { hurried_ = !waiting_.empty(); }
    bool due(base::boot_time now) const { return !waiting_.empty() && (hurried_ || due_at_ <= now); }
    std::optional<base::boot_time> due_at() const;
    bool empty() const { return waiting_.empty(); }
    std::size_t size() const { return waiting_.size(); }

    /// What one transaction takes along, with a row about those for which there was no room.
    std::vector<service::audit_entry> take(std::size_t entries_max, base::instant now);
    /// The transaction was lost: they go first again.
    void give_back(std::vector<service::audit_entry> entries);

    /// Entries of strangers per second, and at once.
    static constexpr std::int64_t strangers_per_s = 50;
    static constexpr std::int64_t strangers_burst_max = 1'000;

private:
    bool admits_stranger(base::boot_time now);

    std::size_t const entries_max_;
    base::milliseconds const delay_;
    std::deque<service::audit_entry> waiting_;
    base::boot_time due_at_{};
    bool hurried_ = false;
    std::uint64_t dropped_ = 0;                            ///< since the last row about it
    std::int64_t strangers_ = strangers_burst_max * 1'000; ///< thousandths of entries
    base::boot_time strangers_at_{};
};

} // namespace rendezvous::store
