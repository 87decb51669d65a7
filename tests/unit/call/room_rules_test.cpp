#include "room_fixture.hpp"

namespace rendezvous::call {
namespace {

using base::errc;

TEST_F(RoomTest, StrangersLearnNothing)
{
    speaker const stranger{user_id{"x"}, role::doctor, session_id{"s-x"}};
    EXPECT_FALSE(run(commands::enter{stranger, "tab", "h", false}));
    EXPECT_EQ(refusal, errc::not_found);
    EXPECT_FALSE(start(stranger));
    EXPECT_EQ(refusal, errc::not_found);
    EXPECT_FALSE(end(stranger));
    EXPECT_EQ(refusal, errc::not_found);
}

TEST_F(RoomTest, TheRoleOfTheTokenMustBeThatOfTheMembership)
{
    speaker const pretender{user_id{"pat"}, role::doctor, session_id{"s"}};
    EXPECT_FALSE(run(commands::enter{pretender, "tab", "h", false}));
    EXPECT_EQ(refusal, errc::forbidden);
    EXPECT_FALSE(start(pretender));
    EXPECT_EQ(refusal, errc::forbidden);
}

TEST_F(RoomTest, ThePatientArrivesByEntering)
{
    enter(doc());
    EXPECT_EQ(room.record().appointment->status, appointment_status::booked);
    enter(pat());
    EXPECT_EQ(room.record().appointment->status, appointment_status::arrived);
    EXPECT_EQ(
        told<events::appointment_changed>("s-doc").back().appointment.appointment.status, appointment_status::arrived);
    EXPECT_TRUE(told<events::appointment_changed>("s-pat").empty()); // has it in the snapshot
}

TEST_F(RoomTest, OutsideTheWindowOneMayWaitButNotStart)
{
    now.utc -= std::chrono::hours{2};
    enter(pat());
    EXPECT_FALSE(outcome.room->appointment.can_start);
    EXPECT_EQ(outcome.room->appointment.reason, errc::outside_window);
    EXPECT_FALSE(start(pat()));
    EXPECT_EQ(refusal, errc::outside_window);
}

TEST_F(RoomTest, TheWindowOpeningIsTold)
{
    now.utc -= std::chrono::hours{2};
    enter(pat());
    pass(milliseconds{0});
    pass(std::chrono::hours{2} - window_before);
    auto const news = told<events::appointment_changed>("s-pat");
    ASSERT_EQ(news.size(), 1U);
    EXPECT_TRUE(news[0].appointment.can_start);
}

TEST_F(RoomTest, AnUnpaidAppointmentIsUnlockedLive)
{
    auto unpaid = listing();
    unpaid.payment = payment_status::unpaid;
    put(unpaid);
    enter(pat());
    EXPECT_FALSE(start(pat()));
    EXPECT_EQ(refusal, errc::payment_required);
    commands::put_appointment paid;
    paid.id = id;
    paid.payment = payment_status::paid;
    put(paid);
    EXPECT_TRUE(told<events::appointment_changed>("s-pat").at(0).appointment.can_start);
    EXPECT_TRUE(start(pat()));
}

TEST_F(RoomTest, WhoHoldsASeatReturnsWithoutWindowOrPayment)
{
    talk();
    commands::put_appointment unpaid;
    unpaid.id = id;
    unpaid.payment = payment_status::unpaid;
    put(unpaid);
    lose("s-pat");
    enter(pat("s-pat2"), "tab-s-pat");
    EXPECT_TRUE(join(pat("s-pat2")));
}

TEST_F(RoomTest, OnlyStaffStartsWhereThePolicySaysSo)
{
    auto staffed = listing();
    staffed.policy = start_policy::staff;
    put(staffed);
    enter(pat());
    enter(doc());
    EXPECT_FALSE(start(pat()));
    EXPECT_EQ(refusal, errc::forbidden);
    ASSERT_TRUE(start(doc()));
    EXPECT_TRUE(start(pat())); // now it is joining
}

TEST_F(RoomTest, GuestsWaitUntilTheyAreLetIn)
{
    auto with_guest = listing();
    with_guest.members->push_back({user_id{"aunt"}, role::guest, "Aunt", {}, participant_id{"p-aunt"}});
    put(with_guest);
    enter(pat());
    enter(doc());
    speaker const aunt{user_id{"aunt"}, role::guest, session_id{"s-aunt"}};
    enter(aunt);
    EXPECT_FALSE(outcome.you->admitted);
    ASSERT_EQ(outcome.room->participants.size(), 2U); // the doctor and herself
    EXPECT_FALSE(start(aunt));
    EXPECT_EQ(refusal, errc::not_admitted);
    ASSERT_TRUE(start(pat()));
    EXPECT_TRUE(told<events::active_call>("s-aunt").empty());
    EXPECT_FALSE(end(aunt));
    EXPECT_EQ(refusal, errc::forbidden);
}

TEST_F(RoomTest, CancellingEndsTheCallAndClosesTheRoom)
{
    talk();
    ASSERT_TRUE(run(commands::cancel_appointment{}));
    EXPECT_EQ(newest().end_reason, end_reason::cancelled);
    EXPECT_EQ(told<events::call_ended>("s-doc").size(), 1U);
    EXPECT_TRUE(closed("s-doc", close_reason::appointment_closed));
    EXPECT_TRUE(closed("s-pat", close_reason::appointment_closed));
    EXPECT_FALSE(start({user_id{"doc"}, role::doctor, {}}));
    EXPECT_EQ(refusal, errc::appointment_closed);
}

TEST_F(RoomTest, APersonTakenOffLosesSeatAndSocket)
{
    talk();
    auto without = listing();
    without.members->pop_back();
    put(without);
    EXPECT_TRUE(closed("s-pat", close_reason::removed));
    EXPECT_EQ(held_count(newest()), 1U);
    EXPECT_EQ(newest().state, call_state::active);
    EXPECT_EQ(told<events::participant_changed>("s-doc").at(0).change, events::change::removed);
}

TEST_F(RoomTest, PutKeepsParticipantIdsAndCountsVersions)
{
    EXPECT_EQ(room.record().appointment->version, 1U);
    auto again = listing();
    again.members->at(1).fresh_id = participant_id{"p-other"};
    put(again);
    EXPECT_EQ(room.record().appointment->version, 1U); // nothing has changed
    commands::put_appointment moved;
    moved.id = id;
    moved.end = now.utc + std::chrono::minutes{40};
    moved.if_version = 7;
    EXPECT_FALSE(run(moved));
    EXPECT_EQ(refusal, errc::version_mismatch);
    moved.if_version = 1;
    put(moved);
    EXPECT_EQ(room.record().appointment->version, 2U);
    EXPECT_EQ(room.record().appointment->closes_at, *moved.end + window_after);
    EXPECT_EQ(room.record().appointment->members[1].id.str(), "p-pat");
}

TEST_F(RoomTest, ImpossibleAppointmentsAreRefused)
{
    auto backwards = listing();
    backwards.end = *backwards.start - milliseconds{1};
    EXPECT_FALSE(run(backwards));
    EXPECT_EQ(refusal, errc::validation);
    auto twice = listing();
    twice.members->push_back(twice.members->front());
    EXPECT_FALSE(run(twice));
    auto crowd = listing();
    for (int i = 0; i < 5; ++i)
        crowd.members->push_back({user_id{"g" + std::to_string(i)}, role::guest, "", {}, participant_id{"g"}});
    EXPECT_FALSE(run(crowd));
}

TEST_F(RoomTest, ASeatIsGivenUpAfterTheCallGraceAndTheLastLossEndsTheCall)
{
    talk();
    lose("s-pat");
    pass(rules.call_grace - milliseconds{1});
    EXPECT_EQ(held_count(newest()), 2U);
    pass(milliseconds{1});
    EXPECT_EQ(held_count(newest()), 1U);
    EXPECT_EQ(newest().state, call_state::active);
    lose("s-doc");
    pass(rules.call_grace);
    EXPECT_EQ(newest().end_reason, end_reason::lost);
}

TEST_F(RoomTest, WhileMediaFlowsWithoutUsTheSeatIsKept)
{
    talk();
    media_up("s-doc");
    lose("s-pat");
    pass(rules.call_grace * 3);
    EXPECT_EQ(held_count(newest()), 2U);
    pass(rules.kept_call);
    EXPECT_EQ(held_count(newest()), 1U);
}

TEST_F(RoomTest, AWaitingCallOutlivesItsStartersAbsenceForAWhile)
{
    enter(pat());
    start(pat());
    lose("s-pat");
    pass(rules.starter_grace - milliseconds{1});
    EXPECT_EQ(newest().state, call_state::waiting);
    pass(milliseconds{1});
    EXPECT_EQ(newest().end_reason, end_reason::lost);
}

TEST_F(RoomTest, AWaitingCallExpiresWithTheWindow)
{
    enter(pat());
    start(pat());
    pass(room.record().appointment->closes_at - now.utc);
    EXPECT_EQ(newest().end_reason, end_reason::expired);
}

TEST_F(RoomTest, AnActiveCallOutlivesTheWindowWhileStaffIsInside)
{
    talk();
    pass(room.record().appointment->closes_at - now.utc);
    EXPECT_EQ(newest().state, call_state::active);
    leave("s-doc");
    pass(milliseconds{0});
    EXPECT_EQ(newest().end_reason, end_reason::expired);
}

TEST_F(RoomTest, AHardEndAndFourHoursEndEveryCall)
{
    talk();
    pass(room.record().appointment->closes_at - now.utc + overtime_max);
    EXPECT_EQ(newest().end_reason, end_reason::expired);
    auto later = listing();
    later.hard_end = true;
    put(later);
    ASSERT_TRUE(start(pat()));
    ASSERT_TRUE(join(doc()));
    pass(room.record().appointment->closes_at - now.utc);
    EXPECT_EQ(newest().end_reason, end_reason::expired);
}

TEST_F(RoomTest, AnExpiredTokenOnlyBringsBackToItsOwnSeat)
{
    talk();
    lose("s-pat");
    EXPECT_FALSE(run(commands::enter{pat("s2"), "tab", "other-hash", true}));
    EXPECT_EQ(refusal, errc::token_expired);
    EXPECT_TRUE(run(commands::enter{pat("s2"), "tab", "hash", true}));
}

TEST_F(RoomTest, ARoomIsForgottenWhenNobodyIsLeft)
{
    enter(pat());
    EXPECT_FALSE(room.idle());
    lose("s-pat");
    EXPECT_FALSE(room.idle()); // the place in the waiting room is kept
    EXPECT_EQ(room.until_next(now), rules.grace);
    pass(rules.grace);
    EXPECT_TRUE(room.idle());
    EXPECT_FALSE(room.until_next(now));
}

TEST_F(RoomTest, QualityIsTakenEveryTwoSeconds)
{
    talk();
    commands::sample_quality const sample{session_id{"s-doc"}, {}, 80.0, 0.01, {}, {}, "host"};
    EXPECT_TRUE(run(sample));
    EXPECT_EQ(stored.size(), 1U);
    EXPECT_FALSE(run(sample));
    EXPECT_EQ(refusal, errc::rate_limited);
    now = now + milliseconds{2'000};
    EXPECT_TRUE(run(sample));
}

TEST_F(RoomTest, MediaStateIsToldOnceAndOnlyFromTheSeat)
{
    talk();
    media_up("s-doc");
    EXPECT_EQ(told<events::participant_changed>("s-pat").at(0).participant.media.connection, media_connection::up);
    media_up("s-doc");
    EXPECT_TRUE(told<events::participant_changed>("s-pat").empty());
    enter(doc("s-other"));
    EXPECT_FALSE(run(commands::set_media{session_id{"s-other"}, {}, {}}));
    EXPECT_EQ(refusal, errc::no_call);
}

} // namespace
} // namespace rendezvous::call
