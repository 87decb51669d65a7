#pragma once

#include "rendezvous/call/room.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace rendezvous::call {

/// One room with a doctor and a patient (a guest and a third member where a test wants them),
/// whose facts are stored the moment they are decided.
class RoomTest : public testing::Test {
protected:
    RoomTest() : now{*base::from_rfc3339("2026-11-20T14:00:00Z"), base::boot_time{1'000'000}}, room(id, {}, rules)
    {
        put(listing());
    }

    commands::put_appointment listing()
    {
        commands::put_appointment asked;
        asked.id = id;
        asked.start = now.utc;
        asked.end = now.utc + std::chrono::minutes{20};
        asked.members.emplace();
        asked.members->push_back({user_id{"doc"}, role::doctor, "Dr. Pop", {}, participant_id{"p-doc"}});
        asked.members->push_back({user_id{"pat"}, role::patient, "Ana", {}, participant_id{"p-pat"}});
        return asked;
    }

    void put(commands::put_appointment asked) { ASSERT_TRUE(run(std::move(asked))); }

    /// Decides and commits; false if refused (`refusal` says why).
    bool run(command asked)
    {
        auto const decided = room.decide(asked, now);
        refusal = decided.refusal;
        stored = decided.facts;
        told_effects.clear();
        if (refusal) return false;
        auto told = room.commit(decided, now);
        outcome = std::move(told.outcome);
        told_effects = std::move(told.effects);
        return true;
    }

    speaker doc(std::string const& session = "s-doc") { return {user_id{"doc"}, role::doctor, session_id{session}}; }
    speaker pat(std::string const& session = "s-pat") { return {user_id{"pat"}, role::patient, session_id{session}}; }

    void enter(speaker who, std::string tab = {})
    {
        if (tab.empty()) tab = "tab-" + who.session->str();
        ASSERT_TRUE(run(commands::enter{std::move(who), std::move(tab), "hash", false}));
    }
    bool start(speaker who, opaque offer = nullptr)
    {
        return run(
            commands::start_call{std::move(who), call_id{"call-" + std::to_string(++calls)}, {}, std::move(offer)});
    }
    bool join(speaker who, bool keep = false, bool takeover = false, opaque offer = nullptr)
    {
        return run(commands::join_call{std::move(who), {}, std::move(offer), keep, takeover});
    }
    bool leave(std::string const& session) { return run(commands::leave{session_id{session}, {}}); }
    bool end(speaker who) { return run(commands::end_call{std::move(who), {}, false}); }
    void lose(std::string const& session) { run(commands::disconnect{session_id{session}}); }
    void forget(std::string const& session) { run(commands::forget{session_id{session}}); }
    bool resume(speaker who, bool expired = false) { return run(commands::resume{std::move(who), "hash", expired}); }
    /// The process ends and another one begins with what is stored.
    void restart()
    {
        auto kept = room.record();
        std::destroy_at(&room);
        std::construct_at(&room, id, std::move(kept), rules);
        run(commands::recover{});
    }
    void media_up(std::string const& session)
    {
        run(commands::set_media{session_id{session}, {}, {true, true, false, media_connection::up}});
    }
    void pass(milliseconds span)
    {
        now = now + span;
        run(commands::tick{});
    }
    static opaque text(std::string value) { return std::make_shared<std::string const>(std::move(value)); }

    /// Both in the room, the patient has started, the doctor has joined.
    void talk()
    {
        enter(doc());
        enter(pat());
        ASSERT_TRUE(start(pat()));
        ASSERT_TRUE(join(doc()));
    }

    template <class Event>
    std::vector<Event> told(std::string const& session) const
    {
        std::vector<Event> out;
        for (auto const& e : told_effects)
            if (auto const* t = std::get_if<effects::tell>(&e); t && t->to.str() == session)
                if (auto const* news = std::get_if<Event>(&t->event)) out.push_back(*news);
        return out;
    }
    bool closed(std::string const& session, close_reason why) const
    {
        return std::any_of(told_effects.begin(), told_effects.end(), [&](effect const& e) {
            auto const* c = std::get_if<effects::close>(&e);
            return c && c->session.str() == session && c->reason == why;
        });
    }
    call_record const& newest() const { return *room.record().newest; }

    appointment_id const id{"A-1"};
    room_rules rules;
    instant now;
    call::room room;
    std::optional<base::errc> refusal;
    std::vector<fact> stored;
    std::vector<effect> told_effects;
    call::outcome outcome;
    int calls = 0;
};

} // namespace rendezvous::call
