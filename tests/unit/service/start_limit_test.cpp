#include "rendezvous/service/start_limit.hpp"

#include <gtest/gtest.h>

namespace rendezvous::service {
namespace {

using base::boot_time;

TEST(StartLimit, CountsWithinAnyMinute)
{
    base::user_id const ana{"ana"};
    start_limit limit(2);
    EXPECT_TRUE(limit.allow(ana, boot_time{100'000}));
    EXPECT_TRUE(limit.allow(ana, boot_time{130'000}));
    EXPECT_FALSE(limit.allow(ana, boot_time{159'999}));
    EXPECT_TRUE(limit.allow(ana, boot_time{160'000}));
    EXPECT_FALSE(limit.allow(ana, boot_time{189'999}));
}

TEST(StartLimit, IsOnePersonsOwn)
{
    start_limit limit(1);
    EXPECT_TRUE(limit.allow(base::user_id{"ana"}, boot_time{0}));
    EXPECT_TRUE(limit.allow(base::user_id{"ion"}, boot_time{0}));
    EXPECT_FALSE(limit.allow(base::user_id{"ana"}, boot_time{1}));
}

} // namespace
} // namespace rendezvous::service
