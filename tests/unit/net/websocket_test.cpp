#include "fixture.hpp"

#include <gtest/gtest.h>

#include <future>

namespace rendezvous::net::test {
namespace {

using kind = ws_message::kind;

TEST(WebSocket, EchoesText)
{
    running_server server;
    auto ws = server.websocket("/appointment/APT-1");
    EXPECT_EQ(ws.upgrade_answer().header("sec-websocket-protocol"), "rendezvous.v1");
    EXPECT_TRUE(ws.upgrade_answer().header("sec-websocket-extensions").empty());
    ws.send_text("up");
    EXPECT_EQ(ws.receive().text, "up");
    EXPECT_EQ(server.seen.last_info().path_appointment, "APT-1");
    EXPECT_EQ(server.seen.last_info().remote_ip, "127.0.0.1");
    for (std::size_t const size : {0U, 1U, 125U, 126U, 2'000U, 16'000U, 65'535U, 65'536U}) {
        std::string const text(size, 'a');
        ws.send_text(text);
        EXPECT_EQ(ws.receive().text, text);
    }
    EXPECT_EQ(server.server().counts().websockets, 1U);
    EXPECT_EQ(ws.close(1000), 1000U);
    EXPECT_TRUE(server.seen.wait_until_closed(1));
}

TEST(WebSocket, PutsFragmentsTogetherAndAnswersPings)
{
    running_server const server;
    auto ws = server.websocket();
    ws.send_raw(ws_client::frame(0x01, "hel") + ws_client::frame(0x89, "ping") + ws_client::frame(0x80, "lo"));
    EXPECT_EQ(ws.receive().text, "hello");
}

TEST(WebSocket, OpensOnlyAsAgreed)
{
    server_options options;
    options.allowed_origins = {"https://booking.example"};
    running_server const server(options);
    auto const status = [&server](std::string const& path, headers more) {
        return server.refused(path, std::move(more)).status;
    };
    EXPECT_EQ(status("/ws", {{"Origin", "https://calls.example:8443"}}), 101U);
    EXPECT_EQ(status("/ws", {{"Origin", "https://booking.example"}}), 101U);
    EXPECT_EQ(status("/ws", {}), 101U);
    for (auto const* const evil :
        {"null", "https://calls.example", "https://calls.example:8443.evil", "https://evil.example"}) {
        auto const answer = server.refused("/ws", {{"Origin", evil}});
        EXPECT_EQ(answer.status, 403U) << evil;
        EXPECT_NE(answer.body.find("origin-not-allowed"), std::string::npos);
    }
    EXPECT_EQ(status("/ws?token=x", {}), 400U);
    EXPECT_EQ(status("/ws?", {}), 400U);
    EXPECT_EQ(status("/appointment/A?x", {}), 400U);
    EXPECT_EQ(status("/ws", {{"Sec-WebSocket-Protocol", ""}}), 101U);
    EXPECT_EQ(status("/ws", {{"Sec-WebSocket-Protocol", "chat, rendezvous.v1"}}), 101U);
    EXPECT_EQ(status("/ws", {{"Sec-WebSocket-Protocol", "chat, rendezvous.v2"}}), 400U);
    EXPECT_EQ(status("/ws", {{"Sec-WebSocket-Version", "8"}}), 426U);
    EXPECT_EQ(server.refused("/ws", {{"Sec-WebSocket-Version", "8"}}).header("sec-websocket-version"), "13");
    EXPECT_EQ(status("/ws", {{"Sec-WebSocket-Version", ""}}), 400U);
    EXPECT_EQ(status("/ws", {{"Sec-WebSocket-Key", "short"}}), 400U);
    EXPECT_EQ(status("/appointment/a%2Fb", {}), 404U);
    EXPECT_EQ(status("/elsewhere", {}), 404U);
    EXPECT_EQ(server.https().get("/ws").status, 426U);
}

TEST(WebSocket, HasAListenerOfItsOwn)
{
    running_server const server;
    ws_client ws("127.0.0.1", server.websocket_port(), "/ws");
    ws.send_text("here");
    EXPECT_EQ(ws.receive().text, "here");
    https_client https("127.0.0.1", server.websocket_port());
    EXPECT_EQ(https.get("/echo").status, 404U);
    EXPECT_EQ(https.get("/ws").status, 426U);
}

struct bad_frame {
    char const* name;
    std::string bytes;
    std::uint16_t code;
};
/// What the socket layer itself closes with `bye`; Beast answers the others without asking.
bool has_bye(std::uint16_t code)
{
    return code == 1003 || code == 1009;
}
class BadFrame : public testing::TestWithParam<bad_frame> {};

TEST_P(BadFrame, IsAnsweredWithItsCode)
{
    running_server server;
    auto ws = server.websocket();
    ws.send_raw(GetParam().bytes);
    auto end = ws.receive();
    if (has_bye(GetParam().code)) {
        EXPECT_EQ(end.text.find("{\"type\":\"bye\",\"code\":" + std::to_string(GetParam().code)), 0U) << end.text;
        end = ws.receive();
    }
    EXPECT_EQ(end.what, kind::closed);
    EXPECT_EQ(end.close_code, GetParam().code);
    EXPECT_TRUE(server.seen.wait_until_closed(1));
}

INSTANTIATE_TEST_SUITE_P(All, BadFrame,
    testing::Values(bad_frame{"Binary", ws_client::frame(0x82, "abc"), 1003},
        bad_frame{"BadUtf8", ws_client::frame(0x81, "a\xC3("), 1007},
        bad_frame{"Surrogate", ws_client::frame(0x81, "\xED\xA0\x80"), 1007},
        bad_frame{"TooLarge", ws_client::frame(0x81, std::string(65'537, 'a')), 1009},
        bad_frame{"TooLargeInPieces",
            ws_client::frame(0x01, std::string(40'000, 'a')) + ws_client::frame(0x80, std::string(40'000, 'a')), 1009},
        bad_frame{"ReservedBit", ws_client::frame(0xC1, "abc"), 1002},
        bad_frame{"ReservedOpcode", ws_client::frame(0x83, "abc"), 1002},
        bad_frame{"Unmasked",
            std::string("\x81\x03"
                        "abc"),
            1002},
        bad_frame{"LongPing", ws_client::frame(0x89, std::string(126, 'a')), 1002},
        bad_frame{"LooseContinuation", ws_client::frame(0x80, "abc"), 1002}),
    [](auto const& each) { return each.param.name; });

TEST(WebSocket, ResumesReadingWhenTold)
{
    running_server const server;
    auto ws = server.websocket();
    for (int i = 0; i < 100; ++i) ws.send_text("hold:" + std::to_string(i));
    for (int i = 0; i < 100; ++i) EXPECT_EQ(ws.receive().text, "hold:" + std::to_string(i));
}

TEST(WebSocket, IsSentToAndClosedFromAnyThread)
{
    running_server server;
    auto ws = server.websocket();
    ws.send_text("up");
    EXPECT_EQ(ws.receive().text, "up");
    auto const socket = server.seen.last();
    for (int i = 0; i < 50; ++i) socket->send(std::make_shared<std::string const>(std::to_string(i)));
    socket->close(4103, "appointment closed");
    socket->send(std::make_shared<std::string const>("too late"));
    for (int i = 0; i < 50; ++i) EXPECT_EQ(ws.receive().text, std::to_string(i));
    auto const end = ws.receive();
    EXPECT_EQ(end.close_code, 4103U);
    EXPECT_EQ(end.close_reason, "appointment closed");
    EXPECT_TRUE(server.seen.wait_until_closed(1));
    socket->send(std::make_shared<std::string const>("gone"));
    socket->close(1000, "");
}

TEST(WebSocket, CutsWhoNeverReads)
{
    server_options options;
    options.limits.write_timeout = base::milliseconds{300};
    options.limits.queue_bytes_max = 64U << 20;
    running_server server(options);
    auto ws = server.websocket();
    ws.send_text("flood:2000");
    EXPECT_TRUE(server.seen.wait_until_closed(1));
}

TEST(WebSocket, ClosesASlowConsumer)
{
    running_server server;
    auto ws = server.websocket();
    ws.send_text("flood:1000");
    EXPECT_TRUE([&ws] {
        for (;;) {
            auto const got = ws.receive();
            if (got.what != kind::text) return got.close_code == 4008;
        }
    }());
    EXPECT_TRUE(server.seen.wait_until_closed(1));
}

TEST(WebSocket, CountsAsAStrangerUntilItHasRegistered)
{
    server_options options;
    options.limits.sockets_per_ip = 320;
    options.sockets_max = 40; // so twenty strangers are all there may be, and ten are many
    running_server const server(options);
    std::vector<ws_client> strangers;
    for (int i = 0; i < 10; ++i) strangers.push_back(server.websocket());
    EXPECT_EQ(server.refused("/ws").status, 503U) << "what is left is for other addresses";
    for (auto& each : strangers) {
        each.send_text(R"({"type":"registered"})");
        EXPECT_EQ(each.receive().text, R"({"type":"registered"})");
    }
    for (int i = 0; i < 5; ++i) strangers.push_back(server.websocket());
    EXPECT_EQ(server.refused("/ws").status, 101U);
}

TEST(WebSocket, ReplaysMoreThanItsQueueHolds)
{
    server_options options;
    options.limits.queue_bytes_max = 65'536;
    running_server server(options);
    auto ws = server.websocket();
    ws.send_text("replay:256");
    ws.send_text("live");
    for (int i = 0; i < 256; ++i)
        ASSERT_EQ(ws.receive().text, std::to_string(i) + std::string(1'024, 'x')) << "message " << i;
    EXPECT_EQ(ws.receive().text, "live");
    server.seen.last()->send_replay({});
    EXPECT_EQ(ws.close(1000), 1000U);
}

TEST(WebSocket, ReadsNoFasterThanAllowed)
{
    server_options options;
    options.limits.messages_per_s = 40;
    options.limits.messages_burst = 10;
    running_server const server(options);
    auto ws = server.websocket();
    auto const begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 30; ++i) ws.send_text(std::to_string(i));
    for (int i = 0; i < 30; ++i) EXPECT_EQ(ws.receive().text, std::to_string(i));
    // 20 beyond the burst at 40/s; the first read of all spends no waiting time.
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds{400});
}

TEST(WebSocket, ClosesWhoStaysAheadOfTheRate)
{
    server_options options;
    options.limits.messages_per_s = 10;
    options.limits.messages_burst = 10;
    options.lag_max = base::milliseconds{500};
    running_server server(options);
    auto ws = server.websocket();
    auto const message = ws_client::frame(0x81, std::string(5'000, 'a'));
    std::string flood;
    for (int i = 0; i < 200; ++i) flood += message;
    ws.send_raw_within(flood, std::chrono::milliseconds{2'000});
    for (;;) {
        auto const got = ws.receive();
        if (got.what == kind::text) continue;
        EXPECT_EQ(got.close_code, 4429U);
        break;
    }
    EXPECT_TRUE(server.seen.wait_until_closed(1));
}

TEST(WebSocket, AFailingHandlerEndsItsSocketOnly)
{
    running_server server;
    auto broken = server.websocket();
    auto other = server.websocket();
    broken.send_text("throw");
    EXPECT_NE(broken.receive().text.find("\"bye\""), std::string::npos);
    EXPECT_EQ(broken.receive().close_code, 1011U);
    EXPECT_TRUE(server.seen.wait_until_closed(1));
    other.send_text("still here");
    EXPECT_EQ(other.receive().text, "still here");
}

TEST(WebSocket, ClosesWhoFloodsPings)
{
    server_options options;
    options.limits.messages_burst = 20;
    running_server server(options);
    auto ws = server.websocket();
    std::string pings;
    for (int i = 0; i < 100; ++i) pings += ws_client::frame(0x89, "x");
    ws.send_raw(pings);
    auto const bye = ws.receive().text;
    EXPECT_NE(bye.find("\"retryAfterMs\""), std::string::npos) << bye;
    EXPECT_EQ(ws.receive().close_code, 4429U);
}

TEST(WebSocket, NoticesADroppedPeer)
{
    running_server server;
    auto ws = server.websocket();
    ws.send_text("up");
    EXPECT_EQ(ws.receive().text, "up");
    ws.drop();
    EXPECT_TRUE(server.seen.wait_until_closed(1));
}

TEST(WebSocket, AllAreClosedAtDrain)
{
    running_server server;
    auto one = server.websocket();
    auto two = server.websocket();
    one.send_text("up");
    two.send_text("up");
    EXPECT_EQ(one.receive().text, "up");
    EXPECT_EQ(two.receive().text, "up");
    tls_client idle("127.0.0.1", server.port());
    idle.write("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(idle.read_answer().status, 200U);
    server.server().stop_accepting();
    server.server().close_all(4300, "draining");
    EXPECT_EQ(one.receive().close_code, 4300U);
    EXPECT_EQ(two.receive().close_code, 4300U);
    EXPECT_TRUE(idle.closed_by_peer());
    EXPECT_TRUE(server.seen.wait_until_closed(2));
    EXPECT_THROW(tls_client("127.0.0.1", server.port()), std::runtime_error);
}

} // namespace
} // namespace rendezvous::net::test
