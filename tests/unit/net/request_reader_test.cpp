#include "net/request_reader.hpp"

#include <gtest/gtest.h>

namespace rendezvous::net {
namespace {

using progress = request_reader::progress;

struct outcome {
    progress last = progress::header;
    request_fault fault;
    http_request request;
    std::string rest;
};

/// Feeds `text` in pieces of `piece` bytes and answers header_done as a connection would.
outcome read_all(std::string const& text, std::size_t piece = 100'000, std::size_t body_max = 1'000)
{
    request_reader reader(body_max);
    outcome out;
    for (std::size_t at = 0; at < text.size() && out.last != progress::done && out.last != progress::failed;) {
        out.rest += text.substr(at, piece);
        at += piece;
        do {
            out.last = reader.feed(out.rest);
        } while (out.last == progress::header_done);
    }
    out.fault = reader.fault();
    if (out.last == progress::done) out.request = reader.take();
    return out;
}

std::string const host = "Host: a\r\n";

TEST(RequestReader, ReadsBodiesInAnyPieces)
{
    for (std::size_t const piece : {1U, 2U, 3U, 7U, 1'000U}) {
        auto const fixed = read_all("POST /x?y=1 HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", piece);
        ASSERT_EQ(fixed.last, progress::done) << piece << fixed.fault.title;
        EXPECT_EQ(fixed.request.body, "hello");
        EXPECT_EQ(fixed.request.method, http_method::post);
        EXPECT_EQ(fixed.request.query.at(0).second, "1");
        auto const chunked = read_all(
            "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\n\r\n",
            piece);
        ASSERT_EQ(chunked.last, progress::done) << piece << chunked.fault.title;
        EXPECT_EQ(chunked.request.body, "hello");
    }
}

TEST(RequestReader, LeavesTheNextRequestAlone)
{
    auto const got = read_all("GET /a HTTP/1.1\r\n" + host + "\r\nGET /b HTTP/1.1\r\n");
    ASSERT_EQ(got.last, progress::done);
    EXPECT_EQ(got.request.path, "/a");
    EXPECT_EQ(got.rest, "GET /b HTTP/1.1\r\n");
}

struct bad_request {
    std::string text;
    unsigned status;
};
class BadRequest : public testing::TestWithParam<bad_request> {};

TEST_P(BadRequest, IsRefused)
{
    auto const got = read_all(GetParam().text);
    ASSERT_EQ(got.last, progress::failed) << GetParam().text;
    EXPECT_EQ(got.fault.status, GetParam().status) << got.fault.title;
}

std::string post(std::string const& headers)
{
    return "POST / HTTP/1.1\r\n" + host + headers + "\r\n0\r\n\r\n";
}

INSTANTIATE_TEST_SUITE_P(Smuggling, BadRequest,
    testing::Values(bad_request{post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
        bad_request{post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
        bad_request{post("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
        bad_request{post("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
        bad_request{post("Content-Length: 5, 5\r\n"), 400}, bad_request{post("Content-Length: +5\r\n"), 400},
        bad_request{post("Content-Length: 0x5\r\n"), 400}, bad_request{post("Content-Length: -1\r\n"), 400},
        bad_request{post("Content-Length:\r\n"), 400},
        bad_request{post("Content-Length: 99999999999999999999\r\n"), 400},
        bad_request{post("Transfer-Encoding: identity\r\n"), 501},
        bad_request{post("Transfer-Encoding: xchunked\r\n"), 501},
        bad_request{post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        bad_request{post("Transfer-Encoding : chunked\r\n"), 400}, bad_request{post("A: b\r\n c\r\n"), 400},
        bad_request{post("A: b\r\n\tc\r\n"), 400}, bad_request{post(" A: b\r\n"), 400},
        bad_request{post("A: b\nC: d\r\n"), 400}, bad_request{post("A: b\rC: d\r\n"), 400},
        bad_request{post(std::string("A: b\0c\r\n", 8)), 400}, bad_request{post("no colon\r\n"), 400},
        bad_request{post(": empty name\r\n"), 400}, bad_request{post(host), 400},
        bad_request{"GET / HTTP/1.1\r\n\r\n", 400}, bad_request{"GET /\r\n\r\n", 400},
        bad_request{"GET / HTTP/1.1\n", 400}, bad_request{"GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
        bad_request{"GET /../x HTTP/1.1\r\n" + host + "\r\n", 400},
        bad_request{"GET http://a/ HTTP/1.1\r\n" + host + "\r\n", 400},
        bad_request{"GET / HTTP/2.0\r\n" + host + "\r\n", 505},
        bad_request{"POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        bad_request{"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400},
        bad_request{post("Expect: something\r\n"), 417}, bad_request{"\x16\x03\x01\r\n\r\n", 400}));

TEST(RequestReader, BoundsHeaderAndBody)
{
    auto const large_header = read_all("GET / HTTP/1.1\r\n" + host + "A: " + std::string(9'000, 'a') + "\r\n\r\n");
    EXPECT_EQ(large_header.fault.status, 431U);
    auto const endless_header = read_all("GET / HTTP/1.1\r\nA: " + std::string(9'000, 'a'), 10);
    EXPECT_EQ(endless_header.fault.status, 431U);
    auto const announced = read_all("POST / HTTP/1.1\r\n" + host + "Content-Length: 1001\r\n\r\n");
    EXPECT_EQ(announced.fault.status, 413U);
    std::string chunks = "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 200; ++i) chunks += "a\r\n0123456789\r\n";
    EXPECT_EQ(read_all(chunks, 100).fault.status, 413U);
    auto const exactly =
        read_all("POST / HTTP/1.1\r\n" + host + "Content-Length: 1000\r\n\r\n" + std::string(1'000, 'b'));
    EXPECT_EQ(exactly.last, progress::done);
}

TEST(RequestReader, RefusesTrailers)
{
    auto const got =
        read_all("POST /x HTTP/1.1\r\n" + host
                 + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nAuthorization: Bearer x\r\nHost: evil\r\n\r\n");
    EXPECT_EQ(got.last, progress::failed);
    EXPECT_EQ(got.fault.status, 400U);
}

} // namespace
} // namespace rendezvous::net
