#include "rendezvous/base/clock.hpp"

#include <gtest/gtest.h>

namespace rendezvous::base {
namespace {

using std::chrono::sys_days;
using namespace std::chrono_literals;

utc_time const noon = sys_days{std::chrono::year{2026} / 11 / 20} + 12h + 34min + 56s + 789ms;

TEST(Clock, WritesMillisecondsAndZ)
{
    EXPECT_EQ(to_rfc3339(noon), "2026-11-20T12:34:56.789Z");
    EXPECT_EQ(to_rfc3339(from_ms(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(to_rfc3339(from_ms(-1)), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(to_rfc3339(sys_days{std::chrono::year{1} / 1 / 1}), "0001-01-01T00:00:00.000Z");
}

TEST(Clock, ReadsWhatItWrites)
{
    for (std::int64_t ms : {0LL, 1LL, -1LL, 951'782'400'000LL, 4'102'444'799'999LL, -62'135'596'800'000LL})
        EXPECT_EQ(from_rfc3339(to_rfc3339(from_ms(ms))), from_ms(ms)) << ms;
    EXPECT_EQ(to_ms(from_ms(42)), 42);
}

TEST(Clock, ReadsOffsetsAndFractions)
{
    EXPECT_EQ(from_rfc3339("2026-11-20T12:34:56.789Z"), noon);
    EXPECT_EQ(from_rfc3339("2026-11-20t12:34:56.789z"), noon);
    EXPECT_EQ(from_rfc3339("2026-11-20T13:34:56.789+01:00"), noon);
    EXPECT_EQ(from_rfc3339("2026-11-20T07:04:56.789-05:30"), noon);
    EXPECT_EQ(from_rfc3339("2026-11-20T12:34:56.789-00:00"), noon);
    EXPECT_EQ(from_rfc3339("2026-11-20T12:34:56Z"), noon - 789ms);
    EXPECT_EQ(from_rfc3339("2026-11-20T12:34:56.7Z"), noon - 89ms);
    EXPECT_EQ(from_rfc3339("2026-11-20T12:34:56.789999999Z"), noon);
    EXPECT_EQ(from_rfc3339("2024-02-29T00:00:00Z"), sys_days{std::chrono::year{2024} / 2 / 29});
}

TEST(Clock, RefusesEverythingElse)
{
    for (auto const* text :
        {"", "2026", "2026-11-20", "2026-11-20T12:34Z", "2026-11-20T12:34:56", "2026-11-20 12:34:56Z",
            "2026-11-20T12:34:56.Z", "2026-11-20T12:34:56,5Z", "2026-11-20T12:34:56.0000000000Z",
            "2026-11-20T12:34:56+0100", "2026-11-20T12:34:56+01", "2026-11-20T12:34:56+24:00",
            "2026-11-20T12:34:56+01:60", "2026-11-20T12:34:56Z ", " 2026-11-20T12:34:56Z", "2026-11-20T12:34:56ZZ",
            "2026-13-20T12:34:56Z", "2026-00-20T12:34:56Z", "2026-02-29T12:34:56Z", "2026-11-31T12:34:56Z",
            "2026-11-20T24:00:00Z", "2026-11-20T12:60:00Z", "2026-11-20T12:34:60Z", "0000-01-01T00:00:00Z",
            "+2026-11-20T12:34:56Z", "-026-11-20T12:34:56Z", "20261-1-20T12:34:56Z", "2026-1-20T12:34:56Z"})
        EXPECT_FALSE(from_rfc3339(text)) << text;
}

TEST(Clock, RefusesYearsThatTheOffsetMovesOutOfRange)
{
    EXPECT_FALSE(from_rfc3339("0001-01-01T00:00:00+00:01"));
    EXPECT_FALSE(from_rfc3339("9999-12-31T23:59:59.999-00:01"));
    EXPECT_TRUE(from_rfc3339("0001-01-01T00:00:00-00:01"));
    EXPECT_TRUE(from_rfc3339("9999-12-31T23:59:59.999+00:01"));
}

TEST(Clock, FindsTheDayAroundATime)
{
    auto const [first, next] = local_day(noon);
    EXPECT_LE(first, noon);
    EXPECT_GT(next, noon);
    EXPECT_GE(next - first, 23h);
    EXPECT_LE(next - first, 25h);
    EXPECT_EQ(local_day(first).first, first);
    EXPECT_EQ(local_day(next - 1ms).first, first);
    EXPECT_EQ(local_day(next).first, next);
}

TEST(Clock, SystemClockMovesForwardOnBothReadings)
{
    system_clock const clock;
    auto const first = clock.now();
    auto const second = clock.now();
    EXPECT_GE(second.boot, first.boot);
    EXPECT_GT(first.boot.count(), 0);
    EXPECT_GT(first.utc, sys_days{std::chrono::year{2020} / 1 / 1});
}

TEST(Clock, ManualClockMovesOnlyWhenMoved)
{
    manual_clock clock(noon);
    auto const before = clock.now();
    EXPECT_EQ(clock.now().utc, before.utc);
    clock.advance(5s);
    EXPECT_EQ(clock.now().utc, before.utc + 5s);
    EXPECT_EQ(clock.now().boot, before.boot + 5s);
    clock.step_wall(-1h);
    EXPECT_EQ(clock.now().utc, before.utc + 5s - 1h);
    EXPECT_EQ(clock.now().boot, before.boot + 5s);
}

} // namespace
} // namespace rendezvous::base
