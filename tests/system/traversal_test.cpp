// Paths that try to leave the web folder, or to be read twice. They are malformed (400) or unknown
// (404), on both ports, and no answer shows a byte of what they ask for.

#include "system_fixture.hpp"

#include <fstream>
#include <iterator>

namespace rendezvous::test {
namespace {

using std::string;

struct path_row {
    char const* target;
    unsigned status; ///< on the port that serves pages
};

constexpr path_row malformed[] = {
    {"/..", 400},
    {"/../etc/passwd", 400},
    {"/../../../../../../etc/passwd", 400},
    {"/%2e%2e/etc/passwd", 400},
    {"/.%2e/etc/passwd", 400},
    {"/%2E./etc/passwd", 400},
    {"/./index.html", 400},
    {"/%2e/index.html", 400},
    {"//index.html", 400},
    {"//evil.example/", 400},
    {"/js//pages/join.js", 400},
    {"/js/../index.html", 400},
    {"/js/%2e%2e/index.html", 400},
    {"/css/../../config/rendezvous.toml", 400},
    {"/join/../../migrations/0001_calls.sql", 400},
    {"/appointments/%2e%2e/%2e%2e/cert.pem", 400},
    {"/js/..\\..\\migrations", 400},
    {"/js/..%5c..%5cmigrations", 400},
    {"/%5c..%5cetc", 400},
    {"/%00", 400},
    {"/index.html%00", 400},
    {"/index.html%00.png", 400},
    {"/js/a%0d%0aSet-Cookie:%20x=1", 400},
    {"/js/%09", 400},
    {"/%7f", 400},
    {"/%", 400},
    {"/%2", 400},
    {"/%zz", 400},
    {"/%u002e%u002e/etc", 400},
    {"/index.html#top", 400},
    {"/<script>", 400},
    {"/\"", 400},
    {"/{a}", 400},
    {"/a|b", 400},
    {"/api/../index.html", 400},
    {"/api/appointments/../calls", 400},
    {"/api/appointments/%2e%2e/calls", 400},
    {"/api/appointments/x/../../calls", 400},
    {"/api//calls", 400},
    {"/ws/../healthz", 400},
    {"/appointment/../ws", 400},
    {"/appointment/%2e%2e", 400},
    {"/healthz?x=%00", 400},
    {"/healthz?x=%zz", 400},
};

constexpr path_row unknown[] = {
    {"/%252e%252e/etc/passwd", 404},
    {"/..%2f..%2fetc%2fpasswd", 404},
    {"/js/..%2fpackage.json", 404},
    {"/js/%2e%2e%2fpackage.json", 404},
    {"/js%2fpages%2fjoin.js", 404},
    {"/%2findex.html", 404},
    {"/%c0%ae%c0%ae/etc/passwd", 404},
    {"/%e0%80%ae%e0%80%ae/etc/passwd", 404},
    {"/%c0%af..%c0%afetc", 404},
    {"/%ff%fe", 404},
    {"/..;/etc/passwd", 404},
    {"/index.html/", 404},
    {"/index.html/x", 404},
    {"/INDEX.HTML", 404},
    {"/index.html::$DATA", 404},
    {"/index.html~", 404},
    {"/index.html.bak", 404},
    {"/.git/config", 404},
    {"/.env", 404},
    {"/.well-known/security.txt", 404},
    {"/package.json", 404},
    {"/tsconfig.json", 404},
    {"/node_modules/x/package.json", 404},
    {"/rendezvous.toml", 404},
    {"/config/rendezvous.toml", 404},
    {"/cert.pem", 404},
    {"/key.pem", 404},
    {"/booking.secret", 404},
    {"/var/rendezvous.db", 404},
    {"/var/rendezvous.db-wal", 404},
    {"/migrations/0001_calls.sql", 404},
    {"/proc/self/environ", 404},
    {"/~root/", 404},
    {"/js", 404},
    {"/js/", 404},
    {"/metrics", 404},
    {"/server-status", 404},
    {"/api", 404},
    {"/api/appointments/..%2f..%2fcalls", 404},
    {"/api/appointments/a%2fb", 404},
    {"/api/appointments/a%20b", 404},
    {"/api/appointments/a%25b", 404},
    {"/api/appointments/';DROP%20TABLE%20calls;--", 404},
    {"/api/calls/..%2fappointments", 404},
    {"/api/calls/00000000-0000-0000-0000-000000000000", 404},
    {"/api/calls/%ff", 404},
    {"/appointment/a%2fb", 404},
    {"/appointment/a/b", 404},
    {"/appointment/", 404},
    {"/WS", 404},
    {"/ws;x=1", 404},
    {"/ws%3ftoken=x", 404},
};

string content_of(std::filesystem::path const& file)
{
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class Traversal : public ::testing::Test {
protected:
    running_server& server()
    {
        static running_server one(2);
        return one;
    }
    /// What no answer may hold, whoever asks.
    std::vector<string> secrets()
    {
        auto const folder = server().folder().path();
        return {"root:", "PRIVATE KEY", "BEGIN CERTIFICATE", content_of(folder / "booking.secret"), "[server]",
            "SQLite format", "CREATE TABLE", folder.string(), RENDEZVOUS_SOURCE_DIR, "devDependencies", "PATH="};
    }
    void expect_status(string const& target, std::uint16_t port, unsigned status, bool with_key)
    {
        tls_client connection("127.0.0.1", port);
        auto const key = with_key ? "Authorization: Bearer " + server().api_key() + "\r\n" : string{};
        connection.write("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + key + "Connection: close\r\n\r\n");
        auto const answer = connection.read_answer();
        EXPECT_EQ(answer.status, status) << target << " on " << port << ": " << answer.body.substr(0, 200);
        EXPECT_EQ(answer.header("content-type"), "application/problem+json") << target;
        EXPECT_EQ(answer.header("set-cookie"), "") << target;
        for (auto const& secret : secrets()) EXPECT_EQ(answer.body.find(secret), string::npos) << target;
    }
};

TEST_F(Traversal, IsRefusedWhereverItLeads)
{
    for (auto const& [target, status] : malformed) {
        expect_status(target, server().port(), status, false);
        expect_status(target, server().port(), status, true);
        expect_status(target, server().folder().websocket_port(), status, false);
    }
}

TEST_F(Traversal, FindsNothing)
{
    for (auto const& [target, status] : unknown) {
        expect_status(target, server().port(), status, true);
        expect_status(target, server().folder().websocket_port(), 404, false);
    }
}

TEST_F(Traversal, IsNotHelpedByLength)
{
    string many;
    for (int i = 0; i < 3'500; ++i) many += "/a";
    string dots;
    for (int i = 0; i < 2'000; ++i) dots += "/..";
    expect_status("/" + string(7'000, 'a'), server().port(), 404, false);
    expect_status(many, server().port(), 404, false);
    expect_status(dots, server().port(), 400, false);
    expect_status("/" + string(9'000, 'a'), server().port(), 431, false);
    expect_status("/api/appointments/" + string(129, 'a'), server().port(), 404, true);
}

/// The pages themselves, so that the tables above are not about a server without any.
TEST_F(Traversal, LeavesPagesReadable)
{
    for (auto const* target : {"/", "/join", "/join/any/thing", "/appointments", "/appointments/x", "/admin"}) {
        auto const answer = server().rest("GET", target, "");
        EXPECT_EQ(answer.status, 200U) << target;
        EXPECT_TRUE(answer.header("content-type").starts_with("text/html")) << target;
    }
}

/// Only the WebSocket lives there.
TEST_F(Traversal, FindsNoPageOnTheSecondPort)
{
    for (auto const* target : {"/", "/join", "/js/lib/api.js", "/healthz", "/api/calls", "/openapi.json"})
        expect_status(target, server().folder().websocket_port(), 404, true);
}

} // namespace
} // namespace rendezvous::test
