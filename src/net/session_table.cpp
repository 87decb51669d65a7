#include "session_table.hpp"

#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"
#include "rendezvous/protocol/error_map.hpp"

#include <algorithm>
#include <utility>

namespace rendezvous::net {

namespace {

constexpr std::size_t session_secret_bytes = 16;

} // namespace

session_table::session_table(boost::asio::io_context& context) : beat_(context, [this] { on_time(); }) {}

void session_table::open(session_context& house, registering from,
    std::optional<protocol::messages::resume_request> resume, std::function<void(place)> const& placed)
{
    using protocol::reset_reason;
    auto why = reset_reason::fresh;
    if (resume) {
        bool const of_this_process = resume->session.str().find("." + house.epoch) != std::string::npos;
        why = of_this_process ? reset_reason::expired : reset_reason::restart;
        if (auto* known = find(resume->session)) {
            auto const alive = known->shared_from_this();
            auto const fitness = alive->fits(from, *resume);
            if (fitness == session::fitness::fits) {
                alive->attach(std::move(from), resume->last_seq);
                placed({alive, alive->attachment()});
                return alive->go_on();
            }
            if (fitness == session::fitness::overflown) {
                why = reset_reason::overflow;
                alive->supersede();
            }
        }
    }
    // It names its shard, and the process.
    base::session_id id{
        std::to_string(house.shards.current()) + "." + house.epoch + house.ids.secret(session_secret_bytes)};
    auto const made = std::make_shared<session>(house, std::move(id), std::move(from), why);
    placed({made, made->attachment()});
    made->begin();
}

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
    auto* const s = find(id);
    if (!s) return;
    auto const alive = s->shared_from_this();
    if (why == call::close_reason::given_up) return alive->give_up();
    alive->close(protocol::close_code_of(why));
}

void session_table::seat_changed(base::session_id const& id, bool seated)
{
    if (auto* s = find(id)) s->on_seat(seated);
}

void session_table::start(base::clock const& clock, base::milliseconds period, std::size_t rings_bytes_max)
{
    clock_ = &clock;
    period_ = period;
    rings_bytes_max_ = rings_bytes_max;
    beaten_at_ = clock.now().boot;
    beat_.set(period_);
}

void session_table::after(base::milliseconds span, std::function<void()> due)
{
    waiting_.push_back({clock_->now().boot + span, std::move(due)});
}

void session_table::close_all(std::uint16_t code)
{
    for (auto const& s : all())
        if (!s->away()) s->close(code);
}

void session_table::close_user(base::user_id const& user, std::uint16_t code)
{
    for (auto const& s : all())
        if (s->user() == user) s->close(code);
}

void session_table::close_if(std::function<bool(session const&)> const& fits, std::uint16_t code)
{
    for (auto const& s : all())
        if (!s->away() && fits(*s)) s->close(code);
}

std::vector<std::shared_ptr<session>> session_table::all() const
{
    std::vector<std::shared_ptr<session>> out;
    out.reserve(sessions_.size());
    for (auto const& [id, s] : sessions_) out.push_back(s);
    return out;
}

void session_table::account(std::size_t now, std::size_t before)
{
    rings_bytes_ += now;
    rings_bytes_ -= before;
    // Only what grows asks others to give way: what is shed comes through here as well.
    if (now > before && rings_bytes_ > rings_bytes_max_) shed_to(rings_bytes_max_ / 10 * 9);
}

void session_table::shed()
{
    shed_to(0);
}

/// Away longest first; only if that is not enough, those with a socket, the fullest first.
void session_table::shed_to(std::size_t bytes)
{
    auto victims = all();
    auto const worse = [](std::shared_ptr<session> const& a, std::shared_ptr<session> const& b) {
        if (a->away() != b->away()) return a->away();
        return a->away() ? a->away_since() < b->away_since() : a->ring_bytes() > b->ring_bytes();
    };
    std::sort(victims.begin(), victims.end(), worse);
    std::size_t shed = 0;
    for (auto const& v : victims) {
        if (rings_bytes_ <= bytes || (bytes == 0 && !v->away())) break;
        if (v->ring_bytes() == 0) continue;
        v->forget_ring();
        base::metrics::sessions_shed.add();
        ++shed;
    }
    if (shed > 0) base::log::warn("rings_shed", {{"sessions", std::uint64_t{shed}}});
}

void session_table::drain(base::milliseconds spread, std::function<void()> done)
{
    auto leaving = all();
    std::erase_if(leaving, [](auto const& s) { return s->away(); });
    std::stable_partition(leaving.begin(), leaving.end(), [](auto const& s) { return !s->seated(); });
    auto const count = static_cast<std::int64_t>(leaving.size());
    for (std::int64_t i = 0; i < count; ++i) {
        auto const in = spread * (2 * i + 1) / (2 * count);
        auto const& s = leaving[static_cast<std::size_t>(i)];
        s->go_away(in);
        after(in, [weak = std::weak_ptr(s)] {
            if (auto const still = weak.lock(); still && !still->away()) still->close(protocol::close_codes::draining);
        });
    }
    drained_ = std::move(done);
    drain_until_ = clock_->now().boot + spread;
    if (count == 0) std::exchange(drained_, nullptr)();
}

void session_table::on_time()
{
    auto const now = clock_->now();
    // A shard that stood still (a stopped process, a slow disk under a page of code) has read
    // nothing meanwhile: that is not its peers' silence.
    auto const stall = now.boot - beaten_at_ - period_;
    beaten_at_ = now.boot;
    for (auto const& s : all()) {
        if (stall > period_) s->excuse(stall);
        s->on_time(now); // may close and so remove
    }

    auto const still =
        std::partition(waiting_.begin(), waiting_.end(), [&](waiting const& w) { return w.at > now.boot; });
    std::vector<waiting> const due(std::make_move_iterator(still), std::make_move_iterator(waiting_.end()));
    waiting_.erase(still, waiting_.end());
    for (auto const& w : due) w.due();

    auto const here = [](auto const& entry) { return !entry.second->away(); };
    bool const empty = std::none_of(sessions_.begin(), sessions_.end(), here);
    if (drained_ && (empty || now.boot >= drain_until_)) {
        close_all(protocol::close_codes::draining);
        std::exchange(drained_, nullptr)();
    }
    beat_.set(period_);
}

} // namespace rendezvous::net
