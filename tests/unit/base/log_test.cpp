#include "rendezvous/base/log.hpp"

#include <gtest/gtest.h>
#include <string>

namespace rendezvous::base {
namespace {

/// What one call writes to standard error.
template <class Call>
std::string written(Call call)
{
    testing::internal::CaptureStderr();
    call();
    return testing::internal::GetCapturedStderr();
}

/// The line behind its time stamp.
std::string tail(std::string const& line)
{
    auto const space = line.find(' ');
    return space == std::string::npos ? line : line.substr(space + 1);
}

TEST(Log, WritesEventAndFieldsAsText)
{
    log::configure(log::level::info, log::format::text);
    auto const line = written([] {
        log::info("call.started", {{"callId", "c-1"}, {"order", 2}, {"big", std::uint64_t{18'446'744'073'709'551'615U}},
                                      {"small", std::int64_t{-5}}, {"late", true}, {"count", 7U}});
    });
    EXPECT_EQ(tail(line), "I call.started callId=c-1 order=2 big=18446744073709551615 small=-5 late=true count=7\n");
    EXPECT_EQ(line.find('Z'), 23U) << line;
}

TEST(Log, QuotesWhatWouldBreakALine)
{
    log::configure(log::level::info, log::format::text);
    auto const line = written([] {
        log::warn("odd", {{"a", "two words"}, {"b", ""}, {"c", "x\ny\"\\=\x1b"}, {"d", "k=v"}});
    });
    EXPECT_EQ(tail(line), "W odd a=\"two words\" b=\"\" c=\"x\\u000ay\\\"\\\\=\\u001b\" d=\"k=v\"\n");
}

TEST(Log, WritesOneJsonObjectPerLine)
{
    log::configure(log::level::info, log::format::json);
    auto const line = written([] { log::error("x.y", {{"text", "a\"\nb"}, {"n", 3}, {"flag", false}}); });
    EXPECT_EQ(line.substr(0, 9), "{\"time\":\"");
    EXPECT_EQ(line.substr(line.find(",\"level\"")),
        ",\"level\":\"error\",\"event\":\"x.y\",\"text\":\"a\\\"\\u000ab\",\"n\":3,\"flag\":false}\n");
    log::configure(log::level::info, log::format::text);
}

TEST(Log, TakesPatternsForWhatTheyAre)
{
    log::configure(log::level::info, log::format::text);
    EXPECT_EQ(tail(written([] { log::info("p", {{"a", "%v{}%n"}}); })), "I p a=%v{}%n\n");
}

TEST(Log, KeepsQuietBelowItsLevel)
{
    log::configure(log::level::warn, log::format::text);
    EXPECT_EQ(written([] { log::info("no"); }), "");
    EXPECT_FALSE(log::enabled(log::level::info));
    EXPECT_TRUE(log::enabled(log::level::warn));
    log::set_level(log::level::debug);
    EXPECT_EQ(tail(written([] { log::debug("yes"); })), "D yes\n");
    log::set_level(log::level::off);
    EXPECT_EQ(written([] { log::error("no"); }), "");
    log::set_level(log::level::info);
}

} // namespace
} // namespace rendezvous::base
