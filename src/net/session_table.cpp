#include "session_table.hpp"

#include "rendezvous/protocol/error_map.hpp"

#include <algorithm>

namespace rendezvous::net {

session_table::session_table(boost::asio::io_context& context) : beat_(context, [this] { on_time(); }) {}

void session_table::add(std::shared_ptr<session> s)
{
    sessions_[s->id()] = std::move(s);
}

void session_table::remove(base::session_id const& id)
{
    sessions_.erase(id);
}

session* session_table::find(base::session_id const& id)
{
    auto const it = sessions_.find(id);
    return it == sessions_.end() ? nullptr : it->second.get();
}

void session_table::deliver(base::session_id const& to, call::event const& what)
{
    if (auto* s = find(to)) s->deliver(what);
}

void session_table::close(base::session_id const& id, call::close_reason why)
{
    if (auto* s = find(id)) s->close(protocol::close_code_of(why));
}

void session_table::seat_changed(base::session_id const& id, bool seated)
{
    if (auto* s = find(id)) s->on_seat(seated);
}

void session_table::start(base::clock const& clock, base::milliseconds period)
{
    clock_ = &clock;
    period_ = period;
    beat_.set(period_);
}

void session_table::after(base::milliseconds span, std::function<void()> due)
{
    waiting_.push_back({clock_->now().boot + span, std::move(due)});
}

void session_table::close_all(std::uint16_t code)
{
    for (auto const& [id, s] : sessions_) s->close(code);
}

void session_table::on_time()
{
    auto const now = clock_->now();
    std::vector<std::shared_ptr<session>> all; // on_time may close and so remove
    all.reserve(sessions_.size());
    for (auto const& [id, s] : sessions_) all.push_back(s);
    for (auto const& s : all) s->on_time(now);

    auto const still =
        std::partition(waiting_.begin(), waiting_.end(), [&](waiting const& w) { return w.at > now.boot; });
    std::vector<waiting> const due(std::make_move_iterator(still), std::make_move_iterator(waiting_.end()));
    waiting_.erase(still, waiting_.end());
    for (auto const& w : due) w.due();
    beat_.set(period_);
}

} // namespace rendezvous::net
