#include "app/turn_config.hpp"

#include "app/turn_uri.hpp"
#include "folder.hpp"
#include "rendezvous/auth/turn_credentials.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace rendezvous::app {
namespace {

config with_uris(std::vector<std::string> uris)
{
    config out;
    out.turn.uris = std::move(uris);
    out.tls.certificate = "/etc/rendezvous/fullchain.pem";
    out.tls.key = "/etc/rendezvous/privkey.pem";
    return out;
}

std::vector<std::string> lines_of(std::string const& text)
{
    std::istringstream in(text);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

/// Whether the text has exactly this line, once.
bool says(std::string const& text, std::string const& line)
{
    auto const lines = lines_of(text);
    return std::count(lines.begin(), lines.end(), line) == 1;
}

bool names(std::string const& text, std::string const& option)
{
    auto const lines = lines_of(text);
    return std::any_of(lines.begin(), lines.end(),
        [&](std::string const& line) { return line == option || line.starts_with(option + "="); });
}

std::string refusal_of(config const& settings, turn_config_options const& options = {})
{
    try {
        turn_server_config(settings, options);
    } catch (config_error const& error) {
        return error.what();
    }
    return "accepted";
}

TEST(TurnUri, FillsInItsDefaults)
{
    auto const plain = parse_turn_uri("turn:turn.example").value();
    EXPECT_TRUE(plain.relays && !plain.tls && plain.over == turn_uri::transport::udp);
    EXPECT_EQ(plain.host, "turn.example");
    EXPECT_EQ(plain.port, 3478);
    auto const tls = parse_turn_uri("turns:[2001:db8::1]:443").value();
    EXPECT_TRUE(tls.relays && tls.tls && tls.over == turn_uri::transport::tcp);
    EXPECT_EQ(tls.host, "2001:db8::1");
    EXPECT_EQ(tls.port, 443);
    EXPECT_EQ(parse_turn_uri("turns:a")->port, 5349);
    EXPECT_EQ(parse_turn_uri("turn:a?transport=tcp")->over, turn_uri::transport::tcp);
    EXPECT_FALSE(parse_turn_uri("stun:a:19302")->relays);
}

TEST(TurnUri, RefusesWhatIsNone)
{
    for (auto const* text : {"", "turn", "turn:", "http:a", "turn::3478", "turn:a:", "turn:a:0", "turn:a:65536",
             "turn:a:1x", "turn:[::1", "turn:[]:1", "turn:[::1]3478", "turn:a?transport=sctp", "turn:a?x=1"})
        EXPECT_FALSE(parse_turn_uri(text)) << text;
}

TEST(TurnConfig, TakesPortsAndCertificateFromTheConfiguration)
{
    auto const text = turn_server_config(with_uris({"stun:turn.example:3479", "turn:turn.example:3479?transport=udp",
                                             "turn:turn.example:3479?transport=tcp", "turns:turn.example:443"}),
        {});
    for (auto const* line : {"realm=turn.example", "listening-port=3479", "tls-listening-port=443",
             "cert=/etc/rendezvous/fullchain.pem", "pkey=/etc/rendezvous/privkey.pem", "no-dtls", "user-quota=60"})
        EXPECT_TRUE(says(text, line)) << line;
    for (auto const* option : {"no-tls", "no-tcp", "no-udp", "external-ip", "allowed-peer-ip"})
        EXPECT_FALSE(names(text, option)) << option;
    EXPECT_TRUE(text.ends_with('\n'));
}

TEST(TurnConfig, OpensNoDoorThatNobodyIsSentTo)
{
    auto const udp = turn_server_config(with_uris({"turn:turn.example"}), {});
    for (auto const* line : {"listening-port=3478", "no-tcp", "no-tls", "no-dtls"})
        EXPECT_TRUE(says(udp, line)) << line;
    EXPECT_FALSE(names(udp, "cert") || names(udp, "pkey") || names(udp, "no-udp"));
    auto const tls = turn_server_config(with_uris({"turns:turn.example"}), {});
    for (auto const* line : {"tls-listening-port=5349", "no-udp", "no-tcp", "no-dtls"})
        EXPECT_TRUE(says(tls, line)) << line;
    EXPECT_FALSE(names(tls, "no-tls"));
    auto const dtls = turn_server_config(with_uris({"turns:turn.example?transport=udp", "stun:a"}), {});
    EXPECT_TRUE(says(dtls, "no-tls"));
    EXPECT_FALSE(names(dtls, "no-dtls") || names(dtls, "no-udp"));
}

TEST(TurnConfig, IsHardened)
{
    auto const text = turn_server_config(with_uris({"turn:turn.example"}), {});
    for (auto const* line : {"use-auth-secret", "fingerprint", "no-cli", "no-multicast-peers", "no-tlsv1", "no-tlsv1_1",
             "no-tcp-relay", "no-software-attribute", "stale-nonce=600", "total-quota=4000", "max-bps=500000",
             "min-port=49152", "max-port=65535"})
        EXPECT_TRUE(says(text, line)) << line;
    for (auto const* line : {"10.0.0.0-10.255.255.255", "172.16.0.0-172.31.255.255", "192.168.0.0-192.168.255.255",
             "127.0.0.0-127.255.255.255", "169.254.0.0-169.254.255.255", "100.64.0.0-100.127.255.255",
             "::ffff:0:0-::ffff:ffff:ffff", "fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"})
        EXPECT_TRUE(says(text, "denied-peer-ip=" + std::string(line))) << line;
    for (auto const* option :
        {"no-auth", "allow-loopback-peers", "web-admin", "server-relay", "mobility", "user", "oauth"})
        EXPECT_FALSE(names(text, option)) << option;
}

TEST(TurnConfig, ShowsTheSecretOnlyWhenAsked)
{
    testing::folder const here;
    auto settings = with_uris({"turn:turn.example"});
    settings.turn.secret_file = here.write("turn.secret", "north\n");
    EXPECT_EQ(turn_server_config(settings, {}).find("north"), std::string::npos);
    EXPECT_FALSE(names(turn_server_config(settings, {}), "static-auth-secret"));
    EXPECT_TRUE(says(turn_server_config(settings, {{}, {}, true}), "static-auth-secret=north"));
    // What coturn will ask for with it, to the character.
    EXPECT_EQ(auth::turn_password("north", "1795200000:alice"), "tyZf+AGoKZkjTZ05dzTwsSA9X7Q=");
}

TEST(TurnConfig, PrintsNoSecretThatCoturnWouldReadDifferently)
{
    testing::folder const here;
    auto settings = with_uris({"turn:turn.example"});
    EXPECT_NE(refusal_of(settings, {{}, {}, true}).find("turn.secret_file"), std::string::npos) << "none";
    for (std::string const secret : {"two words", "=north", "nor\"th", "nor\\th", "n\nno-auth", "s\xc3\xa9same"}) {
        settings.turn.secret_file = here.write("turn.secret", secret);
        auto const why = refusal_of(settings, {{}, {}, true});
        EXPECT_NE(why.find("turn.secret_file"), std::string::npos) << secret;
        EXPECT_EQ(why.find(secret), std::string::npos) << "the refusal shows it";
    }
    settings.turn.secret_file = here.write("turn.secret", std::string(257, 'x'));
    EXPECT_NE(refusal_of(settings, {{}, {}, true}), "accepted");
    settings.turn.secret_file = here.write("turn.secret", "aZ09+/=_-.#;$");
    EXPECT_TRUE(says(turn_server_config(settings, {{}, {}, true}), "static-auth-secret=aZ09+/=_-.#;$"));
}

TEST(TurnConfig, DescribesARelayBehindNat)
{
    auto const settings = with_uris({"turn:turn.example"});
    auto const both = turn_server_config(settings, {"clinic.example", "198.51.100.7/10.0.0.7", false});
    for (auto const* line : {"realm=clinic.example", "external-ip=198.51.100.7/10.0.0.7", "allowed-peer-ip=10.0.0.7"})
        EXPECT_TRUE(says(both, line)) << line;
    auto const one = turn_server_config(settings, {{}, "2001:db8::7", false});
    EXPECT_TRUE(says(one, "external-ip=2001:db8::7"));
    EXPECT_FALSE(names(one, "allowed-peer-ip"));
}

TEST(TurnConfig, RefusesWhatCannotBeDescribed)
{
    EXPECT_NE(refusal_of(config{}).find("turn.uris"), std::string::npos);
    EXPECT_NE(refusal_of(with_uris({"stun:turn.example"})).find("turn.uris"), std::string::npos);
    EXPECT_NE(refusal_of(with_uris({"turn:a:x"})).find("turn:a:x"), std::string::npos);
    EXPECT_NE(refusal_of(with_uris({"turn:a:3478", "turn:a:3479"})).find("3479"), std::string::npos);
    auto const good = with_uris({"turn:turn.example"});
    for (auto const& realm : std::vector<std::string>{"a b", "a\nno-auth", "a=b", std::string(128, 'a')})
        EXPECT_NE(refusal_of(good, {realm, {}, false}).find("--realm"), std::string::npos) << realm;
    for (std::string const ip :
        {"turn.example", "1.2.3.4/", "/1.2.3.4", "1.2.3.0/24", "1.2.3.4\nno-auth", "1.2.3.4/10.0.0.1/8"})
        EXPECT_NE(refusal_of(good, {{}, ip, false}).find("--external-ip"), std::string::npos) << ip;
}

} // namespace
} // namespace rendezvous::app
