#include "room_fixture.hpp"

// Sessions that lose their socket and come back, and calls that outlive the process.

namespace rendezvous::call {
namespace {

using base::errc;

std::optional<presence> seen(room_snapshot const& of, std::string const& participant)
{
    for (auto const& p : of.participants)
        if (p.id.str() == participant) return p.presence;
    return std::nullopt;
}

TEST_F(RoomTest, ASessionWithoutSocketIsToldWhatHappens)
{
    talk();
    lose("s-pat");
    EXPECT_EQ(told<events::participant_changed>("s-doc").at(0).change, events::change::reconnecting);
    EXPECT_FALSE(closed("s-pat", close_reason::given_up));
    auto const relayed = room.relay({session_id{"s-doc"}, {}, {}, text("candidate")});
    ASSERT_TRUE(relayed);
    EXPECT_EQ(relayed->to.str(), "s-pat"); // kept for them
    ASSERT_TRUE(end(doc()));
    EXPECT_EQ(told<events::call_ended>("s-pat").size(), 1U);
}

TEST_F(RoomTest, AResumedSessionSitsOnItsSeatAsIfItHadNeverGone)
{
    talk();
    lose("s-pat");
    now = now + milliseconds{5'000};
    ASSERT_TRUE(resume(pat()));
    EXPECT_TRUE(stored.empty());
    auto const back = told<events::participant_changed>("s-doc").at(0);
    EXPECT_EQ(back.change, events::change::back);
    EXPECT_FALSE(back.reset);
    EXPECT_EQ(back.participant.presence, presence::online);
    EXPECT_EQ(outcome.you->order, 1U);
    EXPECT_EQ(seen(*outcome.room, "p-pat"), presence::online);
    EXPECT_TRUE(room.relay({session_id{"s-pat"}, {}, {}, text("answer")}));
    pass(rules.call_grace + milliseconds{1}); // the absence before does not count
    EXPECT_EQ(newest().state, call_state::active);
}

TEST_F(RoomTest, ResumingOnAnotherSocketBeforeTheOldOneIsMissedTellsNobody)
{
    talk();
    ASSERT_TRUE(resume(pat()));
    EXPECT_TRUE(told<events::participant_changed>("s-doc").empty());
}

TEST_F(RoomTest, ASessionThatIsUnknownHereCannotBeResumed)
{
    enter(doc());
    EXPECT_FALSE(resume(pat("s-never")));
    EXPECT_EQ(refusal, errc::not_found);
}

TEST_F(RoomTest, WithAnExpiredTokenASessionResumesOnlyToItsSeat)
{
    enter(doc());
    enter(pat());
    lose("s-pat");
    EXPECT_FALSE(resume(pat(), true));
    EXPECT_EQ(refusal, errc::token_expired);
    ASSERT_TRUE(resume(pat()));
    ASSERT_TRUE(start(pat()));
    lose("s-pat");
    EXPECT_TRUE(resume(pat(), true));
}

TEST_F(RoomTest, ASessionInTheWaitingRoomIsGivenUpAfterTheGrace)
{
    enter(doc());
    enter(pat());
    lose("s-pat");
    pass(rules.grace);
    EXPECT_TRUE(closed("s-pat", close_reason::given_up));
    EXPECT_EQ(told<events::participant_changed>("s-doc").at(0).change, events::change::left);
    EXPECT_FALSE(resume(pat()));
}

TEST_F(RoomTest, TheSessionOfASeatWaitsAsLongAsTheSeat)
{
    talk();
    media_up("s-doc");
    lose("s-pat");
    pass(rules.grace + milliseconds{1});
    EXPECT_FALSE(closed("s-pat", close_reason::given_up));
    EXPECT_TRUE(resume(pat()));
    lose("s-pat");
    pass(rules.kept_call);
    EXPECT_TRUE(closed("s-pat", close_reason::given_up));
}

TEST_F(RoomTest, ANewSessionOfTheSameTabReplacesTheOneThatIsAway)
{
    enter(pat("s1"), "tab");
    lose("s1");
    enter(pat("s2"), "tab");
    EXPECT_TRUE(closed("s1", close_reason::given_up));
}

TEST_F(RoomTest, ASecondTabThatIsAwayIsForgottenWhileTheFirstStays)
{
    enter(pat("s1"), "tab-1");
    enter(pat("s2"), "tab-2");
    pass(milliseconds{0}); // the window has been looked at
    lose("s2");
    EXPECT_EQ(room.until_next(now), rules.grace);
    pass(rules.grace);
    EXPECT_TRUE(closed("s2", close_reason::given_up));
    EXPECT_FALSE(closed("s1", close_reason::given_up));
    lose("s1");
    pass(rules.grace);
    EXPECT_TRUE(room.idle());
}

TEST_F(RoomTest, AForgottenSessionLeavesItsSeatToAnother)
{
    talk();
    forget("s-pat");
    EXPECT_EQ(told<events::participant_changed>("s-doc").at(0).change, events::change::reconnecting);
    EXPECT_EQ(room.relay({session_id{"s-doc"}, {}, {}, text("x")}).error(), errc::peer_absent);
    enter(pat("s2"), "tab-2");
    ASSERT_TRUE(join(pat("s2"), true)); // the page kept its peer connections
    EXPECT_TRUE(told<events::participant_changed>("s-doc").at(0).reset);
    EXPECT_EQ(outcome.order, 1U);
}

TEST_F(RoomTest, OnesOwnSnapshotShowsOneselfHere)
{
    talk();
    forget("s-pat");
    enter(pat("s2"), "tab-2");
    EXPECT_EQ(seen(*outcome.room, "p-pat"), presence::online);
}

TEST_F(RoomTest, AfterARestartPeopleComeBackToTheSameCallAndSeat)
{
    talk();
    auto const before = newest().id;
    now = now + milliseconds{3'000};
    restart();
    enter(doc("s-doc-2"));
    EXPECT_EQ(outcome.room->call->id, before);
    EXPECT_EQ(outcome.you->order, 2U);
    ASSERT_TRUE(join(doc("s-doc-2"), true));
    EXPECT_TRUE(outcome.reattached);
    enter(pat("s-pat-2"));
    ASSERT_TRUE(join(pat("s-pat-2"), true));
    EXPECT_EQ(outcome.order, 1U);
    pass(rules.recovery + rules.call_grace);
    EXPECT_EQ(newest().id, before);
    EXPECT_EQ(newest().state, call_state::active);
}

TEST_F(RoomTest, AfterARestartWhoDoesNotComeBackIsGivenUp)
{
    talk();
    restart();
    enter(doc("s-doc-2"));
    ASSERT_TRUE(join(doc("s-doc-2"), true));
    pass(rules.recovery - milliseconds{1});
    EXPECT_EQ(held_count(newest()), 2U);
    pass(milliseconds{1});
    EXPECT_EQ(held_count(newest()), 1U);
    EXPECT_EQ(newest().state, call_state::active); // the doctor is there
}

TEST_F(RoomTest, MediaThatFlowsKeepsTheSeatAcrossARestartToo)
{
    talk();
    restart();
    enter(doc("s-doc-2"));
    ASSERT_TRUE(join(doc("s-doc-2"), true));
    media_up("s-doc-2");
    pass(rules.recovery + milliseconds{1});
    EXPECT_EQ(held_count(newest()), 2U);
}

TEST_F(RoomTest, ACallNobodyComesBackToIsLostAtItsLastProofOfLife)
{
    talk();
    pass(alive_interval);
    auto const alive = now.utc;
    now = now + milliseconds{600'000};
    restart();
    EXPECT_EQ(newest().state, call_state::active);
    EXPECT_EQ(room.until_next(now), rules.recovery);
    pass(rules.recovery);
    EXPECT_EQ(newest().end_reason, end_reason::lost);
    EXPECT_EQ(newest().ended_at, alive);
    EXPECT_EQ(newest().duration, alive_interval);
}

TEST_F(RoomTest, LeavingAfterARestartLeavesTheCallAndNotTheRoom)
{
    talk();
    restart();
    enter(pat("s-pat-2"));
    ASSERT_TRUE(run(commands::leave{session_id{"s-pat-2"}, newest().id, {}}));
    EXPECT_EQ(held_count(newest()), 1U);
    EXPECT_FALSE(closed("s-pat-2", close_reason::left));
    ASSERT_TRUE(run(commands::leave{session_id{"s-pat-2"}, newest().id, {}})); // once more is nothing more
    EXPECT_FALSE(closed("s-pat-2", close_reason::left));
    ASSERT_TRUE(leave("s-pat-2"));
    EXPECT_TRUE(closed("s-pat-2", close_reason::left));
}

TEST_F(RoomTest, AWaitingCallIsRecoveredAsWell)
{
    enter(pat());
    ASSERT_TRUE(start(pat()));
    restart();
    enter(doc("s-doc-2"));
    EXPECT_EQ(outcome.room->call->state, call_state::waiting);
    enter(pat("s-pat-2"));
    ASSERT_TRUE(join(pat("s-pat-2"), true));
    ASSERT_TRUE(join(doc("s-doc-2")));
    EXPECT_EQ(newest().state, call_state::active);
    EXPECT_EQ(newest().seats.size(), 2U);
}

TEST_F(RoomTest, TheTokenOfASeatIsGoodForItAfterARestart)
{
    talk();
    restart();
    EXPECT_FALSE(run(commands::enter{pat("s2"), "tab", "other-hash", true}));
    EXPECT_TRUE(run(commands::enter{pat("s2"), "tab", "hash", true}));
}

TEST_F(RoomTest, TheLengthOfACallFollowsTheBootClockAcrossARestart)
{
    talk();
    now = now + milliseconds{60'000};
    restart();
    now.utc += milliseconds{3'600'000}; // somebody sets the clock
    enter(doc("s-doc-2"));
    ASSERT_TRUE(join(doc("s-doc-2"), true));
    ASSERT_TRUE(end(doc("s-doc-2")));
    EXPECT_EQ(newest().duration, milliseconds{60'000});
}

} // namespace
} // namespace rendezvous::call
