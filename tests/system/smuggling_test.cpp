// Requests that two readers might cut at different places (RFC 9112 11.2). Whatever hides behind
// one is never answered nor done: one refusal, and the connection ends.

#include "system_fixture.hpp"

namespace rendezvous::test {
namespace {

using std::string;

struct doubtful {
    string what;
    string head_and_body; ///< the hidden request follows
    unsigned status;
};

/// One request of the table, up to where the hidden one begins.
string post(string const& fields, string const& body = {})
{
    return "POST /api/invites/x/redeem HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body;
}

string get(string const& fields)
{
    return "GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

std::vector<doubtful> lengths()
{
    string const chunked = "Transfer-Encoding: chunked\r\n";
    return {
        {"a length and chunks", post("Content-Length: 5\r\n" + chunked, "0\r\n\r\n"), 400},
        {"chunks and a length", post(chunked + "Content-Length: 5\r\n", "0\r\n\r\n"), 400},
        {"a length of 0 and chunks", post("Content-Length: 0\r\n" + chunked, "0\r\n\r\n"), 400},
        {"two lengths", post("Content-Length: 0\r\nContent-Length: 5\r\n"), 400},
        {"the same length twice", post("Content-Length: 0\r\nContent-Length: 0\r\n"), 400},
        {"a list of lengths", post("Content-Length: 0, 0\r\n"), 400},
        {"a length with a plus", post("Content-Length: +0\r\n"), 400},
        {"a negative length", post("Content-Length: -1\r\n"), 400},
        {"a hexadecimal length", post("Content-Length: 0x0\r\n"), 400},
        {"a length with a space inside", post("Content-Length: 0 0\r\n"), 400},
        {"an empty length", post("Content-Length:\r\n"), 400},
        {"a length that is a word", post("Content-Length: none\r\n"), 400},
        {"a length with a fraction", post("Content-Length: 0.0\r\n"), 400},
        {"a length of 2^64", post("Content-Length: 18446744073709551616\r\n"), 400},
        {"a length beyond the limit", post("Content-Length: 65537\r\n"), 413},
        {"a length of 2^63", post("Content-Length: 9223372036854775808\r\n"), 413},
        {"a length in an upgrade", get("Upgrade: websocket\r\nContent-Length: abc\r\n"), 400},
    };
}

std::vector<doubtful> codings()
{
    auto const coded = [](string const& line) { return post(line + "\r\n", "0\r\n\r\n"); };
    return {
        {"chunked twice", coded("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
        {"chunked and identity", coded("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), 400},
        {"a list of chunked", coded("Transfer-Encoding: chunked, chunked"), 501},
        {"identity, chunked", coded("Transfer-Encoding: identity, chunked"), 501},
        {"gzip, chunked", coded("Transfer-Encoding: gzip, chunked"), 501},
        {"chunked, identity", coded("Transfer-Encoding: chunked, identity"), 501},
        {"identity", coded("Transfer-Encoding: identity"), 501},
        {"xchunked", coded("Transfer-Encoding: xchunked"), 501},
        {"chunked in quotes", coded("Transfer-Encoding: \"chunked\""), 501},
        {"chunked with a parameter", coded("Transfer-Encoding: chunked;q=1"), 501},
        {"a vertical tab before chunked",
            coded("Transfer-Encoding: \x0b"
                  "chunked"),
            400},
        {"a NUL behind chunked", coded("Transfer-Encoding: chunked" + string(1, '\0')), 400},
        {"an empty coding", coded("Transfer-Encoding:"), 501},
        {"a space before the colon", coded("Transfer-Encoding : chunked"), 400},
        {"a tab before the colon", coded("Transfer-Encoding\t: chunked"), 400},
        {"a space before the name", post(" Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        {"chunked on a folded line", coded("Transfer-Encoding:\r\n chunked"), 400},
        {"a folded line that hides it", coded("X: a\r\n\tTransfer-Encoding: chunked"), 400},
        {"chunked in HTTP/1.0",
            "POST /api/invites/x/redeem HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400},
    };
}

std::vector<doubtful> chunks()
{
    auto const body = [](string const& text) { return post("Transfer-Encoding: chunked\r\n", text); };
    return {
        {"a size with 0x", body("0x2\r\n{}\r\n0\r\n\r\n"), 400},
        {"a size with a plus", body("+2\r\n{}\r\n0\r\n\r\n"), 400},
        {"a negative size", body("-2\r\n{}\r\n0\r\n\r\n"), 400},
        {"no size", body("\r\n{}\r\n0\r\n\r\n"), 400},
        {"a size that is a word", body("two\r\n{}\r\n0\r\n\r\n"), 400},
        {"a size of seventeen digits", body("10000000000000002\r\n{}\r\n0\r\n\r\n"), 400},
        {"a size of 2^64 - 1", body("ffffffffffffffff\r\n{}\r\n0\r\n\r\n"), 413},
        {"a size beyond the limit", body("10001\r\n{}\r\n0\r\n\r\n"), 413},
        {"a size that ends in a bare line feed", body("2\n{}\r\n0\r\n\r\n"), 400},
        {"a size that ends in a bare return", body("2\r{}\r\n0\r\n\r\n"), 400},
        {"an extension with a bare line feed", body("2;a\n{}\r\n0\r\n\r\n"), 400},
        {"an extension that hides a size", body("2;\n3\r\n{}\r\n0\r\n\r\n"), 400},
        {"a chunk longer than it says", body("2\r\n{}x\r\n0\r\n\r\n"), 400},
        {"a chunk without an end", body("2\r\n{}0\r\n\r\n"), 400},
        {"a chunk that ends in a bare line feed", body("2\r\n{}\n0\r\n\r\n"), 400},
        {"a last chunk that ends in a bare line feed", body("2\r\n{}\r\n0\n\n"), 400},
        {"a trailer with a space before the colon", body("0\r\nX : 1\r\n\r\n"), 400},
        {"a trailer", body("2\r\n{}\r\n0\r\nX: 1\r\n\r\n"), 400},
        {"a length as trailer", body("2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n"), 400},
        {"a folded trailer", body("0\r\nX: 1\r\n Content-Length: 5\r\n\r\n"), 400},
        {"a trailer with a bare line feed", body("0\r\nX: 1\nY: 2\r\n\r\n"), 400},
        {"an endless extension", body("2;" + string(20'000, 'x')), 431},
        {"an endless trailer", body("0\r\nX: " + string(20'000, 'x')), 431},
    };
}

std::vector<doubtful> lines()
{
    auto const first = [](string const& line) { return line + "\r\nHost: localhost\r\n\r\n"; };
    return {
        {"bare line feeds", "GET /healthz HTTP/1.1\nHost: localhost\n\n", 400},
        {"one bare line feed", "GET /healthz HTTP/1.1\r\nHost: localhost\nX: 1\r\n\r\n", 400},
        {"a bare return", "GET /healthz HTTP/1.1\r\nHost: localhost\rX: 1\r\n\r\n", 400},
        {"two returns", "GET /healthz HTTP/1.1\r\nHost: localhost\r\r\n\r\n", 400},
        {"a header without colon", get("X\r\n"), 400},
        {"a header without name", get(": x\r\n"), 400},
        {"a space in a name", get("X Y: 1\r\n"), 400},
        {"a control character in a value",
            get("X: a\x01"
                "b\r\n"),
            400},
        {"a NUL in a value", get("X: a" + string(1, '\0') + "b\r\n"), 400},
        {"a name that is not ASCII", get("X\xc3\xa9: 1\r\n"), 400},
        {"no Host", "GET /healthz HTTP/1.1\r\n\r\n", 400},
        {"two Hosts", get("Host: evil.example\r\n"), 400},
        {"the same Host twice", get("Host: localhost\r\n"), 400},
        {"an absolute target", first("GET https://localhost/healthz HTTP/1.1"), 400},
        {"an absolute target elsewhere", first("GET http://169.254.169.254/latest HTTP/1.1"), 400},
        {"CONNECT", first("CONNECT evil.example:443 HTTP/1.1"), 400},
        {"OPTIONS *", first("OPTIONS * HTTP/1.1"), 400},
        {"a target without slash", first("GET healthz HTTP/1.1"), 400},
        {"no target", first("GET  HTTP/1.1"), 400},
        {"a tab for a space", first("GET\t/healthz HTTP/1.1"), 400},
        {"two spaces", first("GET  /healthz HTTP/1.1"), 400},
        {"a space behind the version", first("GET /healthz HTTP/1.1 "), 505},
        {"HTTP/0.9", first("GET /healthz"), 400},
        {"HTTP/1.2", first("GET /healthz HTTP/1.2"), 505},
        {"HTTP/2.0", first("GET /healthz HTTP/2.0"), 505},
        {"HTTP/1.1 in lower case", first("GET /healthz http/1.1"), 505},
        {"HTTP/1.10", first("GET /healthz HTTP/1.10"), 505},
        {"a method in quotes", first("\"GET\" /healthz HTTP/1.1"), 400},
        {"a target that is not ASCII", first("GET /h\xc3\xa9 HTTP/1.1"), 400},
        {"a target with a control character", first("GET /health\x7fz HTTP/1.1"), 400},
        {"an expectation that is none", get("Expect: 200-ok\r\n"), 417},
        {"a header of 9000 bytes", get("X: " + string(9'000, 'x') + "\r\n"), 431},
        {"a target of 9000 bytes", first("GET /" + string(9'000, 'x') + " HTTP/1.1"), 431},
        {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    };
}

class Smuggling : public ::testing::Test {
protected:
    running_server& server()
    {
        static running_server one(2);
        return one;
    }
    /// What must never be carried out.
    string hidden(visit const& v)
    {
        return "DELETE " + v.path() + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + server().api_key()
               + "\r\n\r\n";
    }
    void expect_one_refusal_each(std::vector<doubtful> const& table)
    {
        auto const v = book_visit(server());
        for (auto const port : {server().port(), server().folder().websocket_port()})
            for (auto const& row : table) {
                tls_client connection("127.0.0.1", port);
                connection.write_within(row.head_and_body + hidden(v), patience);
                auto const answer = connection.read_answer();
                EXPECT_EQ(answer.status, row.status) << row.what << ": " << answer.body;
                EXPECT_FALSE(answer.keep_alive) << row.what;
                if (answer.keep_alive) continue;
                EXPECT_EQ(answer.header("content-type"), "application/problem+json") << row.what;
                EXPECT_EQ(connection.read_to_end(), "")
                    << row.what << ": what was hidden was answered, or nothing ended";
            }
        EXPECT_EQ(body_of(server().rest("GET", v.path(), server().api_key()))["status"], "booked");
    }
};

TEST_F(Smuggling, ByLengthsIsRefused)
{
    expect_one_refusal_each(lengths());
}

TEST_F(Smuggling, ByCodingsIsRefused)
{
    expect_one_refusal_each(codings());
}

TEST_F(Smuggling, ByChunksIsRefused)
{
    expect_one_refusal_each(chunks());
}

TEST_F(Smuggling, ByLinesIsRefused)
{
    expect_one_refusal_each(lines());
}

/// What the tables vary is good: else everything would be refused for the same unrelated reason.
TEST_F(Smuggling, IsNotSeenInHonestRequests)
{
    for (auto const& [what, text, status] : std::vector<doubtful>{
             {"a length", post("Content-Length: 2\r\n", "{}"), 404},
             {"chunks", post("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), 404},
             {"chunks with an extension", post("Transfer-Encoding: Chunked\r\n", "2;a=b\r\n{}\r\n0\r\n\r\n"), 404},
             {"an upgrade to something else", get("Connection: Upgrade\r\nUpgrade: h2c\r\n"), 200},
             {"nothing special", get(""), 200},
         }) {
        tls_client connection("127.0.0.1", server().port());
        connection.write(text + text + get(""));
        EXPECT_EQ(connection.read_answer().status, status) << what;
        EXPECT_EQ(connection.read_answer().status, status) << what << ", again";
        EXPECT_EQ(connection.read_answer().status, 200U) << what << ", and the next";
    }
}

TEST_F(Smuggling, OfARequestIntoAnUpgradeIsRefused)
{
    auto const v = book_visit(server());
    string const fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    string const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    auto const upgrade = [](string const& method, string const& more, string const& version = "1.1") {
        return method + " /ws HTTP/" + version + "\r\nHost: localhost\r\n" + more + "\r\n";
    };
    for (auto const& [what, text, status] :
        std::vector<doubtful>{
            {"a request behind it", upgrade("GET", fields + key), 400},
            {"a body", upgrade("GET", fields + key + "Content-Length: 2\r\n") + "{}", 400},
            {"chunks", upgrade("GET", fields + key + "Transfer-Encoding: chunked\r\n") + "2\r\n{}\r\n0\r\n\r\n", 400},
            {"POST", upgrade("POST", fields + key), 400},
            {"two keys", upgrade("GET", fields + key + key), 400},
            {"a short key", upgrade("GET", fields + "Sec-WebSocket-Key: AAAA\r\n"), 400},
            {"no key", upgrade("GET", fields), 400},
            {"two versions", upgrade("GET", fields + key + "Sec-WebSocket-Version: 13\r\n"), 400},
            {"version 8",
                upgrade("GET", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n" + key), 426},
            {"HTTP/1.0", upgrade("GET", fields + key, "1.0"), 400},
            {"two Origins",
                upgrade("GET", fields + key + "Origin: https://localhost:" + std::to_string(server().port())
                                   + "\r\nOrigin: https://evil.example\r\n"),
                400},
            {"other subprotocols", upgrade("GET", fields + key + "Sec-WebSocket-Protocol: mqtt, RENDEZVOUS.V1\r\n"),
                400},
        })
        for (auto const port : {server().port(), server().folder().websocket_port()}) {
            tls_client connection("127.0.0.1", port);
            connection.write(text + hidden(v));
            auto const answer = connection.read_answer();
            EXPECT_EQ(answer.status, status) << what << ": " << answer.body;
            EXPECT_EQ(connection.read_to_end(), "") << what;
        }
    EXPECT_EQ(body_of(server().rest("GET", v.path(), server().api_key()))["status"], "booked");
}

TEST_F(Smuggling, WithoutTlsIsNotEvenRead)
{
    for (auto const port : {server().port(), server().folder().websocket_port()}) {
        tcp_client plain("127.0.0.1", port);
        plain.write(get(""));
        EXPECT_TRUE(plain.closed_by_peer());
    }
}

} // namespace
} // namespace rendezvous::test
