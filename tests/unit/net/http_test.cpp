#include "fixture.hpp"

#include "rendezvous/net/tls.hpp"

#include <gtest/gtest.h>

namespace rendezvous::net::test {
namespace {

TEST(Https, ServesFilesOverOneConnection)
{
    scratch_directory const web;
    web.write("index.html", "<!doctype html>hello");
    web.write("js/big.js", std::string(1'000'000, 'j'));
    server_options options;
    options.web_root = web.path();
    running_server const server(options);
    auto https = server.https();

    auto const page = https.get("/");
    EXPECT_EQ(page.status, 200U);
    EXPECT_EQ(page.body, "<!doctype html>hello");
    EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
    EXPECT_NE(page.header("content-security-policy").find("script-src 'self'"), std::string::npos);
    EXPECT_EQ(page.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(page.header("referrer-policy"), "no-referrer");
    EXPECT_FALSE(page.header("strict-transport-security").empty());
    EXPECT_NE(page.header("permissions-policy").find("camera=(self)"), std::string::npos);
    EXPECT_EQ(page.header("cross-origin-opener-policy"), "same-origin");

    EXPECT_EQ(https.get("/", {{"If-None-Match", page.header("etag")}}).status, 304U);
    auto const head = https.request("HEAD", "/js/big.js");
    EXPECT_EQ(head.header("content-length"), "1000000");
    EXPECT_EQ(https.get("/js/big.js").body.size(), 1'000'000U);
    EXPECT_EQ(https.connections(), 1U);
}

TEST(Https, HandsRequestsToTheHandler)
{
    running_server const server;
    auto https = server.https();
    EXPECT_EQ(https.request("POST", "/echo?a=%C3%A9&b", {}, "body").body, "a=\xC3\xA9;b=;body");
    EXPECT_EQ(https.get("/nothing").status, 404U);
}

TEST(Https, AnswersPipelinedRequestsInOrder)
{
    running_server const server;
    tls_client raw("127.0.0.1", server.port());
    raw.write("GET /echo?n=1 HTTP/1.1\r\nHost: a\r\n\r\nGET /echo?n=2 HTTP/1.1\r\nHost: a\r\n\r\n"
              "GET /echo?n=3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(raw.read_answer().body, "n=1;");
    EXPECT_EQ(raw.read_answer().body, "n=2;");
    auto const last = raw.read_answer();
    EXPECT_EQ(last.body, "n=3;");
    EXPECT_FALSE(last.keep_alive);
    EXPECT_TRUE(raw.closed_by_peer());
}

TEST(Https, ContinuesWhoAsksFirst)
{
    running_server const server;
    tls_client raw("127.0.0.1", server.port());
    raw.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(raw.read_answer().status, 100U);
    raw.write("ok");
    EXPECT_EQ(raw.read_answer().body, "ok");
}

TEST(Https, TellsAnExceptionOnlyAsAProblem)
{
    running_server const server;
    auto https = server.https();
    auto const got = https.get("/throw");
    EXPECT_EQ(got.status, 500U);
    EXPECT_EQ(got.header("content-type"), "application/problem+json");
    EXPECT_NE(got.body.find("\"code\":\"internal\""), std::string::npos);
    EXPECT_NE(got.body.find("\"requestId\":\""), std::string::npos);
    EXPECT_EQ(got.body.find("secret"), std::string::npos);
    EXPECT_EQ(https.get("/echo?still=here").body, "still=here;");
}

TEST(Https, RefusesWhatIsTooLargeOrAmbiguous)
{
    server_options options;
    options.limits.body_bytes_max = 100;
    running_server const server(options);
    auto const status_of = [&server](std::string const& text) {
        tls_client raw("127.0.0.1", server.port());
        raw.write(text);
        auto const answer = raw.read_answer();
        EXPECT_EQ(answer.header("content-type"), "application/problem+json");
        EXPECT_FALSE(answer.keep_alive);
        EXPECT_TRUE(raw.closed_by_peer());
        return answer.status;
    };
    std::string const post = "POST /echo HTTP/1.1\r\nHost: a\r\n";
    EXPECT_EQ(status_of(post + "Content-Length: 101\r\n\r\n" + std::string(101, 'x')), 413U);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(9'000, 'x') + "\r\n\r\n"), 431U);
    EXPECT_EQ(status_of(post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400U);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400U);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400U);
    EXPECT_EQ(status_of("GET /../x HTTP/1.1\r\nHost: a\r\n\r\n"), 400U);
    // The client is still sending when it is told: the answer arrives all the same.
    EXPECT_EQ(status_of(post + "Content-Length: 100000\r\n\r\n" + std::string(100'000, 'x')), 413U);
}

TEST(Https, CutsWhoDawdles)
{
    server_options options;
    options.limits.tls_timeout = base::milliseconds{100};
    options.limits.header_timeout = base::milliseconds{200};
    options.limits.write_timeout = base::milliseconds{300};
    options.keep_alive = base::milliseconds{100};
    running_server const server(options);
    tcp_client no_handshake("127.0.0.1", server.port());
    EXPECT_TRUE(no_handshake.closed_by_peer());
    tls_client no_request("127.0.0.1", server.port());
    EXPECT_TRUE(no_request.closed_by_peer());
    tls_client half_header("127.0.0.1", server.port());
    half_header.write("GET / HTTP/1.1\r\nHo");
    EXPECT_TRUE(half_header.closed_by_peer());
    tls_client half_body("127.0.0.1", server.port());
    half_body.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_TRUE(half_body.closed_by_peer());
    tls_client silent_after("127.0.0.1", server.port());
    silent_after.write("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(silent_after.read_answer().status, 200U);
    EXPECT_TRUE(silent_after.closed_by_peer());
}

TEST(Https, LetsListedOriginsRead)
{
    server_options options;
    options.allowed_origins = {"https://booking.example"};
    running_server const server(options);
    auto https = server.https();
    headers const listed{{"Origin", "https://booking.example"}};
    auto const good = https.get("/api/echo", listed);
    EXPECT_EQ(good.header("access-control-allow-origin"), "https://booking.example");
    EXPECT_EQ(good.header("vary"), "Origin");
    auto const evil = https.get("/api/echo", {{"Origin", "https://booking.example.evil"}});
    EXPECT_TRUE(evil.header("access-control-allow-origin").empty());
    EXPECT_TRUE(https.get("/echo", listed).header("access-control-allow-origin").empty());
    auto const preflight = https.request(
        "OPTIONS", "/api/echo", {{"Origin", "https://booking.example"}, {"Access-Control-Request-Method", "PUT"}});
    EXPECT_EQ(preflight.status, 204U);
    EXPECT_NE(preflight.header("access-control-allow-methods").find("PUT"), std::string::npos);
}

TEST(Https, RefusesTheSocketBeyondTheAddressLimit)
{
    server_options options;
    options.limits.sockets_per_ip = 2;
    running_server const server(options);
    auto first = std::make_unique<tls_client>("127.0.0.1", server.port());
    tls_client const second("127.0.0.1", server.port());
    {
        auto https = server.https();
        auto const refused = https.get("/echo");
        EXPECT_EQ(refused.status, 503U);
        EXPECT_FALSE(refused.header("retry-after").empty());
        EXPECT_FALSE(refused.keep_alive);
    }
    EXPECT_EQ(server.refused("/ws").status, 503U);
    first.reset();
    // The place comes free when the server has seen the end of the first; ask until then.
    auto const until = std::chrono::steady_clock::now() + patience;
    unsigned status = 503;
    while (status == 503 && std::chrono::steady_clock::now() < until) status = server.https().get("/echo").status;
    EXPECT_EQ(status, 200U);
}

TEST(Https, CountsVisitorsOfATrustedProxyOneByOne)
{
    server_options options;
    options.limits.sockets_per_ip = 1;
    options.trusted_proxies = {"127.0.0.1"};
    running_server const server(options);
    auto const from = [](char const* address) { return headers{{"X-Forwarded-For", address}}; };
    EXPECT_EQ(server.https().get("/echo", from("198.51.100.1")).header("x-remote"), "198.51.100.1");
    auto const first = server.websocket("/ws", from("198.51.100.1"));
    auto const other = server.websocket("/ws", from("198.51.100.2"));
    EXPECT_EQ(server.refused("/ws", from("198.51.100.1")).status, 503U);
}

TEST(Https, SaysWhyItCannotStart)
{
    running_server const running;
    scratch_directory const files;
    auto const pair = make_key_pair();
    server_options options;
    options.certificate = files.write("cert.pem", pair.certificate);
    options.key = files.write("key.pem", pair.key);
    options.listen = {"127.0.0.1:" + std::to_string(running.port())};
    service::shards shards(1);
    base::system_clock const clock;
    base::system_id_generator ids;
    net::server busy(shards, options, nullptr, nullptr, clock, ids);
    try {
        busy.start();
        FAIL() << "two servers on one port";
    } catch (std::runtime_error const& e) {
        EXPECT_NE(std::string(e.what()).find(options.listen.front()), std::string::npos) << e.what();
    }
}

TEST(Tls, FilesAreCheckedWithAReason)
{
    scratch_directory const files;
    auto const pair = make_key_pair();
    auto const other = make_key_pair();
    auto const certificate = files.write("cert.pem", pair.certificate);
    auto const key = files.write("key.pem", pair.key);
    EXPECT_FALSE(check_tls_files(certificate, key));
    auto const reason = [](std::string const& c, std::string const& k) {
        return check_tls_files(c, k).value_or("fine");
    };
    EXPECT_NE(reason(files.path() / "no.pem", key).find("No such file"), std::string::npos);
    EXPECT_NE(reason(certificate, files.path() / "no.pem").find("No such file"), std::string::npos);
    EXPECT_NE(reason(files.write("bad.pem", "bad"), key).find("no PEM certificate"), std::string::npos);
    EXPECT_NE(reason(certificate, certificate).find("no PEM private key"), std::string::npos);
    EXPECT_NE(reason(certificate, files.write("other.pem", other.key)).find("does not belong"), std::string::npos);
    auto const old = make_key_pair(-1);
    EXPECT_NE(reason(files.write("old.pem", old.certificate), files.write("old.key", old.key)).find("expired"),
        std::string::npos);
}

} // namespace
} // namespace rendezvous::net::test
