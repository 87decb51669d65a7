#include "local_server.hpp"
#include "rendezvous/outbound/curl_client.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <latch>

using namespace rendezvous;
using base::errc;
using outbound::curl_client;
using outbound::curl_options;
using service::http_answer;
using service::http_ask;

namespace {

base::result<http_answer> ask(curl_client& client, http_ask what)
{
    std::promise<base::result<http_answer>> got;
    client.send(std::move(what), [&got](base::result<http_answer> answer) { got.set_value(std::move(answer)); });
    return got.get_future().get();
}

http_ask to(local_server const& server, std::string const& path = "/")
{
    http_ask out;
    out.url = "http://" + server.authority() + path;
    out.private_hosts = {server.authority()};
    return out;
}

errc error_of(base::result<http_answer> const& got)
{
    return got ? errc::ok : base::to_errc(got.error());
}

} // namespace

TEST(CurlClient, SendsWhatItIsToldAndNothingElse)
{
    std::promise<std::string> seen;
    local_server server([&](std::string const& request) {
        seen.set_value(request);
        return http_reply(201, "hello", "X-One: 1\r\nX-Two:  two \r\n");
    });
    curl_client client;
    auto what = to(server, "/hooks?a=b");
    what.method = "POST";
    what.headers = {{"Content-Type", "application/json"}, {"webhook-id", "7"}};
    what.body = R"({"a":1})";
    auto const got = ask(client, what);
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->status, 201U);
    EXPECT_EQ(got->body, "hello");
    EXPECT_EQ(got->headers[0], std::make_pair(std::string("x-one"), std::string("1")));
    EXPECT_EQ(got->headers[1], std::make_pair(std::string("x-two"), std::string("two")));
    auto const request = seen.get_future().get();
    EXPECT_TRUE(request.starts_with("POST /hooks?a=b HTTP/1.1\r\n")) << request;
    EXPECT_NE(request.find("\r\nwebhook-id: 7\r\n"), std::string::npos);
    EXPECT_TRUE(request.ends_with("\r\n\r\n{\"a\":1}"));
    EXPECT_EQ(request.find("Expect"), std::string::npos);
    EXPECT_EQ(request.find("Cookie"), std::string::npos);
}

TEST(CurlClient, RefusesAnAddressThatIsNotNamed)
{
    local_server server([](std::string const&) { return http_reply(200, "secret"); });
    curl_client client;
    auto what = to(server);
    what.private_hosts = {};
    EXPECT_EQ(error_of(ask(client, what)), errc::forbidden);
    what.url = "https://" + server.authority() + "/";
    EXPECT_EQ(error_of(ask(client, what)), errc::forbidden);
    EXPECT_EQ(server.taken(), 0);
}

TEST(CurlClient, JudgesTheAddressANameLeadsTo)
{
    // Nothing to see in the name; its look-up leads inside, as an attacker's name server would say.
    local_server server([](std::string const&) { return http_reply(200, "secret"); });
    auto const port = std::to_string(server.port());
    curl_options options;
    for (auto const* const address : {"127.0.0.1", "::1", "0.0.0.0", "::ffff:127.0.0.1", "127.0.0.1,127.0.0.2"}) {
        options.known_addresses = {"hooks.booking.example:" + port + ":" + address};
        curl_client client(options);
        http_ask what;
        what.url = "https://hooks.booking.example:" + port + "/";
        EXPECT_EQ(error_of(ask(client, what)), errc::forbidden) << address;
        what.private_hosts = {"other.example"};
        EXPECT_EQ(error_of(ask(client, what)), errc::forbidden) << address;
    }
    EXPECT_EQ(server.taken(), 0);

    options.known_addresses = {"hooks.booking.example:" + port + ":127.0.0.1"};
    curl_client client(options);
    http_ask named;
    named.url = "http://hooks.booking.example:" + port + "/";
    named.private_hosts = {"hooks.booking.example"};
    EXPECT_EQ(error_of(ask(client, named)), errc::ok) << "the same host, allowed by the operator";
}

TEST(CurlClient, FollowsNoRedirect)
{
    local_server secret([](std::string const&) { return http_reply(200, "secret"); });
    local_server server([&](std::string const&) {
        return http_reply(302, "", "Location: http://" + secret.authority() + "/\r\nSet-Cookie: a=b\r\n");
    });
    curl_client client;
    auto what = to(server);
    what.private_hosts.push_back(secret.authority());
    auto const got = ask(client, what);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, 302U);
    EXPECT_EQ(secret.taken(), 0);
}

TEST(CurlClient, UsesNoProxyOfTheEnvironment)
{
    local_server proxy([](std::string const&) { return http_reply(200, "proxy"); });
    local_server server([](std::string const&) { return http_reply(200, "direct"); });
    for (auto const* const name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"})
        ::setenv(name, ("http://" + proxy.authority()).c_str(), 1);
    curl_client client;
    auto const got = ask(client, to(server));
    for (auto const* const name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->body, "direct");
}

TEST(CurlClient, BoundsTheAnswer)
{
    local_server server([](std::string const& request) {
        if (request.starts_with("GET /fits ")) return http_reply(200, std::string(1000, 'x'));
        if (request.starts_with("GET /long ")) return http_reply(200, std::string(1001, 'x'));
        if (request.starts_with("GET /endless "))
            return "HTTP/1.1 200 X\r\n\r\n" + std::string(1'000'000, 'x'); // until the end of the connection
        return http_reply(200, "", "X-Long: " + std::string(40'000, 'h') + "\r\n");
    });
    curl_client client;
    auto const get = [&](std::string const& path) {
        auto what = to(server, path);
        what.body_bytes_max = 1000;
        return error_of(ask(client, what));
    };
    EXPECT_EQ(get("/fits"), errc::ok);
    EXPECT_EQ(get("/long"), errc::too_large);
    EXPECT_EQ(get("/endless"), errc::too_large);
    EXPECT_EQ(get("/headers"), errc::too_large);
}

TEST(CurlClient, GivesUpInTime)
{
    local_server silent([](std::string const&) { return std::string(); });
    curl_client client;
    auto what = to(silent);
    what.timeout = base::milliseconds{50};
    EXPECT_EQ(error_of(ask(client, what)), errc::connector_unavailable);
}

TEST(CurlClient, RefusesWhatIsNoHttp)
{
    local_server server([](std::string const&) { return std::string("hello there, no protocol at all\r\n\r\n"); });
    curl_client client;
    EXPECT_EQ(error_of(ask(client, to(server))), errc::connector_unavailable);
    auto what = to(server);
    what.url = "no url";
    EXPECT_EQ(error_of(ask(client, what)), errc::validation);
}

TEST(CurlClient, ASlowReceiverDelaysNobodyElse)
{
    local_server silent([](std::string const&) { return std::string(); });
    local_server quick([](std::string const&) { return http_reply(200, "quick"); });
    std::latch refused{1};
    {
        curl_client client;
        client.send(to(silent), [&](base::result<http_answer> got) {
            EXPECT_EQ(error_of(got), errc::connector_unavailable) << "answered when the client ends";
            refused.count_down();
        });
        EXPECT_EQ(error_of(ask(client, to(quick))), errc::ok);
    }
    refused.wait();
}

TEST(CurlClient, RefusesMoreThanItsQueueHolds)
{
    local_server silent([](std::string const&) { return std::string(); });
    std::atomic<int> unavailable = 0;
    {
        curl_options options;
        options.in_flight_max = 1;
        options.queue_max = 2;
        curl_client client(options);
        for (int i = 0; i < 8; ++i)
            client.send(to(silent), [&](base::result<http_answer> got) {
                if (error_of(got) == errc::connector_unavailable) ++unavailable;
            });
    }
    EXPECT_EQ(unavailable, 8) << "everybody is answered, those without room at once";
    EXPECT_LE(silent.taken(), 3);
}

TEST(CurlClient, ChecksCertificateAndName)
{
    auto const folder = std::filesystem::temp_directory_path() / ("curl_client_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    auto const key = (folder / "key.pem").string(), certificate = (folder / "cert.pem").string(),
               both = (folder / "both.pem").string();
    auto const make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
                      " subjectAltName=DNS:localhost -keyout "
                      + key + " -out " + certificate + " 2>/dev/null && cat " + key + " " + certificate + " > " + both;
    ASSERT_EQ(std::system(make.c_str()), 0);
    local_server server([](std::string const&) { return http_reply(200, "over TLS"); }, both);
    auto const port = std::to_string(server.port());
    http_ask what;
    what.url = "https://localhost:" + port + "/";
    what.private_hosts = {"localhost", "127.0.0.1"};
    curl_client system_trust;
    EXPECT_EQ(error_of(ask(system_trust, what)), errc::connector_unavailable) << "signed by nobody";
    curl_options options;
    options.ca_file = certificate;
    curl_client own_trust(options);
    EXPECT_EQ(error_of(ask(own_trust, what)), errc::ok);
    what.url = "https://127.0.0.1:" + port + "/";
    EXPECT_EQ(error_of(ask(own_trust, what)), errc::connector_unavailable) << "another name";
    std::filesystem::remove_all(folder);
}
