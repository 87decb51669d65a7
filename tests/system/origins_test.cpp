// Which pages may connect and read, and who the server thinks is calling.

#include "raw_socket.hpp"

namespace rendezvous::test {
namespace {

using std::string;

class Origins : public ::testing::Test {
protected:
    Origins()
        : server_(2, {{"server", "allowed_origins", R"(["https://portal.example", "https://clinic.example:8443"])"}}),
          own_("https://localhost:" + std::to_string(server_.port()))
    {}
    /// The status of an upgrade from that page, on both ports and both paths; 0 if they differ.
    unsigned status_of(headers const& fields)
    {
        std::optional<unsigned> out;
        for (auto const port : {server_.port(), server_.folder().websocket_port()})
            for (auto const* path : {"/ws", "/appointment/A-1"}) {
                auto const status = ws_client::refusal("127.0.0.1", port, path, fields).status;
                if (out && *out != status) return 0;
                out = status;
            }
        return *out;
    }

    running_server server_;
    string own_;
};

TEST_F(Origins, AreComparedByteByByte)
{
    auto const port = ":" + std::to_string(server_.port());
    struct row {
        string origin;
        unsigned status;
    };
    for (auto const& [origin, status] : std::vector<row>{
             {own_, 101},
             {"https://portal.example", 101},
             {"https://clinic.example:8443", 101},
             {"null", 403},
             {"https://evil.example", 403},
             {"https://localhost", 403},
             {"https://localhost:1", 403},
             {"https://127.0.0.1" + port, 403},
             {"http://localhost" + port, 403},
             {"wss://localhost" + port, 403},
             {"HTTPS://localhost" + port, 403},
             {"https://LOCALHOST" + port, 403},
             {"localhost" + port, 403},
             {"//localhost" + port, 403},
             {own_ + "/", 403},
             {own_ + "0", 403},
             {own_ + ".evil.example", 403},
             {own_ + "@evil.example", 403},
             {own_ + ", https://evil.example", 403},
             {"https://evil.example, " + own_, 403},
             {"https://evil.example#" + own_, 403},
             {"https://evil.example/" + own_, 403},
             {"https://xlocalhost" + port, 403},
             {"https://localhost.evil.example" + port, 403},
             {"https://localhost." + port, 403},
             {"https://portal.example.evil.example", 403},
             {"https://evil-portal.example", 403},
             {"https://sub.portal.example", 403},
             {"https://portal.example.", 403},
             {"https://portal.example:443", 403},
             {"http://portal.example", 403},
             {"https://portal_example", 403},
             {"https://PORTAL.example", 403},
             {"https://clinic.example", 403},
             {"https://user@portal.example", 403},
             {"https://portal.ex\xc3\xa0mple", 403},
             {"https://xn--portal-example", 403},
             {"*", 403},
             {"https://*", 403},
             {"file://", 403},
             {"chrome-extension://abcdef", 403},
         })
        EXPECT_EQ(status_of({{"Origin", origin}}), status) << origin;
    EXPECT_EQ(status_of({}), 101U) << "whoever sends none is no browser";
    EXPECT_EQ(status_of({{"Origin", own_}, {"Origin", "https://evil.example"}}), 400U);
    EXPECT_EQ(status_of({{"Origin", "https://evil.example"}, {"Origin", own_}}), 403U);
}

TEST_F(Origins, ThatAreRefusedAreToldWhyAsAProblem)
{
    auto const answer = ws_client::refusal("127.0.0.1", server_.port(), "/ws", {{"Origin", "https://evil.example"}});
    EXPECT_EQ(answer.status, 403U);
    EXPECT_EQ(code_of(answer), "origin-not-allowed");
    EXPECT_EQ(answer.header("access-control-allow-origin"), "");
}

TEST_F(Origins, DecideWhoMayReadAnswersFromAnotherPage)
{
    struct row {
        string origin;
        bool may_read;
    };
    for (auto const& [origin, may_read] : std::vector<row>{{"https://portal.example", true},
             {"https://clinic.example:8443", true}, {"https://evil.example", false}, {"null", false},
             {"https://portal.example.evil.example", false}, {"https://Portal.example", false}})
        for (auto const* target : {"/api/calls", "/js/lib/api.js", "/join", "/healthz"}) {
            auto const answer = server_.rest("GET", target, "", "", {{"Origin", origin}});
            bool const shared = string(target).starts_with("/api") || string(target).starts_with("/js");
            EXPECT_EQ(answer.header("access-control-allow-origin"), may_read && shared ? origin : "")
                << origin << target;
            EXPECT_EQ(answer.header("access-control-allow-credentials"), "") << origin;
            auto const asked = server_.rest("OPTIONS", target, "", "",
                {{"Origin", origin}, {"Access-Control-Request-Method", "PUT"},
                    {"Access-Control-Request-Headers", "authorization"}});
            EXPECT_EQ(asked.status == 204, may_read && shared) << origin << " " << target << " " << asked.status;
        }
}

TEST_F(Origins, AndQueriesAreJudgedBeforeAnythingElse)
{
    for (auto const* path : {"/ws?", "/ws?token=x", "/ws?a&b", "/appointment/A-1?token=x", "/appointment/A-1?"}) {
        auto const answer = ws_client::refusal("127.0.0.1", server_.port(), path);
        EXPECT_EQ(answer.status, 400U) << path;
        EXPECT_EQ(answer.body.find("token"), string::npos) << path;
    }
}

// --- who is calling ---

/// How many wrong keys are answered 401 before one is 429, if each comes "from" another address.
int failures_before_limit(running_server& server, std::function<string(int)> const& forwarded_for)
{
    for (int i = 0; i < 12; ++i) {
        auto const answer = server.rest("GET", "/api/calls", "wrong", "", {{"X-Forwarded-For", forwarded_for(i)}});
        if (answer.status == 429) return i;
        EXPECT_EQ(answer.status, 401U);
    }
    return 12;
}

string address(int i)
{
    return "198.51.100." + std::to_string(i);
}

TEST(ForwardedFor, IsIgnoredFromWhomeverIsNotTrusted)
{
    running_server server(1, {{"limits", "auth_failures_per_10min", "4"}});
    EXPECT_EQ(failures_before_limit(server, address), 4);
    EXPECT_EQ(server.rest("GET", "/api/calls", "wrong", "", {{"Forwarded", "for=192.0.2.1"}}).status, 429U);
    EXPECT_EQ(server.rest("GET", "/api/calls", "wrong", "", {{"X-Real-IP", "192.0.2.1"}}).status, 429U);
}

TEST(ForwardedFor, CountsByTheLastAddressThatIsNoProxy)
{
    std::vector<setting> const trusting{
        {"limits", "auth_failures_per_10min", "4"}, {"server", "trusted_proxies", R"(["127.0.0.0/8", "10.0.0.0/8"])"}};
    running_server server(1, trusting);
    EXPECT_EQ(failures_before_limit(server, address), 12) << "many visitors behind one proxy";
    struct row {
        char const* what;
        std::function<string(int)> value;
    };
    for (auto const& [what, value] : std::vector<row>{
             {"an invented visitor in front", [](int i) { return address(i) + ", 203.0.113.1"; }},
             {"an invented visitor and a proxy of ours behind",
                 [](int i) { return address(i) + ", 203.0.113.2, 10.0.0.9"; }},
             {"invented visitors in two lines' worth",
                 [](int i) { return address(i) + "," + address(i + 50) + ",203.0.113.3"; }},
             {"nonsense in front", [](int i) { return "x" + std::to_string(i) + ", 203.0.113.4"; }},
             {"nonsense only: the proxy itself", [](int i) { return "<script>" + std::to_string(i); }},
             {"addresses of one /64", [](int i) { return "2001:db8::" + std::to_string(i + 1); }},
             {"one address in two spellings", [](int i) { return i % 2 ? "::ffff:203.0.113.5" : "203.0.113.5"; }},
         })
        EXPECT_EQ(failures_before_limit(server, value), 4) << what;
}

} // namespace
} // namespace rendezvous::test
