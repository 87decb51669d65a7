#include "rendezvous/auth/pin.hpp"
#include "rendezvous/auth/revocations.hpp"

#include <gtest/gtest.h>

namespace rendezvous::auth {
namespace {

using service::revoked_kind;

base::utc_time at(std::int64_t seconds)
{
    return base::from_ms(seconds * 1'000);
}

TEST(Revocations, CoverATokenItsUserAndItsInvitation)
{
    revocations all;
    ASSERT_TRUE(all.add({revoked_kind::token, "t1", at(10), at(100)}));
    ASSERT_TRUE(all.add({revoked_kind::user, "u1", at(10), at(100)}));
    ASSERT_TRUE(all.add({revoked_kind::invite, "i1", at(10), at(100)}));
    EXPECT_TRUE(all.cover("t1", "u2", at(50), ""));
    EXPECT_FALSE(all.cover("t2", "u2", at(5), ""));
    EXPECT_TRUE(all.cover("t2", "u2", at(50), "i1"));
    EXPECT_FALSE(all.cover("i1", "t1", at(50), "u1")) << "each kind has its own names";
    EXPECT_TRUE(all.cover("t2", "u1", at(9), ""));
    EXPECT_TRUE(all.cover("t2", "u1", at(10), "")) << "of that very second";
    EXPECT_FALSE(all.cover("t2", "u1", at(11), "")) << "issued afterwards";
    EXPECT_TRUE(all.cover("t2", "u1", std::nullopt, "")) << "nobody knows when";
    EXPECT_FALSE(all.cover("", "", std::nullopt, ""));
}

TEST(Revocations, AreForgottenWhenNoTokenNeedsThem)
{
    revocations all;
    ASSERT_TRUE(all.add({revoked_kind::token, "t1", at(10), at(100)}));
    ASSERT_TRUE(all.add({revoked_kind::token, "t2", at(10), at(200)}));
    all.forget_over(at(100));
    EXPECT_FALSE(all.cover("t1", "u", at(1), ""));
    EXPECT_TRUE(all.cover("t2", "u", at(1), ""));
    EXPECT_EQ(all.size(), 1u);
}

TEST(Revocations, AreBounded)
{
    revocations all;
    for (std::size_t i = 0; i < revocations::entries_max; ++i)
        ASSERT_TRUE(all.add({revoked_kind::token, std::to_string(i), at(10), at(100)}));
    EXPECT_TRUE(all.full());
    EXPECT_FALSE(all.add({revoked_kind::user, "u1", at(10), at(100)}));
    EXPECT_TRUE(all.add({revoked_kind::token, "7", at(20), at(200)})) << "known already";
}

TEST(Pins, AreKeptSaltedAndKeyed)
{
    base::system_id_generator ids;
    pin_keeper const pins(std::string(32, 'k'));
    auto const kept = pins.keep("1234", ids);
    EXPECT_TRUE(pins.matches("1234", kept));
    for (auto const* wrong : {"1235", "123", "12345", "", "1234 "}) EXPECT_FALSE(pins.matches(wrong, kept)) << wrong;
    EXPECT_NE(pins.keep("1234", ids), kept) << "another salt";
    EXPECT_EQ(kept.find("1234"), std::string::npos);
    EXPECT_FALSE(pin_keeper(std::string(32, 'x')).matches("1234", kept)) << "the database alone is of no use";
    EXPECT_FALSE(pins.matches("1234", ""));
    EXPECT_FALSE(pins.matches("1234", "salt$"));
}

} // namespace
} // namespace rendezvous::auth
