#include "app/published_keys.hpp"

#include "rendezvous/auth/jwks.hpp"
#include "support/key_pair.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace rendezvous::app {
namespace {

using base::milliseconds;
using test::key_pair;

constexpr auto issuer = "https://id.test";
constexpr auto address = "https://id.test:8443/realms/clinic/certs";

/// Keeps every request until the test answers it.
class held_client final : public service::http_client {
public:
    void send(service::http_ask ask, service::completion<service::http_answer> done) override
    {
        asked.push_back(std::move(ask));
        waiting.push_back(std::move(done));
    }
    void answer(base::result<service::http_answer> with)
    {
        auto const done = std::move(waiting.front());
        waiting.pop_front();
        done(std::move(with));
    }
    void answer_keys(std::vector<std::string> const& keys, unsigned status = 200)
    {
        std::string all;
        for (auto const& key : keys) all += (all.empty() ? "" : ",") + key;
        answer(service::http_answer{status, {}, R"({"keys":[)" + all + "]}"});
    }

    std::vector<service::http_ask> asked;
    std::deque<service::completion<service::http_answer>> waiting;
};

class PublishedKeys : public ::testing::Test {
protected:
    PublishedKeys() { follow(); }

    void follow(std::string const& url = address)
    {
        keys_.take_over({{issuer, url, {auth::token_algorithm::rs256, auth::token_algorithm::es256}}},
            auth::token_verifier({{issuer, {}, {}, true}, {"https://other.test", {{auth::token_algorithm::hs256, "",
                                                                                     std::string(32, 's')}}}},
                "rendezvous"));
    }
    std::string token(std::string const& kid) const
    {
        auto const now = std::chrono::floor<std::chrono::seconds>(clock_.now().utc).time_since_epoch().count();
        return key_.token(R"({"alg":"ES256","kid":")" + kid + "\"}",
            R"({"iss":"https://id.test","aud":"rendezvous","sub":"u","role":"doctor","exp":)"
                + std::to_string(now + 600) + "}");
    }
    bool good(std::string const& kid) const { return used_->verify(token(kid), clock_.now().utc).has_value(); }
    bool await()
    {
        return keys_.await(issuer, [this] { ++told_; });
    }

    key_pair const key_ = key_pair::ec();
    base::manual_clock clock_{base::from_ms(1'795'000'000'000)};
    held_client out_;
    std::optional<auth::token_verifier> used_;
    published_keys keys_{out_, clock_, [this](auth::token_verifier fresh) { used_.emplace(std::move(fresh)); }};
    int told_ = 0;
};

TEST_F(PublishedKeys, AreFetchedFromTheConfiguredAddressOnly)
{
    EXPECT_TRUE(out_.asked.empty()) << "commands fetch nothing";
    keys_.on_time();
    ASSERT_EQ(out_.asked.size(), 1u);
    EXPECT_EQ(out_.asked[0].url, address);
    EXPECT_EQ(out_.asked[0].method, "GET");
    EXPECT_EQ(out_.asked[0].timeout, milliseconds{5'000});
    EXPECT_EQ(out_.asked[0].body_bytes_max, auth::jwks_bytes_max);
    EXPECT_EQ(out_.asked[0].private_hosts, std::vector<std::string>{"id.test:8443"});
    EXPECT_FALSE(good("a"));
    out_.answer_keys({key_.jwk("a")});
    EXPECT_TRUE(good("a"));
    EXPECT_FALSE(good("b"));
    EXPECT_FALSE(keys_.await("https://other.test", [] {})) << "publishes nothing";
    EXPECT_FALSE(keys_.await("https://evil.test", [] {}));
    EXPECT_EQ(out_.asked.size(), 1u);
}

TEST_F(PublishedKeys, AreAskedForOnceAMinuteAtMostHoweverManyTokensCome)
{
    keys_.on_time();
    EXPECT_TRUE(await());
    EXPECT_TRUE(await());
    EXPECT_EQ(out_.asked.size(), 1u) << "one request for all who wait";
    out_.answer_keys({key_.jwk("a")});
    EXPECT_EQ(told_, 2);
    clock_.advance(milliseconds{59'999});
    EXPECT_FALSE(await()) << "asked a moment ago";
    EXPECT_EQ(out_.asked.size(), 1u);
    clock_.advance(milliseconds{1});
    EXPECT_TRUE(await());
    ASSERT_EQ(out_.asked.size(), 2u);
    EXPECT_EQ(told_, 2) << "not before the answer";
    out_.answer_keys({key_.jwk("b")});
    EXPECT_EQ(told_, 3);
    EXPECT_TRUE(good("b"));
    EXPECT_FALSE(good("a")) << "no longer published";
}

TEST_F(PublishedKeys, LetOnlySoManyWait)
{
    for (std::size_t i = 0; i < published_keys::waiting_max; ++i) ASSERT_TRUE(await());
    EXPECT_FALSE(await());
    out_.answer(base::errc::connector_unavailable);
    EXPECT_EQ(told_, static_cast<int>(published_keys::waiting_max));
}

TEST_F(PublishedKeys, StayForADayWhileTheIssuerIsDown)
{
    keys_.on_time();
    out_.answer_keys({key_.jwk("a")});
    auto const fail = [&](auto const& answer) {
        clock_.advance(published_keys::refresh_every);
        keys_.on_time();
        ASSERT_FALSE(out_.waiting.empty());
        answer();
        EXPECT_TRUE(good("a"));
    };
    fail([&] { out_.answer(base::errc::connector_unavailable); });
    fail([&] { out_.answer_keys({key_.jwk("b")}, 500); });
    fail([&] { out_.answer_keys({key_.jwk("b")}, 302); });
    fail([&] { out_.answer(service::http_answer{200, {}, "<html>"}); });
    fail([&] { out_.answer_keys({}); });
    fail([&] { out_.answer_keys({key_.jwk("x"), key_.jwk("x")}); });
    fail([&] { out_.answer(service::http_answer{200, {}, std::string(10'000'000, ' ')}); });
    clock_.advance(published_keys::kept_for - 7 * published_keys::refresh_every - milliseconds{1});
    keys_.on_time();
    EXPECT_TRUE(good("a"));
    clock_.advance(milliseconds{1});
    keys_.on_time();
    EXPECT_FALSE(good("a"));
    out_.answer_keys({key_.jwk("a")});
    EXPECT_TRUE(good("a")) << "and back it is";
}

TEST_F(PublishedKeys, SurviveAReloadUnlessTheAddressChanges)
{
    keys_.on_time();
    out_.answer_keys({key_.jwk("a")});
    follow();
    EXPECT_TRUE(good("a"));
    clock_.advance(milliseconds{60'000});
    ASSERT_TRUE(await());
    follow("https://id.test/new");
    EXPECT_EQ(told_, 1) << "nobody waits for what does not come";
    EXPECT_FALSE(good("a"));
    out_.answer_keys({key_.jwk("a")});
    EXPECT_FALSE(good("a")) << "an answer of the old address";
    keys_.on_time();
    EXPECT_EQ(out_.asked.back().url, "https://id.test/new");
    out_.answer_keys({key_.jwk("a")});
    EXPECT_TRUE(good("a"));
}

} // namespace
} // namespace rendezvous::app
