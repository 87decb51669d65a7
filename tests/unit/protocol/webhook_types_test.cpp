#include "rendezvous/protocol/webhook_types.hpp"

#include <gtest/gtest.h>

namespace rendezvous::protocol {
namespace {

template <class T>
std::vector<std::string> pointers(body<T> const& of)
{
    std::vector<std::string> out;
    for (auto const& e : of.refusal.errors) out.push_back(e.pointer);
    return out;
}

using strings = std::vector<std::string>;

TEST(WebhookBodies, AreReadWhole)
{
    auto const made = parse_webhook(R"({"url":"https://a.example/","events":["call.ended","webhook.test"]})");
    ASSERT_TRUE(made);
    EXPECT_EQ(made->url, "https://a.example/");
    EXPECT_EQ(made->events, (strings{"call.ended", "webhook.test"}));
    EXPECT_EQ(parse_webhook(R"({"url":"x"})")->events, strings{});
    auto const patch = parse_webhook_patch(R"({"events":[],"status":"disabled"})");
    ASSERT_TRUE(patch);
    EXPECT_EQ(patch->url, std::nullopt);
    EXPECT_EQ(patch->events, strings{});
    EXPECT_EQ(patch->enabled, false);
    EXPECT_EQ(parse_webhook_patch("{}")->events, std::nullopt);
    EXPECT_EQ(parse_rotate("")->previous_for, std::chrono::seconds{86'400});
    EXPECT_EQ(parse_rotate(R"({"previousForSeconds":0})")->previous_for, std::chrono::seconds{0});
}

TEST(WebhookBodies, SayAllThatIsWrong)
{
    EXPECT_EQ(parse_webhook("[]").refusal.code, base::errc::bad_json);
    EXPECT_EQ(pointers(parse_webhook("{}")), strings{"/url"});
    EXPECT_EQ(pointers(parse_webhook(R"({"url":7,"events":"call.ended","colour":1})")),
        (strings{"/url", "/events", "/colour"}));
    EXPECT_EQ(pointers(parse_webhook(R"({"url":"x","events":["call.ended","call.over"]})")), strings{"/events/1"});
    EXPECT_EQ(pointers(parse_webhook(R"({"url":"x","events":[1]})")), strings{"/events"});
    EXPECT_EQ(pointers(parse_webhook("{\"url\":\"" + std::string(2'049, 'x') + "\"}")), strings{"/url"});
    EXPECT_EQ(pointers(parse_webhook_patch(R"({"status":"failing"})")), strings{"/status"});
    EXPECT_EQ(pointers(parse_rotate(R"({"previousForSeconds":604801})")), strings{"/previousForSeconds"});
}

TEST(WebhookAnswers, ShowWhatIsThere)
{
    webhook_item w{"1", "https://a.example/", {"call.ended"}, "active", {}, {}, {}, base::from_ms(0)};
    EXPECT_EQ(webhook_json(w), R"({"id":"1","url":"https://a.example/","events":["call.ended"],"status":"active",)"
                               R"("createdAt":"1970-01-01T00:00:00.000Z"})");
    w.secret = "whsec_QQ==";
    EXPECT_NE(webhook_json(w).find(R"("secret":"whsec_QQ==")"), std::string::npos);
    EXPECT_EQ(events_json({{"e", "call.ended", base::from_ms(0), R"({"seq":1})"}, {"f", "x", base::from_ms(0), "no"}}),
        R"([{"id":"e","type":"call.ended","timestamp":"1970-01-01T00:00:00.000Z","data":{"seq":1}},)"
        R"({"id":"f","type":"x","timestamp":"1970-01-01T00:00:00.000Z","data":{}}])");
    delivery_item d{{"e", "call.ended", base::from_ms(0), {}}, "dead", 3, {}, {}, 0, "no-answer"};
    EXPECT_EQ(deliveries_json({d}), R"([{"id":"e","type":"call.ended","timestamp":"1970-01-01T00:00:00.000Z",)"
                                    R"("state":"dead","attempts":3,"error":"no-answer"}])");
}

} // namespace
} // namespace rendezvous::protocol
