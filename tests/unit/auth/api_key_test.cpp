#include "rendezvous/auth/api_key.hpp"

#include "rendezvous/auth/hash.hpp"

#include <gtest/gtest.h>

#include <set>

namespace rendezvous::auth {
namespace {

TEST(ApiKey, HasItsShapeAndIsFoundByItsHash)
{
    base::system_id_generator ids;
    std::set<std::string> seen;
    for (int i = 0; i < 200; ++i) {
        auto const made = make_api_key(ids);
        EXPECT_EQ(made.text.size(), 3U + 8U + 1U + 43U);
        EXPECT_TRUE(made.text.starts_with(made.prefix + "_"));
        EXPECT_EQ(made.hash, sha256_hex(made.text));
        EXPECT_EQ(api_key_hash(made.text), made.hash);
        EXPECT_TRUE(looks_like_api_key(made.text));
        EXPECT_TRUE(seen.insert(made.text).second);
    }
}

TEST(ApiKey, RefusesTextsThatNoKeyCanBe)
{
    base::seeded_id_generator ids(7);
    auto const good = make_api_key(ids).text;
    ASSERT_TRUE(api_key_hash(good));
    auto const changed = [&good](std::size_t at, char to) {
        auto text = good;
        text[at] = to;
        return text;
    };
    for (auto const& text : {std::string(), std::string("rk_"), good + "A", good.substr(1), good.substr(0, 54),
             changed(0, 'R'), changed(3, 'G'), changed(3, 'A'), changed(11, '-'), changed(20, '+'), changed(20, ' '),
             changed(20, '\0'), changed(54, 'B')})
        EXPECT_FALSE(api_key_hash(text)) << text;
}

TEST(ApiKey, IsToldFromAToken)
{
    EXPECT_TRUE(looks_like_api_key("rk_broken"));
    EXPECT_FALSE(looks_like_api_key("eyJhbGciOiJIUzI1NiJ9.e30.x"));
    EXPECT_FALSE(looks_like_api_key(""));
}

} // namespace
} // namespace rendezvous::auth
