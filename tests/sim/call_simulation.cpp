#include "call_simulation.hpp"

#include <stdexcept>

namespace rendezvous::sim {
namespace {

using base::milliseconds;
namespace commands = call::commands;

constexpr std::size_t rooms = 3;
constexpr std::size_t sockets_max = 24;
constexpr milliseconds day{24 * 3'600'000};

base::utc_time const start_of_time = *base::from_rfc3339("2026-11-20T08:00:00Z");

} // namespace

call_simulation::call_simulation(std::uint64_t seed)
    : random_(seed),
      ids_(seed),
      clock_(start_of_time),
      service_({store_, store_, *this, clock_, [this](auto work) { posted_.push_back(std::move(work)); },
                   [](auto const&, auto const&) {}, [](auto) {}},
          rules_, limits_)
{
    limits_.starts_per_minute = 1'000;
    for (std::size_t i = 0; i < rooms; ++i) {
        place p{base::appointment_id{"room-" + std::to_string(i)}, {}};
        auto const count = 2 + pick(base::limits::participants_max - 1);
        for (std::size_t k = 0; k < count; ++k) {
            auto const role = k == 0   ? call::role::doctor
                              : k == 1 ? call::role::patient
                                       : static_cast<call::role>(pick(4));
            p.people.push_back({base::user_id{"u" + std::to_string(i) + "-" + std::to_string(k)}, role});
        }
        places_.push_back(std::move(p));
        write_appointment(i);
    }
}

void call_simulation::fail(std::string const& what) const
{
    throw std::logic_error(what);
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

void call_simulation::submit(std::size_t room, call::command asked)
{
    service_.submit(places_[room].id, std::move(asked), [this](base::result<call::outcome> got) {
        if (!got) ++refusals_;
    });
}

void call_simulation::step()
{
    auto const what = pick(100);
    if (what < 12)
        open_socket();
    else if (what < 62 && !sockets_.empty())
        act(std::next(sockets_.begin(), static_cast<long>(pick(sockets_.size())))->first);
    else if (what < 64)
        change_appointment();
    else if (what < 72)
        clock_.advance(milliseconds{static_cast<long>(pick(chance(5) ? 3'600'000 : 20'000))});
    else if (what == 72)
        clock_.step_wall(milliseconds{static_cast<long>(pick(4'000)) - 2'000});
    else if (what == 73)
        store_.set_failing(chance(20));
    else
        store_.answer_one();
    service_.on_time();
    run_posted();
    check_rooms();
}

void call_simulation::run_posted()
{
    while (!posted_.empty()) {
        auto const work = std::move(posted_.front());
        posted_.pop_front();
        work();
    }
}

void call_simulation::open_socket()
{
    if (sockets_.size() >= sockets_max) return;
    socket s;
    s.room = pick(rooms);
    s.who = places_[s.room].people[pick(places_[s.room].people.size())];
    s.instance = "tab-" + std::to_string(pick(3));
    base::session_id const id{"s" + std::to_string(++opened_)};
    sockets_[id] = s;
    commands::enter asked{{s.who.user, s.who.role, id}, s.instance, "hash", false};
    service_.submit(places_[s.room].id, asked, [this, id](base::result<call::outcome> got) {
        auto const it = sockets_.find(id);
        if (it == sockets_.end()) { // it went while the room was loading
            if (got) submit(static_cast<std::size_t>(got->room->key.back() - '0'), commands::disconnect{id});
            return;
        }
        if (!got) return void(sockets_.erase(it));
        it->second.entered = true;
        it->second.rev = got->room->rev;
        if (got->room->key != places_[it->second.room].id.str()) fail("a snapshot of another room");
    });
}

void call_simulation::close_socket(base::session_id id)
{
    auto const it = sockets_.find(id);
    if (it == sockets_.end()) return;
    auto const s = it->second;
    sockets_.erase(it);
    if (s.entered) submit(s.room, commands::disconnect{id});
}

void call_simulation::act(base::session_id const& id)
{
    auto const s = sockets_.at(id);
    if (s.closed) return close_socket(id);
    if (!s.entered) return chance(10) ? close_socket(id) : void();
    call::speaker const who{s.who.user, s.who.role, id};
    auto const offer = chance(50) ? std::make_shared<std::string const>(places_[s.room].id.str()) : nullptr;
    auto const what = pick(100);
    if (what < 20)
        submit(s.room, commands::start_call{who, base::call_id{ids_.uuid(clock_.now().utc)}, {}, offer});
    else if (what < 40)
        submit(s.room, commands::join_call{who, {}, offer, chance(30), chance(30)});
    else if (what < 45)
        submit(s.room, commands::start_call{
                           {who.user, who.token_role, {}}, base::call_id{ids_.uuid(clock_.now().utc)}, {}, nullptr});
    else if (what < 50)
        submit(s.room, commands::join_call{{who.user, who.token_role, {}}, {}, nullptr, false, false});
    else if (what < 75) {
        auto const tag = std::make_shared<std::string const>(places_[s.room].id.str());
        if (service_.relay(places_[s.room].id, {id, {}, {}, tag}) != base::errc::ok) ++refusals_;
    } else if (what < 83) {
        auto const connection = chance(70) ? call::media_connection::up : call::media_connection::down;
        submit(s.room, commands::set_media{id, {}, {chance(50), chance(50), false, connection}});
    } else if (what < 89)
        submit(s.room, commands::leave{id, {}});
    else if (what < 92)
        submit(s.room, commands::end_call{who, {}, false});
    else
        close_socket(id);
}

void call_simulation::change_appointment()
{
    auto const room = pick(rooms);
    if (chance(10))
        submit(room, commands::cancel_appointment{});
    else
        write_appointment(room);
}

/// Told of a call: it stands in the history, in this room, at least as far as told.
void call_simulation::check_told(socket const& to, call::call_record const& call) const
{
    auto const known = store_.room_of.find(call.id);
    if (known == store_.room_of.end()) fail("told of a call before it was stored");
    if (known->second != places_[to.room].id) fail("told of a call of another room");
    auto const& stored = *store_.records.at(known->second).newest;
    if (stored.id == call.id && stored.seats.size() < call.seats.size()) fail("told of a seat before it was stored");
}

void call_simulation::deliver(base::session_id const& to, call::event const& what)
{
    ++events_told_;
    auto const it = sockets_.find(to);
    if (it == sockets_.end()) return;
    auto& s = it->second;
    auto const in_order = [&](std::uint64_t rev) {
        if (rev < s.rev) fail("a room event out of order");
        s.rev = rev;
    };
    if (auto const* e = std::get_if<call::events::active_call>(&what)) {
        in_order(e->rev);
        check_told(s, e->call);
    } else if (auto const* j = std::get_if<call::events::joiner_connected>(&what)) {
        in_order(j->rev);
        check_told(s, j->call);
        if (j->offer && *j->offer != places_[s.room].id.str()) fail("an offer of another room");
    } else if (auto const* signal = std::get_if<call::events::signal>(&what)) {
        ++signals_told_;
        if (*signal->data != places_[s.room].id.str()) fail("a signal of another room");
        if (store_.room_of.at(signal->call) != places_[s.room].id) fail("a signal of another call");
    } else if (auto const* ended = std::get_if<call::events::call_ended>(&what)) {
        in_order(ended->rev);
        auto const& newest = *store_.records.at(places_[s.room].id).newest;
        bool const stored = newest.id != ended->call || newest.state == call::call_state::ended;
        if (!stored && service_.backlog_size() == 0) fail("told of an end before it was stored");
    } else if (auto const* changed = std::get_if<call::events::appointment_changed>(&what)) {
        in_order(changed->rev);
        if (changed->appointment.appointment.id != places_[s.room].id) fail("an appointment of another room");
    }
}

void call_simulation::close(base::session_id const& session, call::close_reason)
{
    if (auto const it = sockets_.find(session); it != sockets_.end()) it->second.closed = true;
}

/// At rest, what a room says is what the history says.
void call_simulation::check_rooms()
{
    if (!store_.idle() || !service_.settled()) return;
    for (auto const& p : places_) {
        auto const& stored = store_.records[p.id];
        if (!stored.appointment || stored.appointment->members.empty()) continue;
        service_.describe(p.id, std::nullopt, [&](base::result<service::room_status> got) {
            // Asking lets time pass in the room; an end that the store would not take is told first.
            if (!got || service_.backlog_size() > 0) return;
            auto const& said = got->newest;
            if (said.has_value() != stored.newest.has_value()) return fail("a room and the history disagree on a call");
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

void call_simulation::finish()
{
    store_.set_failing(false);
    while (!sockets_.empty()) close_socket(sockets_.begin()->first);
    for (int round = 0; round < 400; ++round) {
        clock_.advance(milliseconds{day / 200});
        service_.on_time();
        for (run_posted(); !store_.idle(); run_posted()) store_.answer_one();
    }
    check_rooms(); // loads the rooms once more
    for (run_posted(); !store_.idle(); run_posted()) store_.answer_one();
    if (!service_.settled()) fail("something was never stored");
    if (service_.room_count() != 0) fail("a room is never forgotten");
    if (store_.calls_started != store_.calls_ended) fail("a call never ends");
}

} // namespace rendezvous::sim
