#include "app/reload.hpp"

#include "app/config_keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace rendezvous::app {
namespace {

using namespace std::chrono_literals;

/// Another valid value of that key.
key_value changed(config_key const& key)
{
    static std::map<std::string_view, key_value> const special{
        {"public_url", std::string("https://other.example")},
        {"listen", std::vector<std::string>{"127.0.0.1:1"}},
        {"websocket_listen", std::vector<std::string>{"127.0.0.1:2"}},
        {"allowed_origins", std::vector<std::string>{"https://other.example"}},
        {"trusted_proxies", std::vector<std::string>{"10.0.0.1"}},
        {"url", std::string("sqlite:other.db")},
        {"uris", std::vector<std::string>{"stun:other.example"}},
        {"allowed_private_hosts", std::vector<std::string>{"other.example"}},
        {"retry_s", std::vector<std::int64_t>{1}},
        {"level", std::string("debug")},
        {"format", std::string("json")},
    };
    if (key.section == "metrics") return std::string("127.0.0.1:1");
    if (auto const found = special.find(key.name); found != special.end()) return found->second;
    if (key.type == key_type::text) return std::string("other");
    if (key.type == key_type::boolean) return key.name != "payment_gate";
    return key.least + 1;
}

/// Every key either takes effect at a reload or is told to need a restart, and never both.
TEST(Reload, KnowsEachKey)
{
    for (auto const& key : config_keys()) {
        auto const name = std::string(key.section) + "." + std::string(key.name);
        if (name == "cluster.redis_url") continue; // has one value only
        config const running;
        config fresh;
        ASSERT_FALSE(apply(key, fresh, changed(key))) << name;
        auto const told = needs_restart(running, fresh);
        auto const taken = with_reloadable(running, fresh);
        bool const effective = taken.tls == fresh.tls && taken.server == fresh.server && taken.log == fresh.log
                               && taken.clinic == fresh.clinic && taken.storage == fresh.storage
                               && taken.auth == fresh.auth && taken.turn == fresh.turn && taken.rooms == fresh.rooms
                               && taken.webhooks == fresh.webhooks && taken.metrics == fresh.metrics
                               && (key.section != "limits" || needs_restart(taken, fresh).empty());
        EXPECT_NE(effective, !told.empty()) << name;
        if (told.empty()) continue;
        EXPECT_EQ(told, std::vector<std::string>{name});
    }
}

TEST(Reload, TakesWhatTheContractNames)
{
    config const running;
    config fresh;
    fresh.tls.certificate = "other.pem";
    fresh.server.allowed_origins = {"https://other.example"};
    fresh.server.trusted_proxies = {"10.0.0.1"};
    fresh.auth.issuers.emplace_back();
    fresh.limits.messages_per_s = 7;
    fresh.limits.memory_mb_max = 100;
    fresh.log.level = base::log::level::debug;
    EXPECT_TRUE(needs_restart(running, fresh).empty());
    auto const taken = with_reloadable(running, fresh);
    EXPECT_EQ(taken.tls, fresh.tls);
    EXPECT_EQ(taken.server, fresh.server);
    EXPECT_EQ(taken.auth, fresh.auth);
    EXPECT_EQ(taken.log, fresh.log);
    EXPECT_EQ(taken.limits.messages_per_s, 7U);
    EXPECT_EQ(taken.limits.memory_mb_max, 100U);
}

TEST(Reload, LeavesTheRestAsItRuns)
{
    config const running;
    config fresh;
    fresh.server.public_url = "https://other.example";
    fresh.rooms.grace = 1ms;
    fresh.limits.starts_per_minute = 1;
    EXPECT_EQ(needs_restart(running, fresh),
        (std::vector<std::string>{"server.public_url", "rooms.grace_ms", "limits.starts_per_minute"}));
    auto const taken = with_reloadable(running, fresh);
    EXPECT_EQ(taken.server, running.server);
    EXPECT_EQ(taken.rooms, running.rooms);
    EXPECT_EQ(taken.limits.starts_per_minute, running.limits.starts_per_minute);
}

} // namespace
} // namespace rendezvous::app
