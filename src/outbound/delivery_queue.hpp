#pragma once

#include "rendezvous/service/event_port.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace rendezvous::outbound {

/// One event for one webhook.
struct parcel {
    service::webhook_row to;
    service::delivery_row what;
};

/// Which deliveries are under way, and what may begin. Values only; time is an argument.
class delivery_queue {
public:
    explicit delivery_queue(std::size_t in_flight_max) : in_flight_max_(in_flight_max) {}

    /// How many due deliveries of each webhook have to be looked at, so that those under way hide none.
    std::size_t look_rows() const { return 2 * in_flight_max_; }
    /// What begins now, of what a look has found.
    std::vector<parcel> choose(service::due_work const& found, base::utc_time now);
    /// The attempt is over and its outcome is kept.
    void ended(std::string const& webhook_id, std::string const& event_id);
    /// Nothing goes to that webhook until then.
    void keep_quiet(std::string const& webhook_id, base::utc_time until);
    /// The next time at which a quiet webhook may be sent something again.
    std::optional<base::utc_time> quiet_until(base::utc_time now) const;

private:
    struct queue_state {
        std::set<std::string> under_way; ///< event ids
        base::utc_time quiet_until{};
    };
    std::size_t in_flight_max_;
    std::map<std::string, queue_state> lanes_; ///< by webhook id; only of those with something to remember
};

} // namespace rendezvous::outbound
