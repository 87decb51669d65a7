#include "room_fixture.hpp"

// Commands that come again because their answer was lost.

namespace rendezvous::call {
namespace {

using base::errc;

class RepeatTest : public RoomTest {
protected:
    static command_key key(std::string name, std::string content = "c")
    {
        return {std::move(name), std::move(content)};
    }
    bool start_as(speaker who, command_key k)
    {
        return run(commands::start_call{std::move(who), call_id{"call-" + std::to_string(++calls)}, {}, {}, k});
    }
    bool join_as(speaker who, command_key k, opaque offer = nullptr)
    {
        return run(commands::join_call{std::move(who), {}, std::move(offer), false, false, k});
    }
    template <class Fact>
    bool has_stored() const
    {
        return std::any_of(stored.begin(), stored.end(), [](fact const& f) { return std::holds_alternative<Fact>(f); });
    }
};

TEST_F(RepeatTest, ACommandIsStoredTogetherWithWhatItDid)
{
    enter(pat());
    ASSERT_TRUE(start_as(pat(), key("1")));
    EXPECT_TRUE(has_stored<facts::call_started>());
    EXPECT_TRUE(has_stored<facts::command_carried_out>());
}

TEST_F(RepeatTest, ARepeatedStartHasNoSecondEffect)
{
    enter(doc());
    enter(pat());
    ASSERT_TRUE(start_as(pat(), key("1")));
    auto const first = newest().id;
    ASSERT_TRUE(start_as(pat(), key("1")));
    EXPECT_TRUE(stored.empty());
    EXPECT_TRUE(told<events::active_call>("s-doc").empty());
    EXPECT_EQ(outcome.call->id, first);
    EXPECT_EQ(outcome.order, 1U);
    EXPECT_FALSE(outcome.joined_existing);
}

TEST_F(RepeatTest, ARepeatAfterTheEndStartsNothingAndShowsTheCallAsItIs)
{
    enter(pat());
    ASSERT_TRUE(start_as(pat(), key("1")));
    ASSERT_TRUE(end(pat()));
    ASSERT_TRUE(start_as(pat(), key("1")));
    EXPECT_EQ(outcome.call->state, call_state::ended);
    EXPECT_EQ(newest().state, call_state::ended);
}

TEST_F(RepeatTest, ARepeatAboutAnOlderCallNamesIt)
{
    enter(pat());
    ASSERT_TRUE(start_as(pat(), key("1")));
    auto const older = newest().id;
    ASSERT_TRUE(end(pat()));
    ASSERT_TRUE(start_as(pat(), key("2")));
    ASSERT_TRUE(start_as(pat(), key("1")));
    EXPECT_EQ(outcome.repeated, older);
    EXPECT_FALSE(outcome.call);
}

TEST_F(RepeatTest, TheSameKeyWithOtherContentIsRefused)
{
    enter(pat());
    ASSERT_TRUE(start_as(pat(), key("1", "video")));
    EXPECT_FALSE(start_as(pat(), key("1", "audio")));
    EXPECT_EQ(refusal, errc::idempotency_key_reused);
    EXPECT_FALSE(join_as(pat(), key("1", "video")));
    EXPECT_EQ(refusal, errc::idempotency_key_reused);
}

TEST_F(RepeatTest, ARepeatFromANewSessionOfTheTabTakesTheSeatAgain)
{
    enter(doc());
    enter(pat("s1"), "tab");
    ASSERT_TRUE(start_as(pat("s1"), key("1")));
    lose("s1");
    enter(pat("s2"), "tab");
    ASSERT_TRUE(start_as(pat("s2"), key("1")));
    EXPECT_TRUE(stored.empty());
    EXPECT_EQ(outcome.order, 1U);
    auto const back = told<events::participant_changed>("s-doc").at(0);
    EXPECT_EQ(back.change, events::change::back);
    EXPECT_TRUE(back.reset);
    EXPECT_EQ(newest().seats.size(), 1U);
    ASSERT_TRUE(join(doc()));
    EXPECT_TRUE(room.relay({session_id{"s2"}, {}, {}, text("x")}));
}

TEST_F(RepeatTest, ARepeatedJoinAnswersAsBefore)
{
    enter(doc());
    enter(pat());
    ASSERT_TRUE(start_as(pat(), key("1")));
    ASSERT_TRUE(join_as(doc(), key("2"), text("{}")));
    EXPECT_TRUE(outcome.offer_relayed);
    ASSERT_TRUE(join_as(doc(), key("2"), text("{}")));
    EXPECT_TRUE(outcome.offer_relayed);
    EXPECT_TRUE(told<events::joiner_connected>("s-pat").empty()); // the offer is not sent twice
    EXPECT_EQ(outcome.order, 2U);
}

TEST_F(RepeatTest, ARepeatedJoinAfterLeavingDoesNotJoinAgain)
{
    talk();
    ASSERT_TRUE(leave("s-doc"));
    ASSERT_TRUE(join_as(doc(), key("1")));
    ASSERT_TRUE(leave("s-doc"));
    ASSERT_TRUE(join_as(doc(), key("1")));
    EXPECT_EQ(held_count(newest()), 1U);
}

TEST_F(RepeatTest, LeaveAndEndAreRememberedToo)
{
    talk();
    ASSERT_TRUE(run(commands::leave{session_id{"s-doc"}, {}, key("1")}));
    ASSERT_TRUE(join(doc()));
    ASSERT_TRUE(run(commands::leave{session_id{"s-doc"}, {}, key("1")}));
    EXPECT_TRUE(stored.empty());
    EXPECT_EQ(held_count(newest()), 2U);
    ASSERT_TRUE(run(commands::end_call{doc(), {}, false, key("2")}));
    ASSERT_TRUE(start(pat()));
    ASSERT_TRUE(run(commands::end_call{doc(), {}, false, key("2")}));
    EXPECT_EQ(newest().state, call_state::waiting);
}

TEST_F(RepeatTest, CommandsAreRememberedAcrossARestartAndForADay)
{
    put([&] { // a window that is open all the time
        auto asked = listing();
        asked.end = now.utc + milliseconds{3 * 86'400'000};
        return asked;
    }());
    enter(pat("s1"), "tab");
    ASSERT_TRUE(start_as(pat("s1"), key("1")));
    auto const first = newest().id;
    restart();
    enter(pat("s2"), "tab");
    ASSERT_TRUE(start_as(pat("s2"), key("1")));
    EXPECT_EQ(outcome.call->id, first);
    ASSERT_TRUE(end(pat("s2")));
    now = now + done_commands_kept;
    ASSERT_TRUE(start_as(pat("s2"), key("1")));
    EXPECT_NE(outcome.call->id, first);
}

TEST_F(RepeatTest, TheOldestCommandsAreForgottenBeyondTheLimit)
{
    enter(pat());
    ASSERT_TRUE(start(pat()));
    for (std::size_t i = 0; i < done_commands_max + 5; ++i) ASSERT_TRUE(join_as(pat(), key(std::to_string(i))));
    EXPECT_EQ(room.record().done.size(), done_commands_max);
    EXPECT_EQ(room.record().done.front().key.name, "5");
}

} // namespace
} // namespace rendezvous::call
