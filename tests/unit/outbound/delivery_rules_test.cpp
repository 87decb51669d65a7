#include "delivery_support.hpp"
#include "outbound/signature.hpp"

#include <gtest/gtest.h>

namespace rendezvous::outbound_tests {
namespace {

using outbound::attempt_end;
using outbound::judge;
using outbound::judgement;
using service::delivery_state;
using service::webhook_effect;
using counted = base::metrics::delivery_outcome;
using reason = base::metrics::disable_reason;

std::string header_of(service::http_ask const& ask, std::string const& name)
{
    for (auto const& [key, value] : ask.headers)
        if (key == name) return value;
    return "(none)";
}

attempt_end answered(unsigned status, std::optional<std::string> retry_after = {})
{
    return {status, base::errc::ok, std::move(retry_after)};
}

judgement after(attempt_end const& how, unsigned attempts = 0, double random = 0)
{
    return judge(options(), webhook("w"), delivery("e", attempts), how, at(50), random);
}

TEST(DeliveryRequest, IsWhatReceiversVerify)
{
    auto const ask = make_request(options(), webhook("w"), delivery("e"), at(60));
    EXPECT_EQ(ask.method, "POST");
    EXPECT_EQ(ask.url, "https://booking.example/hooks");
    EXPECT_EQ(ask.body, R"({"type":"call.ended","timestamp":"2027-01-15T08:00:00.000Z",)"
                        R"("data":{"callId":"c","seq":1}})");
    EXPECT_EQ(header_of(ask, "Content-Type"), "application/json");
    EXPECT_EQ(header_of(ask, "webhook-id"), "e");
    EXPECT_EQ(header_of(ask, "webhook-timestamp"), "1800000060") << "of the attempt";
    EXPECT_EQ(header_of(ask, "webhook-signature"), outbound::sign(webhook("w").secret, "e", 1'800'000'060, ask.body));
    EXPECT_EQ(header_of(ask, "ce-specversion"), "1.0");
    EXPECT_EQ(header_of(ask, "ce-id"), "e");
    EXPECT_EQ(header_of(ask, "ce-type"), "call.ended");
    EXPECT_EQ(header_of(ask, "ce-source"), "https://call.clinic.example");
    EXPECT_EQ(header_of(ask, "ce-time"), "2027-01-15T08:00:00.000Z");
    EXPECT_EQ(ask.timeout, milliseconds{15'000});
    EXPECT_EQ(ask.private_hosts, std::vector<std::string>{"booking.local"});
}

TEST(DeliveryRequest, IsSignedTwiceWhileASecretRotates)
{
    auto to = webhook("w");
    to.previous_secret = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB";
    to.previous_until = at(100);
    auto const both = make_request(options(), to, delivery("e"), at(99));
    EXPECT_EQ(
        header_of(both, "webhook-signature"), outbound::sign(to.secret, "e", 1'800'000'099, both.body) + " "
                                                  + outbound::sign(to.previous_secret, "e", 1'800'000'099, both.body));
    auto const one = make_request(options(), to, delivery("e"), at(100));
    EXPECT_EQ(header_of(one, "webhook-signature"), outbound::sign(to.secret, "e", 1'800'000'100, one.body));
}

TEST(DeliveryRules, OnlySuccessIsSuccess)
{
    for (unsigned const status : {200U, 201U, 202U, 204U, 299U}) {
        auto const what = after(answered(status));
        EXPECT_EQ(what.outcome.state, delivery_state::delivered) << status;
        EXPECT_EQ(what.outcome.effect, webhook_effect::healthy);
        EXPECT_EQ(what.counted, counted::delivered);
        EXPECT_EQ(what.quiet_until, std::nullopt);
    }
    for (unsigned const status : {100U, 199U, 300U, 301U, 302U, 304U, 307U, 308U, 400U, 401U, 404U, 422U, 500U, 503U}) {
        auto const what = after(answered(status));
        EXPECT_EQ(what.outcome.state, delivery_state::pending) << status;
        EXPECT_EQ(what.outcome.effect, webhook_effect::none);
        EXPECT_EQ(what.outcome.http_status, status);
        EXPECT_EQ(what.counted, counted::retried);
    }
}

TEST(DeliveryRules, SaysWhyThereWasNoAnswer)
{
    EXPECT_EQ(after({0, base::errc::connector_unavailable, {}}).outcome.error, "no-answer");
    EXPECT_EQ(after({0, base::errc::forbidden, {}}).outcome.error, "target-not-allowed");
    EXPECT_EQ(after({0, base::errc::too_large, {}}).outcome.error, "answer-too-large");
    EXPECT_EQ(after({0, base::errc::forbidden, {}}).outcome.state, delivery_state::pending);
    EXPECT_EQ(after(answered(200)).outcome.error, "");
}

TEST(DeliveryRules, WaitsLongerEachTimeAndGivesUp)
{
    EXPECT_EQ(after(answered(500), 0).outcome.next_at, at(50 + 10));
    EXPECT_EQ(after(answered(500), 1).outcome.next_at, at(50 + 100));
    EXPECT_EQ(after(answered(500), 0, 0.5).outcome.next_at, at(50 + 11)) << "up to a fifth more";
    EXPECT_EQ(after(answered(500), 1, 1).outcome.next_at, at(50 + 120));
    auto const last = after(answered(500), 2);
    EXPECT_EQ(last.outcome.state, delivery_state::dead);
    EXPECT_EQ(last.outcome.effect, webhook_effect::failing);
    EXPECT_EQ(last.counted, counted::dead);
    EXPECT_EQ(last.disabled, std::nullopt);
    EXPECT_EQ(after(answered(500), 7).outcome.state, delivery_state::dead) << "the list has become shorter";
    EXPECT_EQ(after(answered(204), 2).outcome.state, delivery_state::delivered);
}

TEST(DeliveryRules, GoesByTheDefaultScheduleForThreeDays)
{
    auto rules = options();
    rules.retry.clear();
    for (int const s : {0, 5, 300, 1'800, 7'200, 18'000, 36'000, 50'400, 72'000, 86'400})
        rules.retry.emplace_back(s * 1'000);
    auto now = at(0);
    unsigned made = 0;
    for (;; ++made) {
        auto const what = judge(rules, webhook("w"), delivery("e", made), answered(500), now, 0);
        if (what.outcome.state == delivery_state::dead) break;
        now = what.outcome.next_at;
    }
    EXPECT_EQ(made + 1, 10U);
    EXPECT_EQ(now - at(0), milliseconds{272'105'000}) << "nearly 76 hours";
}

TEST(DeliveryRules, GoneMeansGone)
{
    auto const what = after(answered(410));
    EXPECT_EQ(what.outcome.state, delivery_state::dead);
    EXPECT_EQ(what.outcome.effect, webhook_effect::disabled);
    EXPECT_EQ(what.disabled, reason::gone);
}

TEST(DeliveryRules, GivesUpAWebhookThatFailsForFiveDays)
{
    auto to = webhook("w");
    constexpr std::int64_t days = 86'400;
    to.status = service::webhook_status::failing;
    to.failing_since = at(0);
    auto const before = judge(options(), to, delivery("e"), answered(500), at(5 * days - 1), 0);
    EXPECT_EQ(before.outcome.effect, webhook_effect::none);
    auto const then = judge(options(), to, delivery("e"), answered(500), at(5 * days), 0);
    EXPECT_EQ(then.outcome.effect, webhook_effect::disabled);
    EXPECT_EQ(then.disabled, reason::failing);
    EXPECT_EQ(then.outcome.state, delivery_state::pending) << "it goes on when somebody enables the webhook";
    EXPECT_EQ(
        judge(options(), to, delivery("e"), answered(200), at(9 * days), 0).outcome.effect, webhook_effect::healthy);
}

TEST(DeliveryRules, WaitsAsLongAsItIsAskedTo)
{
    auto const seconds = after(answered(503, "120"));
    EXPECT_EQ(seconds.outcome.next_at, at(50 + 120));
    EXPECT_EQ(seconds.quiet_until, at(50 + 120));
    auto const date = after(answered(429, "Fri, 15 Jan 2027 08:05:50 GMT"));
    EXPECT_EQ(date.outcome.next_at, at(350));
    EXPECT_EQ(date.quiet_until, at(350));
    EXPECT_EQ(after(answered(429, "3")).outcome.next_at, at(60)) << "never sooner than planned";
    auto const endless = after(answered(429, "999999999999"));
    EXPECT_EQ(endless.outcome.next_at, at(50 + 86'400));
    EXPECT_EQ(endless.quiet_until, at(50 + 3'600));
    for (auto const* const text : {"", "soon", "-5", "1e3", "Fri, 15 Jan 2020 08:05:50 GMT", "99999999999999999999"}) {
        auto const what = after(answered(500, text));
        EXPECT_EQ(what.outcome.next_at, at(60)) << text;
        EXPECT_EQ(what.quiet_until, std::nullopt) << text;
    }
}

TEST(DeliveryRules, LeavesAReceiverAloneThatHasTooMuch)
{
    for (unsigned const status : {429U, 502U, 504U}) {
        EXPECT_EQ(after(answered(status), 0).quiet_until, at(50 + 10)) << status;
        EXPECT_EQ(after(answered(status), 1).quiet_until, at(50 + 60)) << "at most a minute unasked";
    }
    EXPECT_EQ(after(answered(500)).quiet_until, std::nullopt);
}

} // namespace
} // namespace rendezvous::outbound_tests
