#include "rendezvous/net/http_types.hpp"

#include <gtest/gtest.h>

namespace rendezvous::net {
namespace {

using list = std::vector<std::string>;

struct good_target {
    std::string text;
    list segments;
};

class RequestTarget : public testing::TestWithParam<good_target> {};

TEST_P(RequestTarget, IsSplitThenDecoded)
{
    auto const parsed = parse_request_target(GetParam().text);
    ASSERT_TRUE(parsed) << GetParam().text;
    EXPECT_EQ(parsed->segments, GetParam().segments);
}

INSTANTIATE_TEST_SUITE_P(Good, RequestTarget,
    testing::Values(good_target{"/", {}}, good_target{"/api/calls", {"api", "calls"}},
        good_target{"/api/calls/", {"api", "calls"}}, good_target{"/a%2Fb/c", {"a/b", "c"}},
        good_target{"/a%2fb", {"a/b"}}, good_target{"/%61", {"a"}}, good_target{"/a:b@c", {"a:b@c"}},
        good_target{"/a+b", {"a+b"}}, good_target{"/...", {"..."}}, good_target{"/%252e%252e", {"%2e%2e"}},
        good_target{"/.well-known", {".well-known"}}, good_target{"/%C3%A9", {"\xC3\xA9"}},
        good_target{"/join?a=b/../c", {"join"}}));

class BadRequestTarget : public testing::TestWithParam<std::string> {};

TEST_P(BadRequestTarget, IsRefused)
{
    EXPECT_FALSE(parse_request_target(GetParam())) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Bad, BadRequestTarget,
    testing::Values("", "*", "a", "https://host/", "//host/a", "/a//b", "/a//", "/..", "/../etc/passwd", "/a/../b",
        "/.", "/a/./b", "/%2e%2e/a", "/%2E.", "/.%2e", "/a%00b", std::string("/a\0b", 4), "/a\\b", "/a%5cb", "/a%5C..",
        "/%", "/%2", "/%zz", "/%g0", "/a b", "/a\tb", "/a%0d%0ab", "/a\r\nb", "/a%7f", "/a#b", "/a?b#c", "/a?b=%",
        "/a?b=%00", "/a?b=%0a", "/\xC3\xA9", "/a\x7f", "/<a>", "/{a}", "/a|b", "/a^b", "/a`b", "/\"a\""));

TEST(RequestTargetQuery, IsDecodedInOrder)
{
    auto const parsed = parse_request_target("/a?x=1&y=a%26b&x=2+3&z&=v&&w=%3D");
    ASSERT_TRUE(parsed);
    std::vector<std::pair<std::string, std::string>> const expected{
        {"x", "1"}, {"y", "a&b"}, {"x", "2 3"}, {"z", ""}, {"", "v"}, {"w", "="}};
    EXPECT_EQ(parsed->query, expected);
    EXPECT_EQ(parsed->path, "/a");
    EXPECT_TRUE(parsed->has_query);
}

TEST(RequestTargetQuery, IsThereEvenIfEmpty)
{
    EXPECT_TRUE(parse_request_target("/ws?")->has_query);
    EXPECT_FALSE(parse_request_target("/ws")->has_query);
}

} // namespace
} // namespace rendezvous::net
