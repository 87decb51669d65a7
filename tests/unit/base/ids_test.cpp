#include "rendezvous/base/ids.hpp"

#include <gtest/gtest.h>
#include <set>
#include <type_traits>
#include <unordered_set>

namespace rendezvous::base {
namespace {

TEST(Ids, KeepTheirKindsApart)
{
    static_assert(!std::is_convertible_v<std::string, call_id>);
    static_assert(!std::is_constructible_v<call_id, user_id>);
    EXPECT_TRUE(call_id().empty());
    EXPECT_EQ(call_id("a"), call_id("a"));
    EXPECT_LT(call_id("A"), call_id("a"));
    EXPECT_TRUE(std::unordered_set<call_id>{call_id("x")}.contains(call_id("x")));
}

TEST(Ids, AcceptAppointmentIdsOfTheDocumentedForm)
{
    EXPECT_EQ(parse_appointment_id("A-z.0_9:x@y"), appointment_id("A-z.0_9:x@y"));
    EXPECT_TRUE(parse_appointment_id("..."));
    EXPECT_TRUE(parse_appointment_id(std::string(128, 'a')));
    for (std::string const& text : {std::string(), std::string("."), std::string(".."), std::string(129, 'a'),
             std::string("a b"), std::string("a/b"), std::string("a%2f"), std::string("\xc3\xa9"), std::string("a\n"),
             std::string("a\0b", 3), std::string("a+b"), std::string("a\"")})
        EXPECT_FALSE(parse_appointment_id(text)) << text;
}

TEST(Ids, AcceptUserIdsOfPrintableAscii)
{
    std::string all;
    for (char c = '!'; c <= '~'; ++c) all += c;
    EXPECT_EQ(parse_user_id(all), user_id(all));
    EXPECT_TRUE(parse_user_id(std::string(255, 'a')));
    for (std::string const& text : {std::string(), std::string(256, 'a'), std::string("a b"), std::string("a\t"),
             std::string("\x7f"), std::string("\x80"), std::string("\xc3\xa9"), std::string("a\0", 2)})
        EXPECT_FALSE(parse_user_id(text)) << text;
}

TEST(Ids, KnowUuids)
{
    EXPECT_TRUE(is_uuid("0192d3a1-0000-7000-8000-0123456789ab"));
    for (auto const* text : {"", "0192D3A1-0000-7000-8000-0123456789AB", "0192d3a1-0000-7000-8000-0123456789a",
             "0192d3a1-0000-7000-8000-0123456789abc", "0192d3a1000007000080000123456789abcd",
             "0192d3a1-0000-7000-8000-0123456789ag", "0192d3a-10000-7000-8000-0123456789ab",
             "{192d3a1-0000-7000-8000-0123456789a}"})
        EXPECT_FALSE(is_uuid(text)) << text;
}

/// RFC 9562 5.7: 48 bits of time, version 7, variant 10.
void expect_v7(std::string const& uuid, std::string const& time)
{
    ASSERT_TRUE(is_uuid(uuid)) << uuid;
    EXPECT_EQ(uuid.substr(0, 8) + uuid.substr(9, 4), time);
    EXPECT_EQ(uuid[14], '7');
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos) << uuid;
}

TEST(Ids, MakeUuidsOfVersionSeven)
{
    system_id_generator real;
    seeded_id_generator seeded(1);
    auto const now = from_ms(0x0123'4567'89ab);
    for (int i = 0; i < 100; ++i) {
        expect_v7(real.uuid(now), "0123456789ab");
        expect_v7(seeded.uuid(now), "0123456789ab");
    }
    EXPECT_LT(real.uuid(from_ms(1'000)), real.uuid(from_ms(1'001)));
}

TEST(Ids, AreNeverGivenTwice)
{
    system_id_generator real;
    std::set<std::string> seen;
    for (int i = 0; i < 10'000; ++i) {
        EXPECT_TRUE(seen.insert(real.uuid(from_ms(0))).second);
        EXPECT_TRUE(seen.insert(real.secret(16)).second);
    }
}

TEST(Ids, FromOneSeedAreTheSame)
{
    seeded_id_generator a(7);
    seeded_id_generator b(7);
    seeded_id_generator c(8);
    auto const first = a.uuid(from_ms(5));
    EXPECT_EQ(first, b.uuid(from_ms(5)));
    EXPECT_NE(first, c.uuid(from_ms(5)));
    EXPECT_NE(first, a.uuid(from_ms(5)));
    EXPECT_EQ(b.uuid(from_ms(5)).size(), 36U);
    EXPECT_EQ(a.secret(16), b.secret(16));
}

TEST(Ids, SecretsHoldTheBytesAskedFor)
{
    system_id_generator real;
    for (std::size_t bytes : {0U, 1U, 2U, 3U, 16U, 32U, 100U}) {
        auto const decoded = from_base64url(real.secret(bytes));
        ASSERT_TRUE(decoded);
        EXPECT_EQ(decoded->size(), bytes);
    }
}

TEST(Base64url, MatchesTheVectorsOfRfc4648)
{
    std::pair<char const*, char const*> const vectors[] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};
    for (auto const& [plain, coded] : vectors) {
        EXPECT_EQ(base64url(plain), coded);
        EXPECT_EQ(from_base64url(coded), plain);
    }
}

TEST(Base64url, ReadsBackEveryByte)
{
    std::string all;
    for (int i = 0; i < 256; ++i) {
        all += static_cast<char>(i);
        EXPECT_EQ(from_base64url(base64url(all)), all);
    }
}

TEST(Base64url, HasOneTextPerValue)
{
    for (auto const* text : {"Z", "Zh", "Zm9", "Zg==", "Zm9v\n", "Zm 9", "+/+/", "Zm9vY", "\xc3\xa9xx"})
        EXPECT_FALSE(from_base64url(text)) << text;
}

} // namespace
} // namespace rendezvous::base
