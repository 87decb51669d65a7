#include "rendezvous/store/audit_buffer.hpp"

#include "rendezvous/base/log.hpp"

#include <algorithm>
#include <iterator>

namespace rendezvous::store {

void audit_buffer::add(service::audit_entry what, base::boot_time now)
{
    bool const full = waiting_.size() >= entries_max_;
    if (full || (what.actor == service::actor_kind::anonymous && !admits_stranger(now))) {
        if (dropped_++ == 0)
            base::log::error(
                full ? "audit_backlog_full" : "audit_flooded", {{"waiting", std::uint64_t{waiting_.size()}}});
        return;
    }
    if (waiting_.empty()) due_at_ = now + delay_;
    waiting_.push_back(std::move(what));
}

bool audit_buffer::admits_stranger(base::boot_time now)
{
    strangers_ = std::min(strangers_burst_max * 1'000, strangers_ + (now - strangers_at_).count() * strangers_per_s);
    strangers_at_ = now;
    if (strangers_ < 1'000) return false;
    strangers_ -= 1'000;
    return true;
}

std::optional<base::boot_time> audit_buffer::due_at() const
{
    if (waiting_.empty()) return std::nullopt;
    return due_at_;
}

std::vector<service::audit_entry> audit_buffer::take(std::size_t entries_max, base::instant now)
{
    auto const count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), entries_max));
    std::vector<service::audit_entry> out(
        std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.begin() + count));
    waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    due_at_ = now.boot;
    if (!waiting_.empty()) return out;
    hurried_ = false;
    if (dropped_ > 0) {
        base::log::error("audit_dropped", {{"entries", dropped_}});
        service::audit_entry lost;
        lost.at = now.utc;
        lost.action = "audit.dropped";
        lost.object = "rows:" + std::to_string(dropped_);
        lost.outcome = "ok";
        out.push_back(std::move(lost));
        dropped_ = 0;
    }
    return out;
}

void audit_buffer::give_back(std::vector<service::audit_entry> entries)
{
    waiting_.insert(waiting_.begin(), std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
}

} // namespace rendezvous::store
