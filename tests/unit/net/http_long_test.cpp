// Bodies that are made while they are sent.

#include "fixture.hpp"

#include <gtest/gtest.h>

namespace rendezvous::net::test {
namespace {

std::string body_of(std::string const& answer)
{
    return answer.substr(answer.find("\r\n\r\n") + 4);
}

TEST(LongAnswer, GoesOutInChunksAndLeavesTheConnectionOpen)
{
    running_server server;
    tls_client raw("127.0.0.1", server.port());
    raw.write("GET /long?pieces=2&bytes=26&fails=0 HTTP/1.1\r\nHost: a\r\n\r\n"
              "GET /echo?n=2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    auto const all = raw.read_to_end();
    ASSERT_TRUE(all);
    EXPECT_NE(all->find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_EQ(all->substr(0, all->find("\r\n\r\n")).find("Content-Length"), std::string::npos);
    auto const chunk = "1a\r\n" + std::string(26, 'x') + "\r\n";
    EXPECT_TRUE(body_of(*all).starts_with(chunk + chunk + "0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(all->ends_with("\r\n\r\nn=2;"));
    EXPECT_TRUE(server.seen.wait_until_closed(1));
}

TEST(LongAnswer, EndsWithTheConnectionWhereChunksAreNotKnown)
{
    running_server server;
    tls_client raw("127.0.0.1", server.port());
    raw.write("GET /long?pieces=3&bytes=5&fails=0 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    auto const all = raw.read_to_end();
    ASSERT_TRUE(all);
    EXPECT_EQ(all->find("Transfer-Encoding"), std::string::npos);
    EXPECT_NE(all->find("Connection: close\r\n"), std::string::npos);
    EXPECT_EQ(body_of(*all), std::string(15, 'x'));
}

TEST(LongAnswer, IsLeftWithoutAnEndWhenItsMakerFails)
{
    running_server server;
    tls_client raw("127.0.0.1", server.port());
    raw.write("GET /long?pieces=1&bytes=5&fails=1 HTTP/1.1\r\nHost: a\r\n\r\n");
    auto const all = raw.read_to_end();
    ASSERT_TRUE(all);
    EXPECT_EQ(body_of(*all), "5\r\nxxxxx\r\n");
}

TEST(LongAnswer, IsNotMadeForWhoAsksForItsHead)
{
    running_server server;
    tls_client raw("127.0.0.1", server.port());
    raw.write("HEAD /long?pieces=3&bytes=5&fails=0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    auto const all = raw.read_to_end();
    ASSERT_TRUE(all);
    EXPECT_NE(all->find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_EQ(body_of(*all), "");
    EXPECT_EQ(server.seen.pieces_made, 0U);
}

TEST(LongAnswer, IsMadeAsFastAsItIsTakenAndCutForWhoTakesNothing)
{
    server_options options;
    options.limits.write_timeout = base::milliseconds{200};
    running_server server(options, 1);
    tls_client slow("127.0.0.1", server.port());
    constexpr std::size_t piece = 64 * 1024;
    slow.write("GET /long?pieces=100000&bytes=" + std::to_string(piece) + "&fails=0 HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(server.seen.wait_until_closed(1));
    EXPECT_GT(server.seen.pieces_made, 0U);
    EXPECT_LT(server.seen.pieces_made, (32U << 20) / piece) << "only what the sockets' buffers hold";
    EXPECT_EQ(server.https().get("/echo?others=served").body, "others=served;");
}

TEST(LongAnswer, IsDroppedWhenThePeerIsGone)
{
    running_server server;
    {
        tls_client raw("127.0.0.1", server.port());
        raw.write("GET /long?pieces=100000&bytes=65536&fails=0 HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    EXPECT_TRUE(server.seen.wait_until_closed(1));
    EXPECT_LT(server.seen.pieces_made, 100'000U);
}

} // namespace
} // namespace rendezvous::net::test
