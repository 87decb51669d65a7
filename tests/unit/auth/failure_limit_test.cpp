#include "rendezvous/auth/failure_limit.hpp"

#include <gtest/gtest.h>

namespace rendezvous::auth {
namespace {

using namespace std::chrono_literals;

base::instant at(base::milliseconds since)
{
    return base::instant{base::utc_time{}, base::boot_time{1'000'000}} + since;
}

TEST(FailureLimit, RefusesAfterTheLastAllowedFailure)
{
    failure_limit limit(3);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(limit.wait("192.0.2.1", at(1s * i)), 0ms);
        limit.record_failure("192.0.2.1", at(1s * i));
    }
    EXPECT_EQ(limit.wait("192.0.2.1", at(2s)), 598s);
    EXPECT_EQ(limit.wait("192.0.2.2", at(2s)), 0ms);
}

TEST(FailureLimit, ForgetsWhenTheWindowEnds)
{
    failure_limit limit(1);
    limit.record_failure("192.0.2.1", at(0s));
    EXPECT_EQ(limit.wait("192.0.2.1", at(10min - 1ms)), 1ms);
    EXPECT_EQ(limit.wait("192.0.2.1", at(10min)), 0ms);
    limit.record_failure("192.0.2.1", at(10min));
    EXPECT_EQ(limit.wait("192.0.2.1", at(10min)), 10min);
    EXPECT_EQ(limit.addresses(), 1U);
}

TEST(FailureLimit, DoesNotLetGuessingGoOnWhileRefused)
{
    failure_limit limit(2);
    for (int i = 0; i < 100; ++i) limit.record_failure("192.0.2.1", at(1s * i));
    EXPECT_EQ(limit.wait("192.0.2.1", at(100s)), 500s);
}

TEST(FailureLimit, CountsASubnetOfIpv6AsOne)
{
    failure_limit limit(2);
    limit.record_failure("2001:db8:1:2::1", at(0s));
    limit.record_failure("2001:0DB8:1:2:ffff::9", at(0s));
    EXPECT_GT(limit.wait("2001:db8:1:2::3", at(0s)), 0ms);
    EXPECT_EQ(limit.wait("2001:db8:1:3::1", at(0s)), 0ms);
}

TEST(FailureLimit, StaysBounded)
{
    failure_limit limit(1);
    auto const address = [](std::size_t i) {
        return "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
    };
    for (std::size_t i = 0; i < failure_limit::addresses_max + 100; ++i)
        limit.record_failure(address(i), at(base::milliseconds{i}));
    EXPECT_EQ(limit.addresses(), failure_limit::addresses_max);
    EXPECT_EQ(limit.wait(address(0), at(20s)), 0ms);
    EXPECT_GT(limit.wait(address(failure_limit::addresses_max + 99), at(20s)), 0ms);
    limit.record_failure("192.0.2.1", at(1h));
    EXPECT_EQ(limit.addresses(), 1U);
}

TEST(FailureLimit, FollowsAReload)
{
    failure_limit limit(1);
    limit.record_failure("192.0.2.1", at(0s));
    EXPECT_GT(limit.wait("192.0.2.1", at(0s)), 0ms);
    limit.set_failures_max(2);
    EXPECT_EQ(limit.wait("192.0.2.1", at(0s)), 0ms);
}

TEST(AddressGroup, KeepsIpv4AndCutsIpv6)
{
    EXPECT_EQ(address_group("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(address_group("::ffff:192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(address_group("fe80::1%eth0"), address_group("fe80::2"));
    EXPECT_NE(address_group("2001:db8::1"), address_group("2001:db8:0:1::1"));
    EXPECT_EQ(address_group("nonsense"), "nonsense");
}

} // namespace
} // namespace rendezvous::auth
