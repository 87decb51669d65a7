#include "delivery_queue.hpp"

#include <algorithm>

namespace rendezvous::outbound {

std::vector<parcel> delivery_queue::choose(service::due_work const& found, base::utc_time now)
{
    std::erase_if(lanes_, [now](auto const& l) { return l.second.under_way.empty() && l.second.quiet_until <= now; });
    std::vector<parcel> out;
    for (auto const& work : found.webhooks) {
        if (work.due.empty()) continue;
        auto& lane = lanes_[work.webhook.id];
        if (now < lane.quiet_until) continue;
        for (auto const& what : work.due) {
            if (lane.under_way.size() >= in_flight_max_) break;
            if (lane.under_way.insert(what.event.id).second) out.push_back({work.webhook, what});
        }
    }
    return out;
}

void delivery_queue::ended(std::string const& webhook_id, std::string const& event_id)
{
    auto const found = lanes_.find(webhook_id);
    if (found != lanes_.end()) found->second.under_way.erase(event_id);
}

void delivery_queue::keep_quiet(std::string const& webhook_id, base::utc_time until)
{
    auto& lane = lanes_[webhook_id];
    lane.quiet_until = std::max(lane.quiet_until, until);
}

std::optional<base::utc_time> delivery_queue::quiet_until(base::utc_time now) const
{
    std::optional<base::utc_time> out;
    for (auto const& [id, lane] : lanes_)
        if (lane.quiet_until > now && (!out || lane.quiet_until < *out)) out = lane.quiet_until;
    return out;
}

} // namespace rendezvous::outbound
