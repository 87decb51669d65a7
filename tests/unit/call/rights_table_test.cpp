// Who may do what, and when: role x action x state, every cell with its error. The order of the
// checks is that of the contract: member, role of the token, admitted, not cancelled, window, paid,
// then the state of the call (include/rendezvous/call/policy.hpp).

#include "rendezvous/call/policy.hpp"
#include "rendezvous/call/room.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace rendezvous::call {
namespace {

using base::errc;

enum class person {
    patient,
    doctor,
    agent,
    admin,
    guest,          // not admitted yet
    admitted_guest, // judged by the policy alone: nothing admits one here
    unlisted_admin,
    stranger,
    pretender // the patient with the token of a doctor
};

enum class state {
    no_call,
    waiting,  // another has started
    seated,   // active, and this one in it
    unseated, // active, without this one
    full,     // active, and every place taken
    ended,
    early,    // before the window
    late,     // behind the window, no call
    overtime, // behind the window, active without this one
    staying,  // behind the window, active with this one
    unpaid,
    staff_only, // startPolicy staff, no call
    cancelled,
    noshow
};
constexpr std::size_t states = 14;

char const* name_of(person who)
{
    constexpr std::array names{
        "patient", "doctor", "agent", "admin", "guest", "admitted guest", "unlisted admin", "stranger", "pretender"};
    return names[static_cast<std::size_t>(who)];
}

char const* name_of(state s)
{
    constexpr std::array<char const*, states> names{"no call", "waiting", "seated", "unseated", "full", "ended",
        "early", "late", "overtime", "staying", "unpaid", "staff only", "cancelled", "noshow"};
    return names[static_cast<std::size_t>(s)];
}

speaker speaker_for(person who)
{
    session_id const mine{"s-me"};
    switch (who) {
    case person::patient: return {user_id{"pat"}, role::patient, mine};
    case person::doctor: return {user_id{"doc"}, role::doctor, mine};
    case person::agent: return {user_id{"agt"}, role::agent, mine};
    case person::admin: return {user_id{"adm"}, role::admin, mine};
    case person::guest:
    case person::admitted_guest: return {user_id{"aunt"}, role::guest, mine};
    case person::unlisted_admin: return {user_id{"boss"}, role::admin, mine};
    case person::stranger: return {user_id{"x"}, role::doctor, mine};
    case person::pretender: return {user_id{"pat"}, role::doctor, mine};
    }
    return {};
}

/// One room in one state, with one person in it as far as they may be.
class scene {
public:
    scene(person who, state wanted)
        : me(speaker_for(who)),
          now_{*base::from_rfc3339("2026-11-20T14:00:00Z"), base::boot_time{1'000'000}},
          room_(id_, {}, rules_)
    {
        auto listing = list_everybody();
        if (wanted == state::full) listing.capacity = 2;
        if (wanted == state::unpaid) listing.payment = payment_status::unpaid;
        if (wanted == state::staff_only) listing.policy = start_policy::staff;
        must(listing);
        must(commands::enter{host_, "tab-host", "hash", false});
        must(commands::enter{second_, "tab-second", "hash", false});
        ask(commands::enter{me, "tab-me", "hash", false}); // refused to some
        lead_to(wanted);
    }

    /// What becomes of it: `ok`, or why not.
    errc ask(command asked)
    {
        auto const decided = room_.decide(asked, now_);
        if (decided.refusal) return *decided.refusal;
        room_.commit(decided, now_);
        return errc::ok;
    }
    errc relay()
    {
        auto const told = room_.relay({*me.session, {}, {}, std::make_shared<std::string const>("{}")});
        return told ? errc::ok : base::to_errc(told.error());
    }
    errc policy_start(bool admitted)
    {
        return check_start(room_.record(), {me.user, me.token_role, admitted}, rules_, now_.utc).value_or(errc::ok);
    }
    errc policy_join(bool admitted)
    {
        return check_join(room_.record(), {me.user, me.token_role, admitted}, rules_, now_.utc).value_or(errc::ok);
    }

    speaker const me;

private:
    commands::put_appointment list_everybody() const
    {
        commands::put_appointment out;
        out.id = id_;
        out.start = now_.utc;
        out.end = now_.utc + std::chrono::minutes{20};
        out.members.emplace();
        auto const list = [&out](char const* user, role as) {
            out.members->push_back({user_id{user}, as, user, {}, participant_id{std::string("p-") + user}});
        };
        list("pat", role::patient);
        list("doc", role::doctor);
        list("agt", role::agent);
        list("adm", role::admin);
        list("aunt", role::guest);
        list("host", role::doctor);
        return out;
    }
    void must(command asked) { ASSERT_EQ(ask(std::move(asked)), errc::ok); }
    void start() { must(commands::start_call{host_, call_id{"call-1"}, {}, {}, {}}); }
    void answer(speaker const& by) { must(commands::join_call{by, {}, {}, false, false, {}}); }
    /// Two in the call: the host and this person, if they may, else somebody else.
    void talk(bool with_me)
    {
        start();
        auto const joined = with_me && ask(commands::join_call{me, {}, {}, false, false, {}}) == errc::ok;
        if (!joined) answer(second_);
    }
    void move_to(utc_time at) { now_ = now_ + std::chrono::duration_cast<milliseconds>(at - now_.utc); }

    void lead_to(state wanted)
    {
        auto const& a = *room_.record().appointment;
        switch (wanted) {
        case state::no_call:
        case state::unpaid:
        case state::staff_only: return;
        case state::waiting: return start();
        case state::seated: return talk(true);
        case state::unseated:
        case state::full: return talk(false);
        case state::ended: talk(false); return must(commands::end_call{host_, {}, false, {}});
        case state::early: return move_to(a.opens_at - milliseconds{1});
        case state::late: return move_to(a.closes_at);
        case state::overtime: talk(false); return move_to(a.closes_at);
        case state::staying: talk(true); return move_to(a.closes_at);
        case state::cancelled: return must(commands::cancel_appointment{});
        case state::noshow: {
            commands::put_appointment missed;
            missed.id = id_;
            missed.status = appointment_status::noshow;
            return must(missed);
        }
        }
    }

    appointment_id const id_{"A-1"};
    room_rules rules_;
    instant now_;
    call::room room_;
    speaker host_{user_id{"host"}, role::doctor, session_id{"s-host"}};
    /// Never the person of the scene: a second socket for one who is not asked about here.
    speaker second_ = me.user == user_id{"doc"} ? speaker{user_id{"agt"}, role::agent, session_id{"s-second"}}
                                                : speaker{user_id{"doc"}, role::doctor, session_id{"s-second"}};
};

struct line {
    person who;
    std::array<errc, states> expected;
};

constexpr std::array<errc, states> always(errc code)
{
    std::array<errc, states> out{};
    out.fill(code);
    return out;
}

template <class Act>
void expect_table(std::vector<line> const& table, Act act)
{
    for (auto const& [who, expected] : table)
        for (std::size_t i = 0; i < states; ++i) {
            scene s(who, static_cast<state>(i));
            errc const got = act(s);
            EXPECT_EQ(got, expected[i]) << name_of(who) << ", " << name_of(static_cast<state>(i)) << ": "
                                        << make_error_code(got).message();
        }
}

// Names of one width, so that the tables stand in columns.
constexpr errc fine__ = errc::ok;
constexpr errc nocall = errc::no_call;
constexpr errc window = errc::outside_window;
constexpr errc unpaid = errc::payment_required;
constexpr errc closed = errc::appointment_closed;
constexpr errc staff_ = errc::forbidden;
constexpr errc full__ = errc::room_full;
constexpr errc gone__ = errc::not_registered;

// clang-format off
TEST(Rights, ToEnterAreThoseOfMembersInTheirOwnRole)
{
    // Window, payment and cancellation do not matter: the page explains itself.
    expect_table({
        {person::patient,        always(errc::ok)},
        {person::doctor,         always(errc::ok)},
        {person::agent,          always(errc::ok)},
        {person::admin,          always(errc::ok)},
        {person::guest,          always(errc::ok)},
        {person::unlisted_admin, always(errc::not_found)},
        {person::stranger,       always(errc::not_found)},
        {person::pretender,      always(errc::forbidden)},
    }, [](scene& s) {
        auto again = s.me;
        again.session = session_id{"s-again"};
        return s.ask(commands::enter{again, "tab-again", "hash", false});
    });
}

TEST(Rights, ToStart)
{
    expect_table({
        //                        no call waiting seated  unseat. full    ended   early   late    overt.  staying unpaid  staff   cancel. noshow
        {person::patient,        {fine__, fine__, fine__, fine__, full__, fine__, window, window, window, fine__, unpaid, staff_, closed, closed}},
        {person::doctor,         {fine__, fine__, fine__, fine__, full__, fine__, window, window, window, fine__, unpaid, fine__, closed, closed}},
        {person::agent,          {fine__, fine__, fine__, fine__, full__, fine__, window, window, window, fine__, unpaid, fine__, closed, closed}},
        {person::admin,          {fine__, fine__, fine__, fine__, full__, fine__, window, window, window, fine__, unpaid, fine__, closed, closed}},
        {person::guest,          always(errc::not_admitted)},
        {person::unlisted_admin, always(errc::not_found)},
        {person::stranger,       always(errc::not_found)},
        {person::pretender,      always(errc::forbidden)},
    }, [](scene& s) { return s.ask(commands::start_call{s.me, call_id{"call-2"}, {}, {}, {}}); });
}

TEST(Rights, ToJoin)
{
    expect_table({
        //                        no call waiting seated  unseat. full    ended   early   late    overt.  staying unpaid  staff   cancel. noshow
        {person::patient,        {nocall, fine__, fine__, fine__, full__, nocall, window, window, window, fine__, unpaid, nocall, closed, closed}},
        {person::doctor,         {nocall, fine__, fine__, fine__, full__, nocall, window, window, window, fine__, unpaid, nocall, closed, closed}},
        {person::agent,          {nocall, fine__, fine__, fine__, full__, nocall, window, window, window, fine__, unpaid, nocall, closed, closed}},
        {person::admin,          {nocall, fine__, fine__, fine__, full__, nocall, window, window, window, fine__, unpaid, nocall, closed, closed}},
        {person::guest,          always(errc::not_admitted)},
        {person::unlisted_admin, always(errc::not_found)},
        {person::stranger,       always(errc::not_found)},
        {person::pretender,      always(errc::forbidden)},
    }, [](scene& s) { return s.ask(commands::join_call{s.me, {}, {}, false, false, {}}); });
}

/// Keeping a place, or taking it from oneself, opens no door that joining does not.
TEST(Rights, ToJoinAreNotWidenedByKeepOrTakeover)
{
    expect_table({
        //                        no call waiting seated  unseat. full    ended   early   late    overt.  staying unpaid  staff   cancel. noshow
        {person::patient,        {nocall, fine__, fine__, fine__, full__, nocall, window, window, window, fine__, unpaid, nocall, closed, closed}},
        {person::guest,          always(errc::not_admitted)},
        {person::unlisted_admin, always(errc::not_found)},
        {person::stranger,       always(errc::not_found)},
        {person::pretender,      always(errc::forbidden)},
    }, [](scene& s) { return s.ask(commands::join_call{s.me, {}, {}, true, true, {}}); });
}

/// Once admitted, guests are like patients, but never end a call for the others.
TEST(Rights, OfAdmittedGuests)
{
    constexpr std::array<errc, states> starting
        //no call waiting seated  unseat. full    ended   early   late    overt.  staying unpaid  staff   cancel. noshow
        {fine__, fine__, fine__, fine__, full__, fine__, window, window, window, window, unpaid, staff_, closed, closed};
    constexpr std::array<errc, states> joining
        {nocall, fine__, fine__, fine__, full__, nocall, window, window, window, window, unpaid, nocall, closed, closed};
    expect_table({{person::admitted_guest, starting}}, [](scene& s) { return s.policy_start(true); });
    expect_table({{person::admitted_guest, joining}}, [](scene& s) { return s.policy_join(true); });
    // Being let in helps only guests who are listed.
    expect_table({{person::unlisted_admin, always(errc::not_found)}, {person::stranger, always(errc::not_found)},
        {person::pretender, always(errc::forbidden)}}, [](scene& s) { return s.policy_join(true); });
}

TEST(Rights, ToSignalAreThoseOfASeat)
{
    expect_table({
        //                        no call waiting seated  unseat. full    ended   early   late    overt.  staying unpaid  staff   cancel. noshow
        {person::patient,        {nocall, nocall, fine__, nocall, nocall, nocall, nocall, nocall, nocall, fine__, nocall, nocall, gone__, gone__}},
        {person::doctor,         {nocall, nocall, fine__, nocall, nocall, nocall, nocall, nocall, nocall, fine__, nocall, nocall, gone__, gone__}},
        {person::agent,          {nocall, nocall, fine__, nocall, nocall, nocall, nocall, nocall, nocall, fine__, nocall, nocall, gone__, gone__}},
        {person::admin,          {nocall, nocall, fine__, nocall, nocall, nocall, nocall, nocall, nocall, fine__, nocall, nocall, gone__, gone__}},
        {person::guest,          {nocall, nocall, nocall, nocall, nocall, nocall, nocall, nocall, nocall, nocall, nocall, nocall, gone__, gone__}},
        {person::unlisted_admin, always(errc::not_registered)},
        {person::stranger,       always(errc::not_registered)},
        {person::pretender,      always(errc::not_registered)},
    }, [](scene& s) { return s.relay(); });
}

TEST(Rights, ToMediaStateAreThoseOfASeat)
{
    expect_table({
        //                        no call waiting seated  unseat. full    ended   early   late    overt.  staying unpaid  staff   cancel. noshow
        {person::patient,        {nocall, nocall, fine__, nocall, nocall, nocall, nocall, nocall, nocall, fine__, nocall, nocall, gone__, gone__}},
        {person::doctor,         {nocall, nocall, fine__, nocall, nocall, nocall, nocall, nocall, nocall, fine__, nocall, nocall, gone__, gone__}},
        {person::agent,          {nocall, nocall, fine__, nocall, nocall, nocall, nocall, nocall, nocall, fine__, nocall, nocall, gone__, gone__}},
        {person::admin,          {nocall, nocall, fine__, nocall, nocall, nocall, nocall, nocall, nocall, fine__, nocall, nocall, gone__, gone__}},
        {person::guest,          {nocall, nocall, nocall, nocall, nocall, nocall, nocall, nocall, nocall, nocall, nocall, nocall, gone__, gone__}},
        {person::unlisted_admin, always(errc::not_registered)},
        {person::stranger,       always(errc::not_registered)},
        {person::pretender,      always(errc::not_registered)},
    }, [](scene& s) {
        return s.ask(commands::set_media{*s.me.session, {}, {true, true, false, media_connection::up}});
    });
}

TEST(Rights, ToLeaveAreThoseOfWhoeverIsHere)
{
    expect_table({
        //                        no call waiting seated  unseat. full    ended   early   late    overt.  staying unpaid  staff   cancel. noshow
        {person::patient,        {fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, gone__, gone__}},
        {person::doctor,         {fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, gone__, gone__}},
        {person::agent,          {fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, gone__, gone__}},
        {person::admin,          {fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, gone__, gone__}},
        {person::guest,          {fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, fine__, gone__, gone__}},
        {person::unlisted_admin, always(errc::not_registered)},
        {person::stranger,       always(errc::not_registered)},
        {person::pretender,      always(errc::not_registered)},
    }, [](scene& s) { return s.ask(commands::leave{*s.me.session, {}, {}}); });
}

TEST(Rights, ToEndAreThoseOfMembersButGuests)
{
    // Ended twice is ended once; what closes the appointment has ended its call.
    expect_table({
        //                        no call waiting seated  unseat. full    ended   early   late    overt.  staying unpaid  staff   cancel. noshow
        {person::patient,        {nocall, fine__, fine__, fine__, fine__, fine__, nocall, nocall, fine__, fine__, nocall, nocall, nocall, nocall}},
        {person::doctor,         {nocall, fine__, fine__, fine__, fine__, fine__, nocall, nocall, fine__, fine__, nocall, nocall, nocall, nocall}},
        {person::agent,          {nocall, fine__, fine__, fine__, fine__, fine__, nocall, nocall, fine__, fine__, nocall, nocall, nocall, nocall}},
        {person::admin,          {nocall, fine__, fine__, fine__, fine__, fine__, nocall, nocall, fine__, fine__, nocall, nocall, nocall, nocall}},
        {person::guest,          always(errc::forbidden)},
        {person::unlisted_admin, always(errc::not_found)},
        {person::stranger,       always(errc::not_found)},
        {person::pretender,      always(errc::forbidden)},
    }, [](scene& s) { return s.ask(commands::end_call{s.me, {}, false, {}}); });
}

/// What REST asks for an admin who is not listed.
TEST(Rights, ToEndAreThoseOfEveryAdminOverRest)
{
    expect_table({
        //                        no call waiting seated  unseat. full    ended   early   late    overt.  staying unpaid  staff   cancel. noshow
        {person::unlisted_admin, {nocall, fine__, fine__, fine__, fine__, fine__, nocall, nocall, fine__, fine__, nocall, nocall, nocall, nocall}},
    }, [](scene& s) { return s.ask(commands::end_call{s.me, {}, true, {}}); });
}

/// A command that names another call does nothing, whoever sends it.
TEST(Rights, EndWithTheCallTheyWereFor)
{
    call_id const other{"call-0"};
    for (auto const who : {person::patient, person::doctor, person::agent, person::admin}) {
        scene s(who, state::seated);
        EXPECT_EQ(s.ask(commands::join_call{s.me, other, {}, false, false, {}}), errc::call_ended) << name_of(who);
        EXPECT_EQ(s.ask(commands::end_call{s.me, other, false, {}}), errc::call_ended) << name_of(who);
        EXPECT_EQ(s.ask(commands::leave{*s.me.session, other, {}}), errc::call_ended) << name_of(who);
        EXPECT_EQ(s.ask(commands::set_media{*s.me.session, other, {}}), errc::call_ended) << name_of(who);
        EXPECT_EQ(s.relay(), errc::ok) << name_of(who) << ": nothing was done";
    }
}
// clang-format on

} // namespace
} // namespace rendezvous::call
