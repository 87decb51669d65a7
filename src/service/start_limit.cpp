#include "rendezvous/service/start_limit.hpp"

namespace rendezvous::service {
namespace {

constexpr base::boot_time minute{60'000};

} // namespace

bool start_limit::allow(base::user_id const& user, base::boot_time now)
{
    if (now - swept_at_ >= minute) {
        forget_before(now - minute);
        swept_at_ = now;
    }
    auto& times = recent_[user];
    while (!times.empty() && times.front() <= now - minute) times.pop_front();
    if (times.size() >= per_minute_) return false;
    times.push_back(now);
    return true;
}

void start_limit::forget_before(base::boot_time horizon)
{
    std::erase_if(recent_, [&](auto const& entry) { return entry.second.empty() || entry.second.back() <= horizon; });
}

} // namespace rendezvous::service
