#include "outbound/signature.hpp"

#include <gtest/gtest.h>

using rendezvous::outbound::sign;

TEST(Signature, IsThatOfStandardWebhooks)
{
    // Made with the reference library (npm standardwebhooks).
    EXPECT_EQ(sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", 1674087231,
                  R"({"type":"call.ended"})"),
        "v1,L9PlnbkqUA2pujWBYaaQrx07QpWNozOdUkaOjo5M9lA=");
}

TEST(Signature, DependsOnEverything)
{
    auto const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    auto const all = sign(secret, "a", 1, "b");
    EXPECT_NE(sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx", "a", 1, "b"), all);
    EXPECT_NE(sign(secret, "c", 1, "b"), all);
    EXPECT_NE(sign(secret, "a", 2, "b"), all);
    EXPECT_NE(sign(secret, "a", 1, "c"), all);
    EXPECT_EQ(sign(secret, "a", 1, "b"), all);
}

TEST(Signature, TakesKeysOfAnyLength)
{
    EXPECT_NE(sign("whsec_QQ==", "a", 1, "b"), sign("whsec_QUE=", "a", 1, "b"));
    EXPECT_EQ(sign("whsec_QQ==", "a", 1, "b").size(), 3U + 44U);
}

TEST(Signature, RefusesWhatIsNoSecret)
{
    for (auto const* const text : {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_abc", "whsec_%%%%"})
        EXPECT_EQ(sign(text, "a", 1, "b"), "") << text;
}
