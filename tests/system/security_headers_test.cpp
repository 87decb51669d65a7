// The headers that keep a browser from helping an attacker, on every kind of answer.

#include "system_fixture.hpp"

namespace rendezvous::test {
namespace {

using std::string;

void expect_security_headers(http_answer const& answer, string const& what)
{
    EXPECT_EQ(answer.header("strict-transport-security"), "max-age=31536000") << what;
    if (answer.status == 101) return;
    EXPECT_EQ(answer.header("x-content-type-options"), "nosniff") << what;
    EXPECT_EQ(answer.header("referrer-policy"), "no-referrer") << what;
    EXPECT_EQ(answer.header("cross-origin-opener-policy"), "same-origin") << what;
    EXPECT_NE(answer.header("permissions-policy").find("camera=(self)"), string::npos) << what;
    auto const policy = answer.header("content-security-policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none';")) << what;
    EXPECT_NE(policy.find("frame-ancestors"), string::npos) << what;
    EXPECT_EQ(policy.find("unsafe"), string::npos) << what;
    EXPECT_EQ(policy.find("http:"), string::npos) << what;
    EXPECT_EQ(policy.find('*'), string::npos) << what;
    for (auto const* telling : {"x-powered-by", "server", "set-cookie", "x-aspnet-version"})
        EXPECT_EQ(answer.header(telling), "") << what << " has " << telling;
}

TEST(SecurityHeaders, StandOnEveryAnswer)
{
    running_server server(1, {{"server", "allowed_origins", R"(["https://portal.example"])"}});
    auto const v = book_visit(server);
    auto const etag = server.rest("GET", "/", "").header("etag");
    struct row {
        string what;
        http_answer answer;
        unsigned status;
        string cache;
    };
    headers const foreign{{"Origin", "https://portal.example"}, {"Access-Control-Request-Method", "GET"}};
    for (auto const& [what, answer, status, cache] : std::vector<row>{
             {"a page", server.rest("GET", "/", ""), 200, "no-cache"},
             {"a page below a page", server.rest("GET", "/join/x", ""), 200, "no-cache"},
             {"the head of a page", server.rest("HEAD", "/", ""), 200, "no-cache"},
             {"a page that has not changed", server.rest("GET", "/", "", "", {{"If-None-Match", etag}}), 304,
                 "no-cache"},
             {"a module", server.rest("GET", "/js/lib/api.js", ""), 200, "no-cache"},
             {"a picture", server.rest("GET", "/favicon.svg", ""), 200, "no-cache"},
             {"no such page", server.rest("GET", "/nothing", ""), 404, "no-store"},
             {"writing a page", server.rest("POST", "/", ""), 405, "no-store"},
             {"health", server.rest("GET", "/healthz", ""), 200, "no-store"},
             {"data", server.rest("GET", v.path(), v.doctor_token), 200, "private, no-cache"},
             {"no token", server.rest("GET", v.path(), ""), 401, "no-store"},
             {"a wrong token", server.rest("GET", v.path(), "x"), 401, "no-store"},
             {"no such route", server.rest("GET", "/api/nothing", server.api_key()), 404, "no-store"},
             {"no such appointment", server.rest("GET", "/api/appointments/x", server.api_key()), 404, "no-store"},
             {"another method", server.rest("PATCH", v.path(), server.api_key()), 405, "no-store"},
             {"an unknown parameter", server.rest("GET", "/api/calls?x=1", server.api_key()), 422, "no-store"},
             {"no JSON", server.rest("PUT", v.path(), server.api_key(), "{", {{"Content-Type", "application/json"}}),
                 400, "no-store"},
             {"too large", server.rest("PUT", v.path(), server.api_key(), string(70'000, ' ')), 413, "no-store"},
             {"a malformed target", server.rest("GET", "/..", ""), 400, "no-store"},
             {"too long a header", server.rest("GET", "/", "", "", {{"X", string(9'000, 'x')}}), 431, "no-store"},
             {"a preflight", server.rest("OPTIONS", "/api/calls", "", "", foreign), 204, ""},
             {"no upgrade", server.rest("GET", "/ws", ""), 426, "no-store"},
             {"a foreign page", ws_client::refusal("127.0.0.1", server.port(), "/ws", {{"Origin", "null"}}), 403,
                 "no-store"},
             {"an upgrade", ws_client::refusal("127.0.0.1", server.port(), "/ws"), 101, ""},
         }) {
        EXPECT_EQ(answer.status, status) << what;
        EXPECT_EQ(answer.header("cache-control"), cache) << what;
        expect_security_headers(answer, what);
    }
}

TEST(SecurityHeaders, LetAPageRunItsOwnScriptsOnly)
{
    running_server server;
    auto const page = server.rest("GET", "/join", "");
    auto const policy = page.header("content-security-policy");
    for (auto const* rule : {"script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'none'",
             "frame-ancestors 'self'", "font-src 'self'"})
        EXPECT_NE(policy.find(rule), string::npos) << rule;
    for (auto const* inlined :
        {"<script>", "onclick=", "onload=", "javascript:", "<style", "style=\"", "http://", "//cdn"})
        EXPECT_EQ(page.body.find(inlined), string::npos) << inlined;
}

} // namespace
} // namespace rendezvous::test
