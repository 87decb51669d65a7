#include "call_simulation.hpp"

// The server's half: sessions with their rings, the room service, the process that dies.

namespace rendezvous::sim {
namespace {

using base::milliseconds;
namespace commands = call::commands;

} // namespace

void call_simulation::boot()
{
    service::call_service_ports ports{store_, store_, *this, clock_,
        [this](auto work) { posted_.push_back(std::move(work)); }, [](auto const&, auto const&) {}, [](auto) {}};
    service_ = std::make_unique<service::call_service>(std::move(ports), rules_, limits_);
    for (auto const& [id, record] : store_.records)
        if (call::open_call(record)) service_->submit(id, commands::tick{}, nullptr);
}

/// kill -9: of what was on its way to the disk some has arrived; sockets, sessions and rings are gone.
void call_simulation::crash()
{
    ++counted_.crashes;
    service_.reset();
    posted_.clear();
    store_.crash(pick(store_.waiting() + 1));
    sessions_.clear();
    for (auto const& t : tabs_)
        if (t->wire) cut(*t);
    lines_.clear();
    boot();
}

void call_simulation::write_appointment(std::size_t room)
{
    auto const now = clock_.now().utc;
    commands::put_appointment asked;
    asked.id = places_[room].id;
    asked.status = call::appointment_status::booked;
    asked.payment = chance(90) ? call::payment_status::paid : call::payment_status::unpaid;
    asked.start = now;
    asked.end = now + milliseconds{1'800'000};
    asked.hard_end = chance(20);
    asked.members.emplace();
    for (auto const& who : places_[room].people) {
        if (who.role != call::role::doctor && chance(5)) continue; // taken off, or put back
        base::participant_id fresh{ids_.uuid(now)};
        asked.members->push_back({who.user, who.role, "", std::nullopt, std::move(fresh)});
    }
    submit(room, std::move(asked));
}

void call_simulation::change_appointment()
{
    auto const room = pick(places_.size());
    if (chance(10))
        submit(room, commands::cancel_appointment{});
    else
        write_appointment(room);
}

void call_simulation::submit(std::size_t room, call::command asked)
{
    service_->submit(places_[room].id, std::move(asked), [this](base::result<call::outcome> got) {
        if (!got) ++counted_.refusals;
    });
}

void call_simulation::run_posted()
{
    while (!posted_.empty()) {
        auto const work = std::move(posted_.front());
        posted_.pop_front();
        work();
    }
}

/// One message of that line, in order; nothing while a command of it waits for its answer.
void call_simulation::server_reads(std::shared_ptr<line> const& wire)
{
    if (wire->up.empty()) return;
    base::session_id at;
    for (auto& [id, s] : sessions_) {
        if (s.wire != wire) continue;
        if (s.answering) return;
        at = id;
    }
    auto const message = std::move(wire->up.front());
    wire->up.pop_front();
    if (message.number > 0) {
        if (at.str().empty()) return; // the session has another socket now, or is no more
        auto& s = sessions_.at(at);
        if (message.number != s.received + 1) fail("a message of a client came twice, or never");
        s.received = message.number;
    }
    message.act(at);
}

void call_simulation::register_tab(tab const& from, std::shared_ptr<line> const& wire)
{
    if (from.session) {
        if (auto const known = sessions_.find(*from.session); known != sessions_.end() && known->second.entered) {
            if (known->second.ring.reaches_back_to(from.last_seq))
                return resume_session(known->first, from.last_seq, wire);
            submit(from.room, commands::forget{known->first});
            sessions_.erase(known);
        }
    }
    begin_session(from, wire);
}

void call_simulation::resume_session(
    base::session_id const& id, std::uint64_t last_seq, std::shared_ptr<line> const& wire)
{
    auto& s = sessions_.at(id);
    if (s.wire) s.wire->down.push_back({downward::kind::bye, 0, 0, {}, nullptr});
    s.wire = wire;
    s.registered = false;
    auto const& who = s.who;
    commands::resume asked{{who.user, who.role, id}, "hash", false};
    service_->submit(places_[s.room].id, asked, [this, id, last_seq, wire](base::result<call::outcome> back) {
        auto const it = sessions_.find(id);
        if (it == sessions_.end() || it->second.wire != wire)
            return wire->down.push_back({downward::kind::refused, 0, 0, {}, nullptr});
        auto& here = it->second;
        if (!back) {
            wire->down.push_back({downward::kind::refused, 0, 0, {}, nullptr});
            here.wire = nullptr;
            return submit(here.room, commands::disconnect{id});
        }
        if (!here.ring.reaches_back_to(last_seq)) { // so much was told while the room was asked
            wire->down.push_back({downward::kind::refused, 0, 0, {}, nullptr});
            here.wire = nullptr;
            return submit(here.room, commands::disconnect{id});
        }
        ++counted_.resumes;
        here.registered = true;
        wire->down.push_back({downward::kind::resumed, 0, here.received, id, nullptr});
        auto number = last_seq;
        for (auto const& text : here.ring.after(last_seq))
            wire->down.push_back({downward::kind::numbered, ++number, 0, {}, text});
    });
}

void call_simulation::begin_session(tab const& from, std::shared_ptr<line> const& wire)
{
    base::session_id const id{"s" + std::to_string(++opened_)};
    auto const& who = places_[from.room].people[from.who];
    session fresh;
    fresh.room = from.room;
    fresh.who = who;
    fresh.wire = wire;
    sessions_.emplace(id, std::move(fresh));
    commands::enter asked{{who.user, who.role, id}, from.instance, "hash", false};
    auto const room = from.room;
    service_->submit(places_[room].id, asked, [this, id, room, wire](base::result<call::outcome> got) {
        auto const it = sessions_.find(id);
        if (it == sessions_.end() || !got) {
            if (it != sessions_.end()) sessions_.erase(it);
            if (got) submit(room, commands::forget{id}); // it went while the room was loading
            return wire->down.push_back({downward::kind::refused, 0, 0, {}, nullptr});
        }
        ++counted_.resets;
        it->second.entered = it->second.registered = true;
        it->second.rev = got->room->rev;
        if (got->room->key != places_[room].id.str()) fail("a snapshot of another room");
        wire->down.push_back({downward::kind::begun, 0, 0, id, nullptr});
    });
}

/// The heartbeat, or the kernel, has found out that the line is dead.
void call_simulation::server_notices(base::session_id const& id)
{
    auto const it = sessions_.find(id);
    if (it == sessions_.end() || !it->second.wire || !it->second.wire->broken) return;
    auto const room = it->second.room;
    if (it->second.entered) {
        it->second.wire = nullptr;
        return submit(room, commands::disconnect{id});
    }
    sessions_.erase(it);
}

void call_simulation::tell(base::session_id const& id, std::string text, std::uint64_t rev)
{
    auto const it = sessions_.find(id);
    if (it == sessions_.end()) return;
    auto& s = it->second;
    auto const shared = std::make_shared<std::string const>(std::move(text));
    s.ring.push(shared, rev);
    if (s.wire && s.registered) s.wire->down.push_back({downward::kind::numbered, s.ring.last_seq(), 0, {}, shared});
}

void call_simulation::ask(base::session_id const& id, std::string const& command, call::command asked)
{
    auto& s = sessions_.at(id);
    s.answering = true;
    service_->submit(places_[s.room].id, std::move(asked), [this, id, command](base::result<call::outcome> got) {
        auto const it = sessions_.find(id);
        if (it == sessions_.end()) return;
        it->second.answering = false;
        if (!got) ++counted_.refusals;
        if (got && got->repeated) ++counted_.repeats;
        if (got && got->call && !store_.room_of.contains(got->call->id))
            fail("answered with a call that is not stored");
        tell(id, "answer " + command);
    });
}

/// Told of a call: it stands in the history, in this room, at least as far as told.
void call_simulation::check_told(session const& to, call::call_record const& call) const
{
    auto const known = store_.room_of.find(call.id);
    if (known == store_.room_of.end()) fail("told of a call before it was stored");
    if (known->second != places_[to.room].id) fail("told of a call of another room");
    auto const& stored = *store_.records.at(known->second).newest;
    if (stored.id == call.id && stored.seats.size() < call.seats.size()) fail("told of a seat before it was stored");
}

void call_simulation::deliver(base::session_id const& to, call::event const& what)
{
    ++counted_.events;
    auto const it = sessions_.find(to);
    if (it == sessions_.end()) return;
    auto& s = it->second;
    auto const rev = call::rev_of(what);
    if (rev > 0 && rev < s.rev) fail("a room event out of order");
    if (rev > 0) s.rev = rev;
    auto const& here = places_[s.room].id;
    if (auto const* e = std::get_if<call::events::active_call>(&what)) {
        check_told(s, e->call);
    } else if (auto const* j = std::get_if<call::events::joiner_connected>(&what)) {
        check_told(s, j->call);
        if (j->offer && *j->offer != here.str()) fail("an offer of another room");
    } else if (auto const* signal = std::get_if<call::events::signal>(&what)) {
        ++counted_.signals;
        if (signal->data->substr(0, signal->data->find(' ')) != here.str()) fail("a signal of another room");
        if (store_.room_of.at(signal->call) != here) fail("a signal of another call");
        return tell(to, "signal " + signal->data->substr(signal->data->find(' ') + 1));
    } else if (auto const* ended = std::get_if<call::events::call_ended>(&what)) {
        auto const& newest = *store_.records.at(here).newest;
        bool const stored = newest.id != ended->call || newest.state == call::call_state::ended;
        if (!stored && service_->backlog_size() == 0) fail("told of an end before it was stored");
    } else if (auto const* changed = std::get_if<call::events::appointment_changed>(&what)) {
        if (changed->appointment.appointment.id != here) fail("an appointment of another room");
    }
    tell(to, "event", rev);
}

void call_simulation::close(base::session_id const& id, call::close_reason why)
{
    auto const it = sessions_.find(id);
    if (it == sessions_.end()) return;
    auto const s = std::move(it->second);
    sessions_.erase(it);
    if (why == call::close_reason::given_up) {
        if (s.wire && s.registered && !s.wire->broken) fail("a session with a socket was given up");
        if (s.wire) s.wire->down.push_back({downward::kind::bye, 0, 0, {}, nullptr});
        return;
    }
    if (s.wire) s.wire->down.push_back({downward::kind::bye, 0, 0, {}, nullptr});
    submit(s.room, commands::forget{id});
}

/// At rest, what a room says is what the history says.
void call_simulation::check_rooms()
{
    if (!store_.idle() || !service_->settled()) return;
    for (auto const& p : places_) {
        auto const& stored = store_.records[p.id];
        if (!stored.appointment || stored.appointment->members.empty()) continue;
        service_->describe(p.id, std::nullopt, [&](base::result<service::room_status> got) {
            // Asking lets time pass in the room; an end that the store would not take is told first.
            if (!got || service_->backlog_size() > 0) return;
            auto const& said = got->newest;
            if (said.has_value() != stored.newest.has_value()) fail("a room and the history disagree on a call");
            if (!said) return;
            auto seats = said->seats;
            for (auto& s : seats) // that a seat has no socket just now is not for the history
                if (s.state == call::seat_state::reconnecting) s.state = call::seat_state::joined;
            if (said->id != stored.newest->id || said->state != stored.newest->state || seats != stored.newest->seats)
                fail("a room and the history disagree on its seats");
            if (call::held_count(*said) > got->view.appointment.members.size()) fail("more seats than people");
        });
    }
}

} // namespace rendezvous::sim
