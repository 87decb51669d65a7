#include "contract_fixture.hpp"

namespace rendezvous::store_tests {
namespace {

constexpr std::int64_t day_ms = 24 * 3'600'000;

/// What a room must find again after a restart.
class Recovery : public StoreContract {
protected:
    static facts::command_carried_out done(unsigned n, std::string name, std::int64_t when)
    {
        call::done_command what;
        what.key = {std::move(name), "content"};
        what.kind = call::command_kind::start;
        what.at = at(when);
        return {appointment_no(n), what};
    }
    std::vector<std::string> names(unsigned n)
    {
        std::vector<std::string> out;
        for (auto const& c : ports_.room(n).done) out.push_back(c.key.name);
        return out;
    }
};
INSTANTIATE_TEST_SUITE_P(Adapters, Recovery, adapters(), adapter_name);

using list = std::vector<std::string>;

TEST_P(Recovery, KeepsWhoMayComeBackToASeat)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 10), answered(1, 1, 12)}), errc::ok);
    auto const seats = ports_.room(1).newest->seats;
    ASSERT_EQ(seats.size(), 2u);
    EXPECT_EQ(seats[0].token_hash, "hash-of-Ana");
    EXPECT_EQ(seats[1].token_hash, "hash-of-Dr. Pop");
}

TEST_P(Recovery, KeepsBothMomentsByTheBootClock)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 10)}), errc::ok);
    EXPECT_EQ(ports_.room(1).newest->answered_boot, std::nullopt);
    ASSERT_EQ(ports_.append({answered(1, 1, 12)}), errc::ok);
    EXPECT_EQ(ports_.room(1).newest->answered_boot, boot(12));
    EXPECT_EQ(ports_.room(1).newest->connected_boot, std::nullopt);
    ASSERT_EQ(ports_.append({facts::call_connected{call_no(1), at(13), boot(13)}}), errc::ok);
    EXPECT_EQ(ports_.room(1).newest->answered_boot, boot(12));
    EXPECT_EQ(ports_.room(1).newest->connected_boot, boot(13));
}

TEST_P(Recovery, ASeatThatDoesNotAnswerChangesNoBootTime)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 10), answered(1, 1, 12)}), errc::ok);
    ASSERT_EQ(ports_.append({facts::seat_taken{call_no(1), seat_of(appointment_of(1).members[1], 3, at(20)), 1u,
                  call::leave_reason::replaced, false, boot(20)}}),
        errc::ok);
    EXPECT_EQ(ports_.room(1).newest->answered_boot, boot(12));
}

TEST_P(Recovery, KeepsACommandWhole)
{
    ASSERT_EQ(put(1), errc::ok);
    call::done_command full{{"name", "content"}, call::command_kind::join, at(5), call_no(1), 7, true, true, true};
    call::done_command bare{{"other", ""}, call::command_kind::leave, at(6), std::nullopt, 0, false, false, false};
    ASSERT_EQ(ports_.append({facts::command_carried_out{appointment_no(1), full}}), errc::ok);
    ASSERT_EQ(ports_.append({facts::command_carried_out{appointment_no(1), bare}}), errc::ok);
    EXPECT_EQ(ports_.room(1).done, (std::vector<call::done_command>{full, bare}));
    std::int64_t when = 7;
    for (bool call::done_command::*flag :
        {&call::done_command::joined_existing, &call::done_command::reattached, &call::done_command::offer_relayed}) {
        auto one = bare;
        one.key.name = uuid(static_cast<unsigned>(when));
        one.kind = call::command_kind::end;
        one.at = at(when++);
        one.*flag = true;
        ASSERT_EQ(ports_.append({facts::command_carried_out{appointment_no(1), one}}), errc::ok);
        EXPECT_EQ(ports_.room(1).done.back(), one);
    }
}

TEST_P(Recovery, GivesCommandsOldestFirst)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({done(1, "c", 3), done(1, "a", 1), done(1, "d", 4), done(1, "b", 2)}), errc::ok);
    EXPECT_EQ(names(1), (list{"a", "b", "c", "d"}));
}

TEST_P(Recovery, CarriesOneCommandOutOnce)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(put(2), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 1), done(1, "x", 1)}), errc::ok);
    // Its facts are refused with it.
    EXPECT_EQ(ports_.append({answered(1, 1, 2), done(1, "x", 2)}), errc::illegal_transition);
    EXPECT_EQ(ports_.room(1).newest->state, call::call_state::waiting);
    EXPECT_EQ(ports_.append({done(1, "y", 2), done(1, "y", 3)}), errc::illegal_transition);
    EXPECT_EQ(names(1), (list{"x"}));
    EXPECT_EQ(ports_.append({done(2, "x", 2)}), errc::ok); // of another appointment
    EXPECT_EQ(names(1), (list{"x"}));
    EXPECT_EQ(names(2), (list{"x"}));
    EXPECT_EQ(ports_.append({done(3, "x", 2)}), errc::illegal_transition); // of none
    EXPECT_EQ(ports_.append({done(1, "y", 4)}), errc::ok);
}

TEST_P(Recovery, ACommandIsNoEvent)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 1), done(1, "x", 1)}), errc::ok);
    EXPECT_EQ(ports_.events(1).size(), 1u);
    EXPECT_EQ(ports_.chain().rows, 1u);
}

TEST_P(Recovery, ForgetsACommandAfterADay)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({done(1, "x", 0), done(1, "y", 1)}), errc::ok);
    clock_.advance(day_ms - 1);
    EXPECT_EQ(names(1), (list{"x", "y"}));
    EXPECT_EQ(ports_.append({done(1, "x", day_ms / 1'000 - 1)}), errc::illegal_transition);
    clock_.advance(1);
    EXPECT_EQ(names(1), (list{"y"}));
    // The name is free again from the same moment on.
    EXPECT_EQ(ports_.append({done(1, "x", day_ms / 1'000)}), errc::ok);
    EXPECT_EQ(names(1), (list{"y", "x"}));
    EXPECT_EQ(ports_.append({done(1, "x", day_ms / 1'000)}), errc::illegal_transition);
}

TEST_P(Recovery, GivesTheNewestCommandsOnly)
{
    ASSERT_EQ(put(1), errc::ok);
    auto const count = static_cast<unsigned>(call::done_commands_max) + 5;
    std::vector<call::fact> all;
    for (unsigned n = 0; n < count; ++n) all.emplace_back(done(1, uuid(n), n));
    ASSERT_EQ(ports_.append(all), errc::ok);
    auto const found = names(1);
    ASSERT_EQ(found.size(), call::done_commands_max);
    EXPECT_EQ(found.front(), uuid(5));
    EXPECT_EQ(found.back(), uuid(count - 1));
    EXPECT_EQ(ports_.append({done(1, uuid(0), count)}), errc::illegal_transition); // still carried out once
}

TEST_P(Recovery, ListsAreWithoutCommands)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({done(1, "x", 1)}), errc::ok);
    auto const rows = ports_.appointments({}).value().rows;
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_TRUE(rows[0].done.empty());
}

} // namespace
} // namespace rendezvous::store_tests
