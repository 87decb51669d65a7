#include "rendezvous/service/call_service.hpp"

#include "call_metrics.hpp"
#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"

#include <algorithm>

namespace rendezvous::service {
namespace {

using base::errc;

constexpr std::size_t queue_commands_max = 1'000;
constexpr base::milliseconds retry_interval{500};

/// These change nothing durable before they are told, so they need not wait for facts in flight.
bool passes(call::command const& asked)
{
    return std::holds_alternative<call::commands::disconnect>(asked)
           || std::holds_alternative<call::commands::forget>(asked)
           || std::holds_alternative<call::commands::set_connection>(asked)
           || std::holds_alternative<call::commands::set_media>(asked)
           || std::holds_alternative<call::commands::sample_quality>(asked);
}

void refuse(reply const& done, errc why)
{
    if (done) done(why);
}

} // namespace

call_service::call_service(call_service_ports ports, call::room_rules const& rules, base::limits const& limits)
    : ports_(std::move(ports)),
      rules_(rules),
      starts_(limits.starts_per_minute)
{}

void call_service::submit(base::appointment_id const& id, call::command asked, reply done)
{
    if (auto const* start = std::get_if<call::commands::start_call>(&asked))
        if (!starts_.allow(start->who.user, ports_.clock.now().boot)) {
            base::metrics::rate_limited.add(base::metrics::rate_limit::starts);
            return refuse(done, errc::rate_limited);
        }
    auto* s = open_slot(id);
    if (!s) return refuse(done, errc::busy);
    if (s->room && passes(asked) && !s->telling) {
        execute(id, *s, asked, done);
    } else {
        if (s->queue.size() >= queue_commands_max) return refuse(done, errc::busy);
        s->queue.push_back({std::move(asked), std::move(done)});
    }
    pump(id);
}

errc call_service::relay(base::appointment_id const& id, call::commands::signal const& asked)
{
    auto const it = slots_.find(id);
    if (it == slots_.end() || !it->second.room) return errc::not_registered;
    auto const told = it->second.room->relay(asked);
    if (!told) {
        base::metrics::signals_refused.add(base::to_errc(told.error()));
        return base::to_errc(told.error());
    }
    ports_.sink.deliver(told->to, told->event);
    return errc::ok;
}

void call_service::describe(
    base::appointment_id const& id, std::optional<base::user_id> viewer, std::function<void(result<room_status>)> done)
{
    // A tick changes nothing that is not due anyway; it waits its turn like every command, so the
    // answer is committed state.
    auto const answer = [this, id, viewer = std::move(viewer), done = std::move(done)](result<call::outcome> ticked) {
        if (!ticked) return done(base::to_errc(ticked.error()));
        auto const& room = *slots_.at(id).room;
        auto const& appointment = room.record().appointment;
        if (!appointment) return done(errc::not_found);
        auto const& as = viewer ? *viewer : appointment->members.front().user;
        auto view = room.view_for(as, ports_.clock.now().utc);
        if (!view) return done(base::to_errc(view.error()));
        done(room_status{std::move(*view), room.newest_call()});
    };
    submit(id, call::commands::tick{}, answer);
}

call_service::slot* call_service::open_slot(base::appointment_id const& id)
{
    if (auto const it = slots_.find(id); it != slots_.end()) return &it->second;
    if (slots_.size() >= base::limits::rooms_max) return nullptr;
    auto& s = slots_[id];
    ports_.reader.load_room(id, [this, id](result<call::room_record> loaded) {
        ports_.post([this, id, loaded = std::move(loaded)] { on_loaded(id, loaded); });
    });
    return &s;
}

void call_service::on_loaded(base::appointment_id const& id, result<call::room_record> loaded)
{
    auto const it = slots_.find(id);
    if (it == slots_.end()) return;
    if (loaded) {
        auto& room = it->second.room.emplace(id, std::move(*loaded), rules_);
        // A room with an open call is never forgotten, so this one is from a process before.
        if (call::open_call(room.record())) {
            count_loaded(room.record());
            auto const now = ports_.clock.now();
            room.commit(room.decide(call::commands::recover{}, now), now);
        }
        pump(id);
        return;
    }
    auto const queue = std::move(it->second.queue);
    slots_.erase(it);
    for (auto const& w : queue) refuse(w.done, base::to_errc(loaded.error()));
}

/// Lets the next commands of the room happen, and forgets a room that nobody needs.
void call_service::pump(base::appointment_id const& id)
{
    auto const it = slots_.find(id);
    if (it == slots_.end()) return;
    auto& s = it->second;
    if (!s.room || s.pumping || s.telling) return; // loading, or called from an answer down this stack
    s.pumping = true;
    while (!s.writing && !s.queue.empty()) {
        auto const next = std::move(s.queue.front());
        s.queue.pop_front();
        execute(id, s, next.asked, next.done);
    }
    s.pumping = false;
    if (!s.writing && s.room->idle() && backlog_.empty()) {
        if (s.due) due_.erase({*s.due, id});
        slots_.erase(it);
        return;
    }
    schedule(id, s);
}

void call_service::execute(base::appointment_id const& id, slot& s, call::command const& asked, reply const& done)
{
    auto decided = s.room->decide(asked, ports_.clock.now());
    if (decided.refusal) {
        count_refused(asked, *decided.refusal);
        return refuse(done, *decided.refusal);
    }
    if (decided.facts.empty()) return finish(s, decided, done);
    if (decided.durability == call::durability::behind) {
        ports_.store.append(decided.facts, [](result<void> stored) {
            if (!stored) base::log::warn("write_behind_failed", {{"error", stored.error().message()}});
        });
        return finish(s, decided, done);
    }
    write(id, s, std::move(decided), done);
}

void call_service::write(base::appointment_id const& id, slot& s, call::decision decided, reply done)
{
    if (!backlog_.empty()) { // the store fails; what it owes comes first
        if (decided.durability != call::durability::deferrable) return refuse(done, errc::store_unavailable);
        keep_for_later(decided.facts);
        return finish(s, decided, done);
    }
    s.writing = true;
    ++writes_;
    auto facts = decided.facts;
    ports_.store.append(
        std::move(facts), [this, id, decided = std::move(decided), done = std::move(done)](result<void> stored) {
            ports_.post([this, id, decided, done, stored] { on_written(id, decided, done, stored); });
        });
}

void call_service::on_written(
    base::appointment_id const& id, call::decision const& decided, reply const& done, result<void> stored)
{
    --writes_;
    auto& s = slots_.at(id);
    s.writing = false;
    bool const deferrable = decided.durability == call::durability::deferrable;
    if (stored) {
        finish(s, decided, done);
    } else if (!deferrable) {
        refuse(done, base::to_errc(stored.error()));
    } else {
        // An end must end. What the store refuses for good is logged; what it cannot take now waits.
        if (base::to_errc(stored.error()) == errc::store_unavailable)
            keep_for_later(decided.facts);
        else
            base::log::error("fact_refused", {{"error", stored.error().message()}});
        finish(s, decided, done);
    }
    pump(id);
}

void call_service::finish(slot& s, call::decision const& decided, reply const& done)
{
    count_decided(decided, s.room->record());
    bool const was_recovering = s.room->recovering();
    auto told = s.room->commit(decided, ports_.clock.now());
    count_recovered(was_recovering, *s.room);
    s.telling = true; // an answer may ask again: that is told after this
    if (done) done(std::move(told.outcome));
    for (auto const& e : told.effects) dispatch(e);
    s.telling = false;
}

void call_service::dispatch(call::effect const& e)
{
    if (auto const* t = std::get_if<call::effects::tell>(&e)) return ports_.sink.deliver(t->to, t->event);
    if (auto const* u = std::get_if<call::effects::tell_user>(&e)) return ports_.tell_user(u->to, u->event);
    if (auto const* c = std::get_if<call::effects::close>(&e)) return ports_.sink.close(c->session, c->reason);
    auto const& seat = std::get<call::effects::seat_bound>(e);
    ports_.sink.seat_changed(seat.session, seat.bound);
}

void call_service::keep_for_later(std::vector<call::fact> facts)
{
    if (backlog_.size() >= base::limits::store_backlog_max) {
        base::log::error("backlog_full", {{"facts", std::uint64_t{facts.size()}}});
        return;
    }
    backlog_.push_back(std::move(facts));
    base::metrics::store_backlog.up();
    if (!retry_at_) retry_at_ = ports_.clock.now().boot + retry_interval;
    wake_at_next();
}

void call_service::retry_backlog()
{
    retry_at_.reset();
    if (retrying_ || backlog_.empty()) return;
    retrying_ = true;
    ports_.store.append(backlog_.front(), [this](result<void> stored) {
        ports_.post([this, stored] {
            retrying_ = false;
            if (!stored && base::to_errc(stored.error()) == errc::store_unavailable) {
                retry_at_ = ports_.clock.now().boot + retry_interval;
                return wake_at_next();
            }
            if (!stored) base::log::error("fact_refused", {{"error", stored.error().message()}});
            backlog_.pop_front();
            base::metrics::store_backlog.down();
            if (backlog_.empty()) return forget_idle();
            retry_backlog();
        });
    });
}

/// While the store owes facts no room is forgotten, for it would be loaded as it was before them.
void call_service::forget_idle()
{
    std::vector<base::appointment_id> all;
    all.reserve(slots_.size());
    for (auto const& [id, s] : slots_) all.push_back(id);
    for (auto const& id : all) pump(id);
}

void call_service::schedule(base::appointment_id const& id, slot& s)
{
    auto const now = ports_.clock.now();
    auto const span = s.writing ? std::nullopt : s.room->until_next(now); // a write ends in pump()
    if (s.due) due_.erase({*s.due, id});
    s.due = span ? std::optional{now.boot + *span} : std::nullopt;
    if (s.due) due_.insert({*s.due, id});
    wake_at_next();
}

void call_service::wake_at_next()
{
    std::optional<base::boot_time> next = retry_at_;
    if (!due_.empty()) next = next ? std::min(*next, due_.begin()->first) : due_.begin()->first;
    auto const now = ports_.clock.now().boot;
    ports_.wake_after(
        next ? std::optional{std::max(base::milliseconds{*next - now}, base::milliseconds{0})} : std::nullopt);
}

void call_service::on_time()
{
    auto const now = ports_.clock.now().boot;
    if (retry_at_ && *retry_at_ <= now) retry_backlog();
    std::vector<base::appointment_id> ready;
    for (auto it = due_.begin(); it != due_.end() && it->first <= now; it = due_.erase(it)) {
        slots_.at(it->second).due.reset();
        ready.push_back(it->second);
    }
    for (auto const& id : ready)
        if (slots_.contains(id)) submit(id, call::commands::tick{}, nullptr);
    wake_at_next();
}

} // namespace rendezvous::service
