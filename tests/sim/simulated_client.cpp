#include "call_simulation.hpp"

#include <algorithm>

// The clients' half: tabs that count, confirm, resume and send again.

namespace rendezvous::sim {
namespace {

namespace commands = call::commands;

constexpr std::size_t tabs_max = 12;

} // namespace

void call_simulation::open_tab()
{
    if (tabs_.size() >= tabs_max) return;
    auto t = std::make_unique<tab>();
    t->room = pick(places_.size());
    t->who = pick(places_[t->room].people.size());
    t->instance = "tab-" + std::to_string(++opened_);
    tabs_.push_back(std::move(t));
    connect(*tabs_.back());
}

void call_simulation::connect(tab& t)
{
    auto const wire = std::make_shared<line>();
    tab claims;
    claims.room = t.room;
    claims.who = t.who;
    claims.instance = t.instance;
    claims.session = t.session;
    claims.last_seq = t.last_seq;
    auto const share = std::make_shared<tab>(std::move(claims));
    wire->up.push_back({0, {},
        [this, share, weak = std::weak_ptr(wire)](base::session_id const&) { register_tab(*share, weak.lock()); }});
    t.wire = wire;
    t.registered = false;
    lines_.push_back(wire);
}

/// Some of what was on its way up arrives all the same; nothing of what was on its way down does.
void call_simulation::cut(tab& t)
{
    t.wire->broken = true;
    t.wire->up.resize(pick(t.wire->up.size() + 1));
    t.wire = nullptr;
    t.registered = false;
}

void call_simulation::send(tab& t, std::string id, std::function<void(base::session_id const&)> act)
{
    upward message{++t.sent, std::move(id), std::move(act)};
    t.unconfirmed.push_back(message);
    auto const same = [&](upward const& m) { return m.id == message.id; };
    bool const known = std::any_of(t.unanswered.begin(), t.unanswered.end(), same);
    if (!message.id.empty() && !known) t.unanswered.push_back(message);
    t.wire->up.push_back(std::move(message));
}

void call_simulation::act(tab& t)
{
    if (!t.wire) return chance(70) ? connect(t) : void();
    if (chance(1)) return cut(t);
    if (chance(1) && chance(30)) { // a second connection while the first still lives
        auto const old = t.wire;
        connect(t);
        return;
    }
    if (!t.registered) return;
    auto const& p = places_[t.room].people[t.who];
    auto const room = places_[t.room].id.str();
    auto const offer = chance(50) ? std::make_shared<std::string const>(room) : nullptr;
    auto const speaker = [p](base::session_id const& s) { return call::speaker{p.user, p.role, s}; };
    auto const id = "c" + std::to_string(++commands_);
    call::command_key const key{t.instance + id, id};
    auto const what = pick(100);
    if (what < 20) {
        send(t, id, [this, id, key, offer, speaker](auto const& s) {
            base::call_id fresh{ids_.uuid(clock_.now().utc)};
            ask(s, id, commands::start_call{speaker(s), std::move(fresh), {}, offer, key});
        });
    } else if (what < 40) {
        bool const keep = chance(30), takeover = chance(30);
        send(t, id, [this, id, key, offer, keep, takeover, speaker](auto const& s) {
            ask(s, id, commands::join_call{speaker(s), {}, offer, keep, takeover, key});
        });
    } else if (what < 45) { // over REST
        base::call_id fresh{ids_.uuid(clock_.now().utc)};
        submit(t.room, commands::start_call{{p.user, p.role, {}}, std::move(fresh), {}, nullptr});
    } else if (what < 75) {
        auto const tag = std::make_shared<std::string const>(room + " " + std::to_string(++signals_sent_));
        send(t, {}, [this, tag, at = t.room](auto const& s) {
            if (service_->relay(places_[at].id, {s, {}, {}, tag}) != base::errc::ok) tell(s, "refused");
        });
    } else if (what < 83) {
        auto const connection = chance(70) ? call::media_connection::up : call::media_connection::down;
        call::media_state const media{chance(50), chance(50), false, connection};
        send(t, {}, [this, media, at = t.room](auto const& s) { submit(at, commands::set_media{s, {}, media}); });
    } else if (what < 87) {
        send(t, id, [this, id, key](auto const& s) { ask(s, id, commands::leave{s, {}, key}); });
    } else if (what < 90) {
        send(t, id, [this, id, key, speaker](auto const& s) {
            ask(s, id, commands::end_call{speaker(s), {}, false, key});
        });
    } else if (what < 95 && !t.unanswered.empty()) { // impatience: the same command once more
        auto const& again = t.unanswered[pick(t.unanswered.size())];
        send(t, again.id, again.act);
    } else {
        t.wire->up.push_back({0, {}, [this, seq = t.last_seq](auto const& s) {
                                  if (auto const it = sessions_.find(s); it != sessions_.end())
                                      it->second.ring.confirm(seq);
                              }});
    }
}

void call_simulation::client_reads(tab& t)
{
    if (!t.wire || t.wire->down.empty()) return;
    auto const message = std::move(t.wire->down.front());
    t.wire->down.pop_front();
    switch (message.what) {
    case downward::kind::resumed:
    case downward::kind::begun: return on_registered(t, message);
    case downward::kind::numbered: return on_numbered(t, message);
    case downward::kind::refused:
    case downward::kind::bye: // a person opens the page anew, some day
        cut(t);
        t.session.reset();
        t.unconfirmed.clear();
        t.unanswered.clear();
        t.last_seq = t.sent = 0;
        t.instance = "tab-" + std::to_string(++opened_);
    }
}

void call_simulation::on_registered(tab& t, downward const& message)
{
    std::vector<upward> again;
    if (message.what == downward::kind::resumed) {
        if (t.session != message.session) fail("another session was resumed");
        while (!t.unconfirmed.empty() && t.unconfirmed.front().number <= message.received) t.unconfirmed.pop_front();
        again.assign(t.unconfirmed.begin(), t.unconfirmed.end());
    } else {
        t.session = message.session;
        t.last_seq = t.sent = 0;
        t.unconfirmed.clear();
        for (auto& command : t.unanswered) {
            command.number = ++t.sent;
            t.unconfirmed.push_back(command);
        }
        again = t.unanswered;
    }
    t.registered = true;
    for (auto& each : again) t.wire->up.push_back(std::move(each));
}

/// Each numbered message comes once and in turn, whatever happened to the lines meanwhile.
void call_simulation::on_numbered(tab& t, downward const& message)
{
    if (message.number != t.last_seq + 1) fail("a message of the server came twice, or never");
    t.last_seq = message.number;
    auto const& text = *message.text;
    if (text.starts_with("answer ")) {
        std::erase_if(t.unanswered, [&](upward const& m) { return m.id == text.substr(7); });
    } else if (text.starts_with("signal ")) {
        if (!t.signals_seen.insert(std::stoull(text.substr(7))).second) fail("a signal came twice");
        if (t.signals_seen.size() > 1'000) t.signals_seen.erase(t.signals_seen.begin());
    }
}

} // namespace rendezvous::sim
