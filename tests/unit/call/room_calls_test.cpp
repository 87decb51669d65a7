#include "room_fixture.hpp"

namespace rendezvous::call {
namespace {

using base::errc;

TEST_F(RoomTest, TheFirstStartMakesACallThatWaits)
{
    enter(doc());
    enter(pat());
    ASSERT_TRUE(start(pat()));
    EXPECT_EQ(newest().state, call_state::waiting);
    EXPECT_EQ(newest().started_by_user, user_id{"pat"});
    EXPECT_EQ(outcome.order, 1U);
    EXPECT_FALSE(outcome.joined_existing);
    ASSERT_EQ(told<events::active_call>("s-doc").size(), 1U);
    EXPECT_TRUE(told<events::active_call>("s-pat").empty());
}

TEST_F(RoomTest, TheSecondStartJoinsTheSameCallAndItsOfferIsRelayed)
{
    enter(doc());
    enter(pat());
    ASSERT_TRUE(start(pat(), text("{\"a\":1}")));
    EXPECT_FALSE(outcome.offer_relayed); // nobody is there to take it
    auto const first = newest().id;
    ASSERT_TRUE(start(doc(), text("{\"b\":2}")));
    EXPECT_EQ(newest().id, first);
    EXPECT_TRUE(outcome.joined_existing);
    EXPECT_TRUE(outcome.offer_relayed);
    EXPECT_EQ(outcome.order, 2U);
    EXPECT_EQ(newest().state, call_state::active);
    auto const news = told<events::joiner_connected>("s-pat");
    ASSERT_EQ(news.size(), 1U);
    EXPECT_EQ(*news[0].offer, "{\"b\":2}");
    EXPECT_EQ(news[0].participant.order, 2U);
    EXPECT_TRUE(told<events::joiner_connected>("s-doc").empty());
}

TEST_F(RoomTest, AnOfferGoesToNobodyWhenSeveralAreInTheCall)
{
    auto three = listing();
    three.members->push_back({user_id{"nurse"}, role::agent, "", {}, participant_id{"p-nurse"}});
    put(three);
    talk();
    speaker const nurse{user_id{"nurse"}, role::agent, session_id{"s-nurse"}};
    enter(nurse);
    ASSERT_TRUE(join(nurse, false, false, text("{}")));
    EXPECT_FALSE(outcome.offer_relayed);
    EXPECT_EQ(told<events::joiner_connected>("s-doc").at(0).offer, nullptr);
    EXPECT_EQ(told<events::joiner_connected>("s-pat").at(0).offer, nullptr);
}

TEST_F(RoomTest, AnOfferIsNotRelayedToASeatWithoutASocket)
{
    enter(doc());
    ASSERT_TRUE(start({user_id{"pat"}, role::patient, {}}));
    ASSERT_TRUE(join(doc(), false, false, text("{}")));
    EXPECT_FALSE(outcome.offer_relayed);
}

TEST_F(RoomTest, StartingTwiceOnTheSameSocketChangesNothing)
{
    enter(pat());
    ASSERT_TRUE(start(pat()));
    auto const before = room.record();
    ASSERT_TRUE(start(pat()));
    EXPECT_TRUE(outcome.joined_existing);
    EXPECT_TRUE(outcome.reattached);
    EXPECT_TRUE(stored.empty());
    EXPECT_EQ(room.record(), before);
}

TEST_F(RoomTest, JoinNeedsACall)
{
    enter(doc());
    EXPECT_FALSE(join(doc()));
    EXPECT_EQ(refusal, errc::no_call);
}

TEST_F(RoomTest, RefusesJoinAfterEnd)
{
    talk();
    auto const ended = newest().id;
    ASSERT_TRUE(end(doc()));
    EXPECT_FALSE(run(commands::join_call{doc(), ended, nullptr, false, false}));
    EXPECT_EQ(refusal, errc::call_ended);
    EXPECT_FALSE(join(doc()));
    EXPECT_EQ(refusal, errc::no_call);
}

TEST_F(RoomTest, AfterTheEndANewCallMayStart)
{
    talk();
    auto const first = newest().id;
    ASSERT_TRUE(end(pat()));
    ASSERT_TRUE(start(doc()));
    EXPECT_NE(newest().id, first);
    EXPECT_EQ(newest().state, call_state::waiting);
}

TEST_F(RoomTest, EndReasonsOfACallThatWasNeverAnswered)
{
    enter(doc());
    enter(pat());
    start(pat());
    ASSERT_TRUE(end(pat()));
    EXPECT_EQ(newest().end_reason, end_reason::cancelled);
    start(pat());
    ASSERT_TRUE(leave("s-pat"));
    EXPECT_EQ(newest().end_reason, end_reason::cancelled);
    start(pat());
    ASSERT_TRUE(end(doc()));
    EXPECT_EQ(newest().end_reason, end_reason::declined);
    EXPECT_EQ(newest().duration.count(), 0);
}

TEST_F(RoomTest, AnAnsweredCallGoesOnUntilTheLastOneLeaves)
{
    talk();
    ASSERT_TRUE(leave("s-pat"));
    EXPECT_EQ(newest().state, call_state::active);
    EXPECT_EQ(told<events::participant_changed>("s-doc").at(0).change, events::change::left);
    ASSERT_TRUE(leave("s-doc"));
    EXPECT_EQ(newest().end_reason, end_reason::completed);
    EXPECT_EQ(told<events::call_ended>("s-pat").size(), 1U);
}

TEST_F(RoomTest, LeavingOutsideACallLeavesTheRoom)
{
    enter(doc());
    enter(pat());
    ASSERT_TRUE(leave("s-pat"));
    EXPECT_TRUE(closed("s-pat", close_reason::left));
    EXPECT_EQ(told<events::participant_changed>("s-doc").at(0).participant.presence, presence::offline);
    EXPECT_EQ(told<events::appointment_changed>("s-doc").at(0).appointment.online, std::vector{user_id{"doc"}});
}

TEST_F(RoomTest, EndingTwiceIsEndingOnce)
{
    talk();
    ASSERT_TRUE(end(doc()));
    ASSERT_TRUE(end(pat()));
    EXPECT_TRUE(stored.empty());
    EXPECT_EQ(outcome.call->end_reason, end_reason::completed);
}

TEST_F(RoomTest, CommandsForAnotherCallDoNothing)
{
    talk();
    auto const before = room.record();
    call_id const other{"another"};
    EXPECT_FALSE(run(commands::end_call{doc(), other, false}));
    EXPECT_EQ(refusal, errc::call_ended);
    EXPECT_FALSE(run(commands::leave{session_id{"s-doc"}, other}));
    EXPECT_EQ(refusal, errc::call_ended);
    EXPECT_EQ(room.relay({session_id{"s-doc"}, {}, other, text("{}")}).error(), make_error_code(errc::call_ended));
    EXPECT_EQ(room.record(), before);
}

TEST_F(RoomTest, DurationIsMeasuredByTheBootClockAndBillingFromTheFirstMedia)
{
    talk();
    now = now + milliseconds{5'000};
    media_up("s-doc");
    now.utc -= std::chrono::hours{1}; // somebody sets the wall clock back
    now = now + milliseconds{60'000};
    ASSERT_TRUE(end(doc()));
    EXPECT_EQ(newest().duration, milliseconds{65'000});
    EXPECT_EQ(newest().billable, milliseconds{60'000});
}

TEST_F(RoomTest, WithoutMediaNothingIsBillable)
{
    talk();
    now = now + milliseconds{60'000};
    ASSERT_TRUE(end(doc()));
    EXPECT_EQ(newest().billable.count(), 0);
}

TEST_F(RoomTest, MediaBeforeTheAnswerDoesNotCount)
{
    enter(pat());
    start(pat());
    media_up("s-pat");
    EXPECT_FALSE(newest().connected_at);
}

TEST_F(RoomTest, AReloadTakesANewSeatWithTheHighestOrder)
{
    talk();
    lose("s-doc");
    enter(doc("s-doc2"), "tab-s-doc");
    ASSERT_TRUE(join(doc("s-doc2")));
    EXPECT_EQ(outcome.order, 3U);
    EXPECT_FALSE(outcome.reattached);
    EXPECT_FALSE(told<events::joiner_connected>("s-pat").at(0).moved);
    EXPECT_EQ(held_count(newest()), 2U);
    EXPECT_EQ(latest_seats(newest()).size(), 2U);
}

TEST_F(RoomTest, APageThatKeptItsPeerConnectionsGetsItsSeatBack)
{
    talk();
    lose("s-doc");
    EXPECT_EQ(told<events::participant_changed>("s-pat").at(0).change, events::change::reconnecting);
    enter(doc("s-doc2"), "tab-s-doc");
    ASSERT_TRUE(join(doc("s-doc2"), true));
    EXPECT_TRUE(stored.empty());
    EXPECT_TRUE(outcome.reattached);
    EXPECT_EQ(outcome.order, 2U);
    auto const news = told<events::participant_changed>("s-pat");
    ASSERT_EQ(news.size(), 1U);
    EXPECT_EQ(news[0].change, events::change::back);
    EXPECT_TRUE(news[0].reset);
    EXPECT_TRUE(told<events::joiner_connected>("s-pat").empty());
}

TEST_F(RoomTest, ASecondDeviceNeedsTakeover)
{
    talk();
    enter(doc("s-phone"));
    EXPECT_FALSE(join(doc("s-phone")));
    EXPECT_EQ(refusal, errc::in_call_elsewhere);
    ASSERT_TRUE(join(doc("s-phone"), false, true, text("{}")));
    EXPECT_TRUE(closed("s-doc", close_reason::taken_over));
    auto const news = told<events::joiner_connected>("s-pat");
    ASSERT_EQ(news.size(), 1U);
    EXPECT_TRUE(news[0].moved);
    EXPECT_TRUE(news[0].offer);
    EXPECT_EQ(held_count(newest()), 2U);
}

TEST_F(RoomTest, TheSameTabNeedsNoTakeover)
{
    talk();
    enter(doc("s-new"), "tab-s-doc"); // the server has not noticed that the old socket is dead
    ASSERT_TRUE(join(doc("s-new"), true));
    EXPECT_TRUE(outcome.reattached);
    EXPECT_EQ(outcome.order, 2U);
}

TEST_F(RoomTest, ARestStartReservesTheSeatForTheSocket)
{
    enter(doc());
    ASSERT_TRUE(start({user_id{"pat"}, role::patient, {}}));
    ASSERT_EQ(told<events::active_call>("s-doc").size(), 1U);
    EXPECT_EQ(told<events::active_call>("s-doc")[0].call.seats[0].state, seat_state::reconnecting);
    enter(pat());
    ASSERT_TRUE(start(pat()));
    EXPECT_EQ(outcome.order, 1U);
    EXPECT_EQ(outcome.call->seats[0].state, seat_state::joined);
    EXPECT_TRUE(stored.empty());
    EXPECT_TRUE(room.relay({session_id{"s-pat"}, {}, {}, text("{}")}).has_error()); // alone
}

TEST_F(RoomTest, AReservedSeatIsGivenUpAfterTheCallGrace)
{
    ASSERT_TRUE(start({user_id{"pat"}, role::patient, {}}));
    pass(rules.call_grace);
    EXPECT_EQ(newest().end_reason, end_reason::lost);
}

TEST_F(RoomTest, RelaysBetweenSeatsOnlyAndSaysWhoseOrderItIs)
{
    talk();
    auto const sent = room.relay({session_id{"s-doc"}, {}, {}, text("{\"candidate\":1}")});
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->to.str(), "s-pat");
    auto const& signal = std::get<events::signal>(sent->event);
    EXPECT_EQ(signal.order, 2U);
    EXPECT_EQ(signal.from.str(), "p-doc");
    EXPECT_EQ(*signal.data, "{\"candidate\":1}");
    lose("s-pat"); // for a while; then for good
    EXPECT_TRUE(room.relay({session_id{"s-doc"}, {}, {}, text("1")}));
    forget("s-pat");
    EXPECT_EQ(room.relay({session_id{"s-doc"}, {}, {}, text("1")}).error(), make_error_code(errc::peer_absent));
}

TEST_F(RoomTest, UnansweredSignalsHaveALimitThatAnAnswerResets)
{
    talk();
    for (unsigned i = 0; i < rules.signals_unanswered_max; ++i)
        ASSERT_TRUE(room.relay({session_id{"s-doc"}, {}, {}, text("1")}));
    EXPECT_EQ(room.relay({session_id{"s-doc"}, {}, {}, text("1")}).error(), make_error_code(errc::too_many_candidates));
    ASSERT_TRUE(room.relay({session_id{"s-pat"}, {}, {}, text("1")}));
    EXPECT_TRUE(room.relay({session_id{"s-doc"}, {}, {}, text("1")}));
}

TEST_F(RoomTest, ACallHoldsNoMoreThanItsCapacity)
{
    auto three = listing();
    three.members->push_back({user_id{"nurse"}, role::agent, "", {}, participant_id{"p-nurse"}});
    three.capacity = 2;
    put(three);
    talk();
    speaker const nurse{user_id{"nurse"}, role::agent, session_id{"s-nurse"}};
    enter(nurse);
    EXPECT_FALSE(join(nurse));
    EXPECT_EQ(refusal, errc::room_full);
}

} // namespace
} // namespace rendezvous::call
