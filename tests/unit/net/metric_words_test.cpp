#include "rendezvous/base/metrics.hpp"

#include "net/message_count.hpp"
#include "net/routes.hpp"
#include "rendezvous/call/words.hpp"
#include "rendezvous/protocol/error_map.hpp"
#include "rendezvous/protocol/server_message.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// The words of the metrics stand in `base`, which knows no other folder: here they are compared
// with the words of the folders that count.

namespace rendezvous::net {
namespace {

namespace metrics = base::metrics;
using metrics::family;

/// The wire tells less of two errors than the operator may know; every other word is the wire's.
TEST(MetricWords, AreTheErrorCodesOfTheWire)
{
    auto const words = metrics::words_of(family::registers_refused, 0);
    auto const word = [&](base::errc code) { return words[static_cast<std::size_t>(code)]; };
    EXPECT_EQ(word(base::errc::token_invalid), "token-invalid");
    EXPECT_EQ(word(base::errc::method_not_allowed), "method-not-allowed");
    for (std::size_t i = 1; i < words.size(); ++i) {
        auto const code = static_cast<base::errc>(i);
        bool const finer = code == base::errc::token_invalid || code == base::errc::method_not_allowed;
        if (finer) continue;
        EXPECT_EQ(words[i], protocol::wire_code(code));
    }
}

TEST(MetricWords, AreThoseOfCalls)
{
    EXPECT_TRUE(
        std::ranges::equal(metrics::words_of(family::calls_ended, 0), call::word_table<call::call_kind>::words));
    EXPECT_TRUE(
        std::ranges::equal(metrics::words_of(family::calls_ended, 1), call::word_table<call::end_reason>::words));
    auto const open = metrics::words_of(family::calls_open, 0);
    ASSERT_EQ(open.size(), 3U);
    for (std::size_t i = 0; i < open.size(); ++i) EXPECT_EQ(open[i], call::to_word(static_cast<call::call_state>(i)));
}

double sent(metrics::message_type type)
{
    return metrics::value_of(family::ws_messages, {static_cast<std::size_t>(type), 1});
}

TEST(MetricWords, AreFoundInWhatIsSent)
{
    auto const pings = sent(metrics::message_type::ping);
    count_sent(protocol::ping_message(1, 0));
    EXPECT_EQ(sent(metrics::message_type::ping), pings + 1);
    count_sent(protocol::bye_message(4300, "draining"));
    EXPECT_GE(sent(metrics::message_type::bye), 1);
    auto const others = sent(metrics::message_type::other);
    for (auto const* odd : {"", "{\"type\":\"", "{\"type\":\"dance\"}", "[]"}) count_sent(odd);
    EXPECT_EQ(sent(metrics::message_type::other), others + 4);
}

TEST(MetricWords, CountWhatIsReceivedByType)
{
    auto const received = [](metrics::message_type type) {
        return metrics::value_of(family::ws_messages, {static_cast<std::size_t>(type), 0});
    };
    auto const words = metrics::words_of(family::ws_messages, 0);
    std::string const pong = R"({"type":"pong","seq":1})" + std::string(64, ' ');
    auto const before = received(metrics::message_type::pong);
    count_received(protocol::parse_client_message(std::string_view(pong).substr(0, pong.size() - 64)));
    EXPECT_EQ(received(metrics::message_type::pong), before + 1);
    EXPECT_EQ(words[static_cast<std::size_t>(metrics::message_type::pong)], "pong");
    std::string const end_call = R"({"type":"endCall","id":"1"})" + std::string(64, ' ');
    count_received(protocol::parse_client_message(std::string_view(end_call).substr(0, end_call.size() - 64)));
    EXPECT_GE(received(metrics::message_type::end_call), 1);
    EXPECT_EQ(words[static_cast<std::size_t>(metrics::message_type::end_call)], "endCall");
}

TEST(MetricWords, HaveRoomForAllRoutes)
{
    auto const first = static_cast<std::size_t>(metrics::endpoint_slot::first_named);
    EXPECT_LE(routes().size() + first, metrics::endpoints_max);
}

TEST(MetricWords, KnowAllCloseCodes)
{
    auto const words = metrics::words_of(family::ws_closes, 0);
    for (auto code = std::uint16_t{4000}; code < 4500; ++code) {
        bool const known = std::find(words.begin(), words.end(), std::to_string(code)) != words.end();
        bool const used = protocol::close_text(code) != protocol::close_text(4999);
        EXPECT_TRUE(known || !used) << code;
    }
}

} // namespace
} // namespace rendezvous::net
