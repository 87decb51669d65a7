#include "rendezvous/app/config.hpp"

#include "app/config_keys.hpp"
#include "folder.hpp"

#include <gtest/gtest.h>

#include <tuple>

namespace rendezvous::app {
namespace {

using namespace std::chrono_literals;

config load(std::string_view text, environment const& variables = {})
{
    testing::folder const here;
    return load_config(here.write("r.toml", text), variables);
}

/// The message for a file, without the folder in front of `r.toml`.
std::string error_of(std::string_view text, environment const& variables = {})
{
    testing::folder const here;
    auto const file = here.write("r.toml", text);
    try {
        load_config(file, variables);
    } catch (config_error const& error) {
        std::string what = error.what();
        auto const prefix = here.path().string() + "/";
        return what.starts_with(prefix) ? what.substr(prefix.size()) : what;
    }
    return "accepted";
}

auto as_tuple(base::limits const& l)
{
    return std::make_tuple(l.message_bytes_max, l.json_depth_max, l.messages_per_s, l.messages_burst,
        l.signals_unanswered_max, l.queue_bytes_max, l.write_timeout, l.register_timeout, l.tls_timeout,
        l.header_timeout, l.body_bytes_max, l.sockets_per_ip, l.sockets_per_user, l.connections_per_s,
        l.starts_per_minute, l.auth_failures_per_10min, l.rings_bytes_max, l.memory_mb_max);
}

void expect_equal(config const& a, config const& b)
{
    EXPECT_EQ(a.server, b.server);
    EXPECT_EQ(a.clinic, b.clinic);
    EXPECT_EQ(a.tls, b.tls);
    EXPECT_EQ(a.storage, b.storage);
    EXPECT_EQ(a.cluster, b.cluster);
    EXPECT_EQ(a.auth, b.auth);
    EXPECT_EQ(a.turn, b.turn);
    EXPECT_EQ(a.rooms, b.rooms);
    EXPECT_EQ(as_tuple(a.limits), as_tuple(b.limits));
    EXPECT_EQ(a.webhooks, b.webhooks);
    EXPECT_EQ(a.metrics, b.metrics);
    EXPECT_EQ(a.log, b.log);
}

TEST(Config, IsAllDefaultsWhenTheFileIsEmpty)
{
    expect_equal(load(""), config{});
    expect_equal(load_config(environment{}), config{});
}

TEST(Config, ShippedFileShowsTheDefaults)
{
    auto const file = std::filesystem::path(RENDEZVOUS_SOURCE_DIR) / "config/rendezvous.toml";
    expect_equal(load_config(file, {}), config{});
}

TEST(Config, ShippedFileNamesEveryKey)
{
    auto const file = std::filesystem::path(RENDEZVOUS_SOURCE_DIR) / "config/rendezvous.toml";
    auto const text = testing::read_file(file);
    for (auto const& key : config_keys()) {
        auto const begin = text.find("\n[" + std::string(key.section) + "]\n");
        ASSERT_NE(begin, std::string::npos) << key.section;
        auto const section = text.substr(begin, text.find("\n[", begin + 1) - begin);
        EXPECT_NE(section.find("\n" + std::string(key.name) + " = "), std::string::npos)
            << key.section << "." << key.name;
    }
    for (auto const& key : issuer_keys())
        EXPECT_NE(text.find("\n# " + std::string(key.name) + " = "), std::string::npos) << key.name;
}

TEST(Config, ShippedIssuerBlockIsGoodOnceUncommented)
{
    auto const text = testing::read_file(std::filesystem::path(RENDEZVOUS_SOURCE_DIR) / "config/rendezvous.toml");
    std::istringstream lines(text.substr(text.find("# [[auth.issuer]]")));
    std::string block;
    for (std::string line; std::getline(lines, line) && line != "[turn]";)
        if (line.find("= ") != std::string::npos || line == "# [[auth.issuer]]") block += line.substr(2) + "\n";
    auto const read = load(block);
    ASSERT_EQ(read.auth.issuers.size(), 1U);
    EXPECT_EQ(read.auth.issuers[0].issuer, "https://booking.example");
    EXPECT_EQ(read.auth.issuers[0].secret_file, "booking.secret");
}

TEST(Config, ReadsEverySection)
{
    auto const read = load(R"(
[server]
public_url = "https://calls.example"
listen = ["[::]:443", "localhost:0"]
websocket_listen = []
shards = 3
allowed_origins = ["https://www.clinic.example", "http://localhost:3000"]
trusted_proxies = ["10.0.0.0/8", "::1"]
[clinic]
name = "Clínica"
[storage]
url = "sqlite:/var/lib/rendezvous/db.sqlite"
[[auth.issuer]]
issuer = "https://a.example"
secret_file = "a"
[[auth.issuer]]
issuer = "https://b.example"
secret_file = "b"
[turn]
uris = ["stun:turn.example:3478", "turns:turn.example:5349?transport=tcp"]
ttl_s = 60
relay_only = true
[rooms]
grace_ms = 50
payment_gate = false
[limits]
message_bytes_max = 1024
tls_timeout_ms = 20
[webhooks]
retry_s = [0, 1]
[metrics]
listen = ""
[log]
level = "debug"
format = "json"
)");
    EXPECT_EQ(read.server.public_url, "https://calls.example");
    EXPECT_EQ(read.server.listen, (std::vector<listen_address>{{"::", 443}, {"127.0.0.1", 0}}));
    EXPECT_EQ(to_text(read.server.listen[0]), "[::]:443");
    EXPECT_TRUE(read.server.websocket_listen.empty());
    EXPECT_EQ(read.server.shards, 3U);
    EXPECT_EQ(read.server.allowed_origins.size(), 2U);
    EXPECT_EQ(read.server.trusted_proxies.size(), 2U);
    EXPECT_EQ(read.clinic.name, "Clínica");
    EXPECT_EQ(read.storage.sqlite_file(), "/var/lib/rendezvous/db.sqlite");
    EXPECT_EQ(read.storage.signing_key_file(), "/var/lib/rendezvous/rendezvous.key");
    ASSERT_EQ(read.auth.issuers.size(), 2U);
    EXPECT_EQ(read.auth.issuers[1].issuer, "https://b.example");
    EXPECT_EQ(read.turn.ttl, 60s);
    EXPECT_TRUE(read.turn.relay_only);
    EXPECT_EQ(read.rooms.grace, 50ms);
    EXPECT_FALSE(read.rooms.payment_gate);
    EXPECT_EQ(read.limits.message_bytes_max, 1024U);
    EXPECT_EQ(read.limits.tls_timeout, 20ms);
    EXPECT_EQ(read.webhooks.retry, (std::vector<std::chrono::seconds>{0s, 1s}));
    EXPECT_FALSE(read.metrics.listen);
    EXPECT_EQ(read.log.level, base::log::level::debug);
    EXPECT_EQ(read.log.format, base::log::format::json);
}

struct refusal {
    std::string text;
    std::string begin;  ///< what the message begins with
    std::string reason; ///< what it contains
};

void expect_refused(std::vector<refusal> const& table)
{
    for (auto const& [text, begin, reason] : table) {
        auto const error = error_of(text);
        EXPECT_TRUE(error.starts_with(begin)) << text << "\n -> " << error;
        EXPECT_NE(error.find(reason), std::string::npos) << text << "\n -> " << error;
        EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    }
}

TEST(Config, RefusesUnknownKeysAndNamesTheNearest)
{
    expect_refused({
        {"\n[server]\nlisten_ = []", "r.toml:3: server.listen_: ", "did you mean server.listen?"},
        {"[server]\npublicurl = \"x\"", "r.toml:2: server.publicurl: ", "did you mean server.public_url?"},
        {"[rooms]\ngrace_sec = 1", "r.toml:2: rooms.grace_sec: ", "did you mean rooms.grace_ms?"},
        {"[limits]\nmessages_per_second = 1", "r.toml:2: ", "did you mean limits.messages_per_s?"},
        {"[tls]\ncertificat = \"\"", "r.toml:2: ", "did you mean tls.certificate?"},
        {"[clinic]\nring_timeout_ms = 1", "r.toml:2: ", "did you mean rooms.ring_timeout_ms?"},
        {"[servers]\n", "r.toml:1: servers: ", "did you mean [server]?"},
        {"public_url = \"x\"", "r.toml:1: public_url: ", "did you mean server.public_url?"},
        {"[[auth.issuer]]\nsecret = \"x\"", "r.toml:2: auth.issuer.secret: ", "did you mean auth.issuer.secret_file?"},
        {"[[auth.issuers]]\nissuer = \"x\"", "r.toml:1: auth.issuers: ", "unknown key"},
        {"[server.extra]\nx = 1", "r.toml:1: server.extra: ", "unknown key"},
        {"[server]\n\"a\\nb\" = 1", "r.toml:2: server.a?b: ", "unknown key"},
    });
}

TEST(Config, TellsTheFirstMistakeOfTheFile)
{
    EXPECT_TRUE(error_of("[turn]\nzzz = 1\n[auth]\naaa = 1").starts_with("r.toml:2: turn.zzz"));
}

TEST(Config, RefusesWrongTypesAndValues)
{
    expect_refused({
        {"[server]\nshards = \"2\"", "r.toml:2: server.shards: ", "whole number"},
        {"[server]\nshards = 1.0", "r.toml:2: server.shards: ", "whole number"},
        {"[server]\nshards = true", "r.toml:2: server.shards: ", "whole number"},
        {"[server]\nshards = -1", "r.toml:2: server.shards: ", "0 to 256"},
        {"[server]\nshards = 257", "r.toml:2: server.shards: ", "out of range"},
        {"[server]\nlisten = \"0.0.0.0:1\"", "r.toml:2: server.listen: ", "list of texts"},
        {"[server]\nlisten = [1]", "r.toml:2: server.listen: ", "list of texts"},
        {"[server]\nlisten = []", "r.toml:2: server.listen: ", "at least one"},
        {"server = 1", "r.toml:1: server: ", "section"},
        {"[rooms]\npayment_gate = 1", "r.toml:2: rooms.payment_gate: ", "true or false"},
        {"[rooms]\nheartbeat_ms = 0", "r.toml:2: rooms.heartbeat_ms: ", "10 to 60000"},
        {"[limits]\nmessage_bytes_max = 9223372036854775807", "r.toml:2: limits.message_bytes_max: ", "out of range"},
        {"[limits]\nmessages_burst = 10", "limits.messages_burst: ", "smaller"},
        {"[webhooks]\nretry_s = [0, -1]", "r.toml:2: webhooks.retry_s: ", "out of range"},
        {"[webhooks]\nretry_s = [\"1\"]", "r.toml:2: webhooks.retry_s: ", "whole numbers"},
        {"[webhooks]\nretry_s = []", "r.toml:2: webhooks.retry_s: ", "one to twenty"},
        {"[log]\nlevel = \"verbose\"", "r.toml:2: log.level: ", "debug, info"},
        {"[log]\nformat = \"xml\"", "r.toml:2: log.format: ", "text, json"},
        {"[clinic]\nname = \"a\\u0000b\"", "r.toml:2: clinic.name: ", "control characters"},
        {"[storage]\nurl = \"postgresql://db/r\"", "r.toml:2: storage.url: ", "not supported by this version"},
        {"[storage]\nurl = \"mysql:x\"", "r.toml:2: storage.url: ", "sqlite:FILE"},
        {"[cluster]\nredis_url = \"redis://x\"", "r.toml:2: cluster.redis_url: ", "not supported by this version"},
        {"[turn]\nuris = [\"turn://x\"]", "r.toml:2: turn.uris: ", "no TURN or STUN address"},
        {"[turn]\nuris = [\"http:x\"]", "r.toml:2: turn.uris: ", "no TURN or STUN address"},
        {"[turn]\nuris = [\"turn\"]", "r.toml:2: turn.uris: ", "no TURN or STUN address"},
        {"[auth]\naudience = \"\"", "r.toml:2: auth.audience: ", "empty"},
        {"[server\n", "r.toml:1: syntax: ", ""},
        {"[log]\n [= ]\n", "r.toml:2: syntax: a name is expected", ""},
        {"[clinic]\nn\xc3\xa9 = 1\n", "r.toml:2: syntax: only ASCII", ""},
        {"[log]\nlevel = \"info\"\nlevel = \"info\"", "r.toml:3: syntax: ", ""},
    });
}

TEST(Config, RefusesAddressesThatAreNone)
{
    for (auto const* text : {"", "8443", ":8443", "0.0.0.0", "0.0.0.0:", "0.0.0.0:65536", "0.0.0.0:-1", "0.0.0.0:1x",
             "256.0.0.1:1", "::1:80", "[::1]", "[::1]:", "[1.2.3.4]:1", "[::1:80", "example.com:1", "0.0.0.0:1 "}) {
        auto const error = error_of("[server]\nlisten = [\"" + std::string(text) + "\"]");
        EXPECT_TRUE(error.starts_with("r.toml:2: server.listen: ")) << text << " -> " << error;
    }
}

TEST(Config, RefusesAPublicUrlThatIsNoHttpsOrigin)
{
    for (auto const* text :
        {"", "localhost:8443", "http://a.example", "https://", "https://a.example/", "https://A.example",
            "https://a.example/x", "https://a.example:443", "https://a.example:0", "https://a.example:08443",
            "https://a.example:99999", "https://u@a.example", "https://a.example?x", "https://a.example#x",
            "https://[::1", "https://a..example", "https://-a.example", "https://a b.example"}) {
        auto const error = error_of("[server]\npublic_url = \"" + std::string(text) + "\"");
        EXPECT_TRUE(error.starts_with("r.toml:2: server.public_url: ")) << text << " -> " << error;
    }
    for (auto const* text : {"https://a.example", "https://192.168.1.4:8443", "https://[2001:db8::1]:8443"})
        EXPECT_EQ(load("[server]\npublic_url = \"" + std::string(text) + "\"").server.public_url, text);
}

TEST(Config, RefusesOriginsAndProxiesThatAreNone)
{
    for (auto const* text : {"*", "null", "https://a.example/", "a.example", "ftp://a.example", "http://a.example:80"})
        EXPECT_TRUE(error_of("[server]\nallowed_origins = [\"" + std::string(text) + "\"]").starts_with("r.toml:2: "))
            << text;
    for (auto const* text : {"proxy", "10.0.0.0/33", "10.0.0.0/", "::1/129", "10.0.0"})
        EXPECT_TRUE(error_of("[server]\ntrusted_proxies = [\"" + std::string(text) + "\"]").starts_with("r.toml:2: "))
            << text;
}

TEST(Config, RefusesIssuersItCannotVerify)
{
    std::string const named = "[[auth.issuer]]\nissuer = \"https://a.example\"\n";
    expect_refused({
        {named, "r.toml:1: auth.issuer: ", "no key; set secret_file, public_key_file, jwks_file or jwks_url"},
        {"[[auth.issuer]]\nsecret_file = \"x\"", "r.toml:1: auth.issuer: ", "issuer is missing"},
        {named + "algorithms = [\"RS256\"]\nsecret_file = \"x\"", "r.toml:1: auth.issuer: ", "needs a public key"},
        {named + "algorithms = [\"HS256\"]\npublic_key_file = \"x\"",
            "r.toml:1: auth.issuer: ", "HS256 needs secret_file"},
        {named + "algorithms = [\"ES256\", \"HS256\"]\njwks_file = \"x\"",
            "r.toml:1: auth.issuer: ", "HS256 needs secret_file"},
        {named + "secret_file = \"x\"\njwks_file = \"x\"", "r.toml:1: auth.issuer: ", "only one of them"},
        {named + "algorithms = [\"RS512\"]", "r.toml:3: auth.issuer.algorithms: ", "no algorithm of ours"},
        {named + "role_claim = \"\"", "r.toml:3: auth.issuer.role_claim: ", "a claim such as"},
        {named + "role_map = [\"physician\"]", "r.toml:3: auth.issuer.role_map: ", "their-word=our-role"},
        {named + "role_map = [\"physician=surgeon\"]", "r.toml:3: auth.issuer.role_map: ", "their-word=our-role"},
        {named + "algorithms = [\"none\"]", "r.toml:3: auth.issuer.algorithms: ", "no algorithm of ours"},
        {named + "algorithms = []", "r.toml:3: auth.issuer.algorithms: ", "at least one"},
        {named + "secret_file = \"x\"\n" + named + "secret_file = \"x\"", "r.toml:4: auth.issuer: ", "twice"},
        {"[[auth.issuer]]\nissuer = \"https://localhost:8443\"\nsecret_file = \"x\"",
            "r.toml:1: auth.issuer: ", "this server's own"},
        {"[auth]\nissuer = \"x\"", "r.toml:2: auth.issuer: ", "[[auth.issuer]]"},
        {"[auth.issuer]\nissuer = \"x\"", "r.toml:1: auth.issuer: ", "[[auth.issuer]]"},
    });
}

TEST(Config, TakesAddressesOfKeysThatNobodyCanListenTo)
{
    auto const with = [](std::string const& url) {
        return "[[auth.issuer]]\nissuer = \"https://a.example\"\njwks_url = \"" + url + "\"";
    };
    for (auto const* url : {"https://a.example/realms/clinic/protocol/openid-connect/certs", "https://10.1.2.3:8443/k",
             "https://[2001:db8::1]/k", "http://127.0.0.1:8080/k", "http://localhost:8080/k", "http://[::1]:8080/k"})
        EXPECT_EQ(error_of(with(url)), "accepted") << url;
    for (auto const* url : {"http://a.example/k", "http://10.1.2.3/k", "http://127.0.0.1.evil.example/k", "https://",
             "https://a.example", "https://user@a.example/k", "https://a.example/k?x", "https://a.example/k#x",
             "ftp://a/k", "file:///etc/keys", "a.example/k", "http://localhost.evil.example/k", "https://a b/k"})
        EXPECT_TRUE(error_of(with(url)).starts_with("r.toml:3: auth.issuer.jwks_url: ")) << url << error_of(with(url));
}

TEST(Config, TakesEveryKeyFromTheEnvironment)
{
    auto const read = load("[server]\nshards = 2\n[turn]\nuris = [\"stun:a\"]",
        {{"RENDEZVOUS__SERVER__SHARDS", "4"}, {"RENDEZVOUS__SERVER__PUBLIC_URL", "https://e.example"},
            {"RENDEZVOUS__SERVER__ALLOWED_ORIGINS", "https://a.example, https://b.example"},
            {"RENDEZVOUS__TURN__URIS", ""}, {"RENDEZVOUS__TURN__RELAY_ONLY", "true"},
            {"RENDEZVOUS__WEBHOOKS__RETRY_S", "1,2"}, {"RENDEZVOUS__ROOMS__GRACE_MS", "5"},
            {"RENDEZVOUS_OTHER", "ignored"}, {"CREDENTIALS_DIRECTORY", "/run/credentials/x"}});
    EXPECT_EQ(read.server.shards, 4U);
    EXPECT_EQ(read.server.public_url, "https://e.example");
    EXPECT_EQ(read.server.allowed_origins, (std::vector<std::string>{"https://a.example", "https://b.example"}));
    EXPECT_TRUE(read.turn.uris.empty());
    EXPECT_TRUE(read.turn.relay_only);
    EXPECT_EQ(read.webhooks.retry, (std::vector<std::chrono::seconds>{1s, 2s}));
    EXPECT_EQ(read.rooms.grace, 5ms);
    EXPECT_EQ(read.credentials_directory, "/run/credentials/x");
}

// What no value of the right type changes would be a row that stores nothing.
TEST(Config, KnowsAVariableForEveryRowOfTheTable)
{
    for (auto const& key : config_keys()) {
        std::string variable = "RENDEZVOUS__";
        for (char c : std::string(key.section) + "__" + std::string(key.name))
            variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        std::string const odd = key.type == key_type::text || key.type == key_type::texts ? "\x01" : "x";
        try {
            load_config({{variable, odd}});
            ADD_FAILURE() << variable << " accepted nonsense";
        } catch (config_error const& error) {
            EXPECT_TRUE(std::string(error.what()).starts_with("environment: " + variable + ": ")) << error.what();
            EXPECT_EQ(std::string(error.what()).find("unknown"), std::string::npos) << error.what();
        }
    }
}

TEST(Config, TakesIssuersFromTheEnvironment)
{
    auto const read = load("[[auth.issuer]]\nissuer = \"https://a.example\"",
        {{"RENDEZVOUS__AUTH__ISSUER__0__SECRET_FILE", "a.secret"},
            {"RENDEZVOUS__AUTH__ISSUER__1__ISSUER", "https://b.example"},
            {"RENDEZVOUS__AUTH__ISSUER__1__SECRET_FILE", "b.secret"}});
    ASSERT_EQ(read.auth.issuers.size(), 2U);
    EXPECT_EQ(read.auth.issuers[0].secret_file, "a.secret");
    EXPECT_EQ(read.auth.issuers[1].issuer, "https://b.example");
}

TEST(Config, RefusesVariablesLikeKeys)
{
    auto const error = [](std::string const& name, std::string const& value) { return error_of("", {{name, value}}); };
    EXPECT_EQ(error("RENDEZVOUS__SERVER__PUBLIC_URI", "x"),
        "environment: RENDEZVOUS__SERVER__PUBLIC_URI: unknown key; did you mean RENDEZVOUS__SERVER__PUBLIC_URL?");
    EXPECT_NE(error("RENDEZVOUS__SERVRE__SHARDS", "1").find("RENDEZVOUS__SERVER__SHARDS?"), std::string::npos);
    EXPECT_NE(error("RENDEZVOUS__SERVER", "x").find("unknown key"), std::string::npos);
    EXPECT_NE(error("RENDEZVOUS__server__shards", "1").find("capital"), std::string::npos);
    EXPECT_NE(error("RENDEZVOUS__SERVER__SHARDS", "1x").find("whole number"), std::string::npos);
    EXPECT_NE(error("RENDEZVOUS__SERVER__SHARDS", "").find("whole number"), std::string::npos);
    EXPECT_NE(error("RENDEZVOUS__SERVER__SHARDS", "999").find("0 to 256"), std::string::npos);
    EXPECT_NE(error("RENDEZVOUS__TURN__RELAY_ONLY", "yes").find("true or false"), std::string::npos);
    EXPECT_NE(error("RENDEZVOUS__WEBHOOKS__RETRY_S", "1,x").find("list of whole numbers"), std::string::npos);
    EXPECT_NE(error("RENDEZVOUS__AUTH__ISSUER__X__ISSUER", "a").find("0 for the first"), std::string::npos);
    EXPECT_NE(error("RENDEZVOUS__AUTH__ISSUER__1__ISSUER", "a").find("no issuer 0"), std::string::npos);
    EXPECT_NE(error("RENDEZVOUS__AUTH__ISSUER__0__SECRET", "a").find("__0__SECRET_FILE?"), std::string::npos);
    EXPECT_NE(error("RENDEZVOUS__AUTH__ISSUER__0__ISSUER", "a").find("set secret_file"), std::string::npos);
}

TEST(Config, SaysThatAFileIsMissing)
{
    testing::folder const here;
    EXPECT_THROW(load_config(here / "nothing.toml", {}), config_error);
    EXPECT_THROW(load_config(here.path(), {}), config_error);
}

TEST(Config, ReadsNamesInAnyScript)
{
    auto const name = [](std::string const& text) {
        return load("[clinic]\n# caf\xc3\xa9\nname = \"" + text + "\"\n").clinic.name;
    };
    for (std::string const text : {"Clinic\xc4\x83 \xc3\x81n", "\xd9\x85\xd8\xb1\xd8\xad", "\xf0\x9f\x8f\xa5"})
        EXPECT_EQ(name(text), text);
    EXPECT_EQ(error_of("[clinic]\nname = \"\xff\"\n"), "r.toml:2: syntax: this is not UTF-8");
    EXPECT_EQ(error_of("[clinic]\nname = '\xc3\xa9'\n"), "r.toml:2: syntax: only ASCII is allowed in single quotes");
    EXPECT_EQ(load("\xef\xbb\xbf[clinic]\nname = \"A\"\n").clinic.name, "A");
}

} // namespace
} // namespace rendezvous::app
