#include "room_fixture.hpp"

// How an appointment comes to its end: warnings, extensions, overrides, and what became of it.

namespace rendezvous::call {
namespace {

using base::errc;
using std::chrono::hours;
using std::chrono::minutes;

class Outcome : public RoomTest {
protected:
    appointment const& a() const { return *room.record().appointment; }
    attendance const& seen() const { return room.record().attendance; }

    void change(void (*how)(commands::put_appointment&))
    {
        commands::put_appointment asked;
        asked.id = id;
        how(asked);
        put(asked);
    }
    void unpay()
    {
        change([](auto& p) { p.payment = payment_status::unpaid; });
    }
    bool extend(speaker who, milliseconds by, bool admin = false)
    {
        return run(commands::extend_appointment{std::move(who), by, admin});
    }
    bool start_with_reason(speaker who, std::string reason = "The card reader is broken.")
    {
        commands::start_call asked{std::move(who), call_id{"call-" + std::to_string(++calls)}, {}, nullptr};
        asked.override_reason = std::move(reason);
        return run(asked);
    }
    template <class Fact>
    std::vector<Fact> stored_facts() const
    {
        std::vector<Fact> out;
        for (auto const& f : stored)
            if (auto const* one = std::get_if<Fact>(&f)) out.push_back(*one);
        return out;
    }
    std::vector<facts::appointment_judged> judge_at_closing()
    {
        pass(a().closes_at - now.utc);
        return stored_facts<facts::appointment_judged>();
    }
};

// --- warnings ---

TEST_F(Outcome, ThoseInsideAreWarnedOnceBeforeTheEnd)
{
    talk();
    pass(minutes{14});
    EXPECT_TRUE(told<events::appointment_changed>("s-doc").empty());
    EXPECT_EQ(room.until_next(now), milliseconds{15'000}); // proof of life comes first
    pass(minutes{1} + milliseconds{500});
    auto const warned = told<events::appointment_changed>("s-pat");
    ASSERT_EQ(warned.size(), 1U);
    EXPECT_EQ(warned[0].warning, events::warning::end);
    EXPECT_EQ(warned[0].in, minutes{5} - milliseconds{500});
    pass(minutes{1});
    EXPECT_TRUE(told<events::appointment_changed>("s-pat").empty());
}

TEST_F(Outcome, AnEndThatHasBeenMovedIsWarnedOfAgain)
{
    enter(doc());
    pass(minutes{16});
    ASSERT_TRUE(extend(doc(), minutes{30}));
    pass(minutes{4});
    EXPECT_TRUE(told<events::appointment_changed>("s-doc").empty());
    pass(minutes{26});
    ASSERT_EQ(told<events::appointment_changed>("s-doc").size(), 1U);
    EXPECT_EQ(told<events::appointment_changed>("s-doc")[0].warning, events::warning::end);
}

TEST_F(Outcome, AHardEndIsWarnedOfByItself)
{
    change([](auto& p) { p.hard_end = true; });
    talk();
    pass(a().closes_at - minutes{5} - now.utc);
    auto const warned = told<events::appointment_changed>("s-doc");
    ASSERT_FALSE(warned.empty());
    EXPECT_EQ(warned.back().warning, events::warning::hard_end);
    EXPECT_EQ(warned.back().in, minutes{5});
    pass(minutes{5});
    ASSERT_EQ(told<events::call_ended>("s-doc").size(), 1U);
    EXPECT_EQ(told<events::call_ended>("s-doc")[0].reason, end_reason::expired);
}

// --- extend ---

TEST_F(Outcome, StaffMovesTheEndAndTheWindow)
{
    enter(pat());
    auto const before = a();
    ASSERT_TRUE(extend({user_id{"doc"}, role::doctor, {}}, minutes{30}));
    EXPECT_EQ(a().end, before.end + minutes{30});
    EXPECT_EQ(a().closes_at, before.closes_at + minutes{30});
    EXPECT_EQ(a().opens_at, before.opens_at);
    EXPECT_EQ(a().version, before.version + 1);
    EXPECT_EQ(told<events::appointment_changed>("s-pat").at(0).appointment.appointment.end, a().end);
}

TEST_F(Outcome, OnlyStaffExtendsAndNotForEver)
{
    EXPECT_FALSE(extend(pat(), minutes{10}));
    EXPECT_EQ(refusal, errc::forbidden);
    EXPECT_FALSE(extend({user_id{"x"}, role::doctor, {}}, minutes{10}));
    EXPECT_EQ(refusal, errc::not_found);
    EXPECT_TRUE(extend({user_id{"x"}, role::admin, {}}, minutes{10}, true));
    EXPECT_FALSE(extend(doc(), extension_max + milliseconds{1}));
    EXPECT_EQ(refusal, errc::validation);
    EXPECT_FALSE(extend(doc(), milliseconds{0}));
    EXPECT_EQ(refusal, errc::validation);
    now = now + hours{9};
    EXPECT_FALSE(extend(doc(), minutes{10})) << "it would still be over";
    EXPECT_EQ(refusal, errc::outside_window);
    now = now + hours{-9};
    ASSERT_TRUE(run(commands::cancel_appointment{}));
    EXPECT_FALSE(extend(doc(), minutes{10}));
    EXPECT_EQ(refusal, errc::appointment_closed);
}

// --- override ---

TEST_F(Outcome, StaffOpensAnUnpaidDoorWithAReason)
{
    unpay();
    enter(doc());
    enter(pat());
    EXPECT_FALSE(start(doc()));
    EXPECT_EQ(refusal, errc::payment_required);
    ASSERT_TRUE(start_with_reason(doc()));
    auto const why = stored_facts<facts::access_overridden>();
    ASSERT_EQ(why.size(), 1U);
    EXPECT_TRUE(why[0].payment);
    EXPECT_FALSE(why[0].window);
    EXPECT_EQ(why[0].reason, "The card reader is broken.");
    EXPECT_EQ(why[0].by, participant_id{"p-doc"});
    EXPECT_TRUE(newest().overridden);
    EXPECT_TRUE(room.view_for(user_id{"pat"}, now.utc)->can_join);
    EXPECT_TRUE(join(pat())) << "the patient comes through the door that was opened";
}

TEST_F(Outcome, StaffStartsBeforeTheWindowOpensWithAReason)
{
    now.utc -= hours{1};
    enter(doc());
    ASSERT_TRUE(start_with_reason(doc()));
    ASSERT_EQ(stored_facts<facts::access_overridden>().size(), 1U);
    EXPECT_TRUE(stored_facts<facts::access_overridden>()[0].window);
    enter(pat());
    EXPECT_TRUE(join(pat()));
}

TEST_F(Outcome, AnOverrideIsForStaffAndForDoorsThatAreClosed)
{
    unpay();
    enter(doc());
    enter(pat());
    EXPECT_FALSE(start_with_reason(pat()));
    EXPECT_EQ(refusal, errc::payment_required);
    change([](auto& p) { p.payment = payment_status::paid; });
    EXPECT_FALSE(start_with_reason(pat()));
    EXPECT_EQ(refusal, errc::forbidden);
    ASSERT_TRUE(start_with_reason(doc()));
    EXPECT_TRUE(stored_facts<facts::access_overridden>().empty()) << "there was nothing to open";
    EXPECT_FALSE(newest().overridden);
    ASSERT_TRUE(end(doc()));
    pass(a().closes_at - now.utc);
    EXPECT_FALSE(start_with_reason(doc())) << "an end is moved by extending";
    EXPECT_EQ(refusal, errc::outside_window);
}

TEST_F(Outcome, AnotherCallOfTheSameAppointmentAsksAgain)
{
    unpay();
    enter(doc());
    enter(pat());
    ASSERT_TRUE(start_with_reason(doc()));
    ASSERT_TRUE(end(doc()));
    EXPECT_FALSE(start(pat()));
    EXPECT_EQ(refusal, errc::payment_required);
}

// --- what became of it ---

TEST_F(Outcome, WhoMetIsProposedAsFulfilledOnce)
{
    enter(pat());
    pass(minutes{3});
    enter(doc());
    ASSERT_TRUE(start(doc()));
    ASSERT_TRUE(join(pat()));
    ASSERT_TRUE(end(doc()));
    auto const judged = judge_at_closing();
    ASSERT_EQ(judged.size(), 1U);
    EXPECT_EQ(judged[0].verdict, verdict::fulfilled);
    EXPECT_EQ(judged[0].waited, minutes{3});
    EXPECT_EQ(a().status, appointment_status::arrived) << "the booking system owns the status";
    pass(minutes{1});
    EXPECT_TRUE(stored_facts<facts::appointment_judged>().empty());
}

TEST_F(Outcome, APatientWhoNeverCameIsProposedAsNoshow)
{
    enter(doc());
    auto const judged = judge_at_closing();
    ASSERT_EQ(judged.size(), 1U);
    EXPECT_EQ(judged[0].verdict, verdict::noshow);
}

TEST_F(Outcome, WithoutStaffNothingIsProposed)
{
    auto const nobody = judge_at_closing();
    ASSERT_EQ(nobody.size(), 1U);
    EXPECT_FALSE(nobody[0].verdict);
}

TEST_F(Outcome, APatientWhoWaitedInVainIsNoNoshow)
{
    enter(pat());
    enter(doc());
    auto const judged = judge_at_closing();
    ASSERT_EQ(judged.size(), 1U);
    EXPECT_FALSE(judged[0].verdict);
    EXPECT_EQ(judged[0].waited, minutes{80});
}

TEST_F(Outcome, WhatTheBookingSystemSaysIsNotJudged)
{
    enter(doc());
    change([](auto& p) { p.status = appointment_status::fulfilled; });
    auto const judged = judge_at_closing();
    ASSERT_EQ(judged.size(), 1U);
    EXPECT_FALSE(judged[0].verdict);
}

TEST_F(Outcome, StaffWhoCameEarlyHaveComeWhenTheWindowOpens)
{
    now.utc -= hours{2};
    enter(doc());
    EXPECT_FALSE(seen().staff_came_at);
    pass(hours{2} - window_before);
    EXPECT_EQ(seen().staff_came_at, a().opens_at);
}

TEST_F(Outcome, AnActiveCallIsJudgedWhenItEnds)
{
    talk();
    EXPECT_TRUE(judge_at_closing().empty());
    ASSERT_TRUE(end(doc()));
    pass(milliseconds{0});
    ASSERT_EQ(stored_facts<facts::appointment_judged>().size(), 1U);
}

TEST_F(Outcome, AWindowThatMovesIsJudgedAnew)
{
    enter(doc());
    ASSERT_EQ(judge_at_closing().at(0).verdict, verdict::noshow);
    ASSERT_TRUE(extend(doc(), minutes{10}));
    EXPECT_FALSE(seen().judged_at);
    enter(pat());
    EXPECT_FALSE(judge_at_closing().at(0).verdict);
}

TEST_F(Outcome, AnotherDayIsAnotherSitting)
{
    talk();
    ASSERT_TRUE(end(doc()));
    lose("s-doc");
    lose("s-pat");
    commands::put_appointment moved;
    moved.id = id;
    moved.start = now.utc + hours{48};
    moved.end = now.utc + hours{49};
    put(moved);
    EXPECT_EQ(seen(), attendance{});
}

TEST_F(Outcome, ARoomWithSomebodyInItWakesToJudge)
{
    enter(doc());
    pass(minutes{16});
    EXPECT_EQ(room.until_next(now), a().closes_at - now.utc);
    judge_at_closing();
    EXPECT_EQ(room.until_next(now), std::nullopt);
}

TEST_F(Outcome, AnErasedPersonIsForgottenByTheRoomToo)
{
    talk();
    ASSERT_TRUE(end(doc()));
    ASSERT_TRUE(run(commands::forget_person{user_id{"pat"}, user_id{"erased-1"}}));
    EXPECT_TRUE(told_effects.empty());
    EXPECT_EQ(newest().started_by_user, user_id{"erased-1"});
    for (auto const& s : newest().seats) {
        EXPECT_NE(s.user, user_id{"pat"});
        EXPECT_NE(s.name, "Ana");
    }
    EXPECT_EQ(newest().seats.at(1).name, "Dr. Pop") << "nobody else is touched";
}

} // namespace
} // namespace rendezvous::call
