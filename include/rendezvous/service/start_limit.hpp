#pragma once

#include "rendezvous/base/ids.hpp"

#include <cstdint>
#include <deque>
#include <unordered_map>

namespace rendezvous::service {

/// How often one user may start calls: at most `per_minute` in any minute. Memory is bounded by
/// the users who started within the last minute. Thread: one.
class start_limit {
public:
    explicit start_limit(std::uint32_t per_minute) : per_minute_(per_minute) {}

    /// Counts one start, or refuses it.
    bool allow(base::user_id const& user, base::boot_time now);

private:
    void forget_before(base::boot_time horizon);

    std::uint32_t per_minute_;
    std::unordered_map<base::user_id, std::deque<base::boot_time>> recent_;
    base::boot_time swept_at_{};
};

} // namespace rendezvous::service
