#include "rendezvous/auth/turn_credentials.hpp"

#include <gtest/gtest.h>

namespace rendezvous::auth {
namespace {

using namespace std::chrono_literals;

TEST(TurnCredentials, GiveTheKnownAnswer)
{
    EXPECT_EQ(turn_password("north", "1795200000:alice"), "tyZf+AGoKZkjTZ05dzTwsSA9X7Q=");
}

TEST(TurnCredentials, NameExpiryUserAndCall)
{
    auto const now = base::utc_time{1'795'199'400s} + 999ms;
    auto const made = make_turn_credentials("north", base::user_id{"alice"}, base::call_id{"c-1"}, 600s, now);
    EXPECT_EQ(made.username, "1795200000:alice:c-1");
    EXPECT_EQ(made.credential, turn_password("north", made.username));
    EXPECT_EQ(made.expires_at, base::utc_time{1'795'200'000s});
}

TEST(TurnCredentials, NameNoCallOutsideOne)
{
    auto const now = base::utc_time{1'795'199'400s};
    auto const made = make_turn_credentials("north", base::user_id{"alice"}, base::call_id{}, 600s, now);
    EXPECT_EQ(made.username, "1795200000:alice");
    EXPECT_EQ(made.credential, "tyZf+AGoKZkjTZ05dzTwsSA9X7Q=");
}

TEST(TurnCredentials, DifferByUserCallAndSecret)
{
    auto const now = base::utc_time{1'795'199'400s};
    auto const one = make_turn_credentials("north", base::user_id{"a"}, base::call_id{"c"}, 600s, now);
    EXPECT_NE(
        one.credential, make_turn_credentials("north", base::user_id{"b"}, base::call_id{"c"}, 600s, now).credential);
    EXPECT_NE(
        one.credential, make_turn_credentials("north", base::user_id{"a"}, base::call_id{"d"}, 600s, now).credential);
    EXPECT_NE(
        one.credential, make_turn_credentials("south", base::user_id{"a"}, base::call_id{"c"}, 600s, now).credential);
}

} // namespace
} // namespace rendezvous::auth
