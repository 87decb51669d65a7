#include "net/resume_ring.hpp"

#include <gtest/gtest.h>

namespace rendezvous::net {
namespace {

resume_ring::text message(std::size_t bytes = 10)
{
    return std::make_shared<std::string const>(bytes, 'x');
}

TEST(ResumeRing, KeepsWhatIsNotConfirmed)
{
    resume_ring ring;
    for (int i = 0; i < 5; ++i) ring.push(message(), 0);
    EXPECT_EQ(ring.last_seq(), 5U);
    ring.confirm(3);
    EXPECT_EQ(ring.size(), 2U);
    EXPECT_EQ(ring.bytes(), 20U);
    EXPECT_FALSE(ring.reaches_back_to(2));
    EXPECT_TRUE(ring.reaches_back_to(3));
    EXPECT_EQ(ring.after(3).size(), 2U);
    EXPECT_EQ(ring.after(4).size(), 1U);
    EXPECT_TRUE(ring.after(5).empty());
}

TEST(ResumeRing, ANumberThatWasNeverSentConfirmsNothing)
{
    resume_ring ring;
    ring.push(message(), 0);
    ring.confirm(2);
    EXPECT_EQ(ring.size(), 1U);
    EXPECT_FALSE(ring.reaches_back_to(2));
}

TEST(ResumeRing, BeyondItsLimitsItForgetsTheOldest)
{
    resume_ring ring;
    for (std::size_t i = 0; i <= base::limits::ring_messages_max; ++i) ring.push(message(), 0);
    EXPECT_EQ(ring.size(), base::limits::ring_messages_max);
    EXPECT_FALSE(ring.reaches_back_to(0));
    EXPECT_TRUE(ring.reaches_back_to(1));

    resume_ring large;
    for (int i = 0; i < 5; ++i) large.push(message(60'000), 0);
    EXPECT_LE(large.bytes(), base::limits::ring_bytes_max);
    EXPECT_EQ(large.size(), 4U);
}

TEST(ResumeRing, KnowsTheRevisionAClientHasSeen)
{
    resume_ring ring;
    ring.push(message(), 7);
    ring.push(message(), 0); // an answer
    ring.push(message(), 9);
    EXPECT_EQ(ring.rev_at(0, 12), 6U);
    EXPECT_EQ(ring.rev_at(1, 12), 8U);
    EXPECT_EQ(ring.rev_at(3, 12), 12U);
}

TEST(ResumeRing, AForgottenRingCanOnlyBeResumedByWhoMissesNothing)
{
    resume_ring ring;
    ring.push(message(), 0);
    ring.push(message(), 0);
    ring.forget();
    EXPECT_EQ(ring.bytes(), 0U);
    EXPECT_FALSE(ring.reaches_back_to(1));
    EXPECT_TRUE(ring.reaches_back_to(2));
    ring.push(message(), 0);
    EXPECT_EQ(ring.after(2).size(), 1U);
}

} // namespace
} // namespace rendezvous::net
