#include "rendezvous/protocol/rest_types.hpp"

#include "sample.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace rendezvous::protocol {
namespace {

using base::errc;

TEST(RestBodies, ReadAnAppointment)
{
    auto const body = parse_put_appointment(
        R"({"status":"booked","paymentStatus":"unpaid","start":"2026-11-20T14:00:00Z","end":"2026-11-20T15:30:00+01:00",)"
        R"("media":"audio","startPolicy":"staff","capacity":3,"opensAt":"2026-11-20T13:00:00.5Z",)"
        R"("closesAt":"2026-11-20T16:00:00Z","hardEnd":true,"participants":[)"
        R"({"userId":"ann","role":"patient","name":"Ann \u00c4","locale":"de-AT"},{"userId":"bob","role":"doctor","name":"B"}]})");
    ASSERT_TRUE(body);
    auto const& a = *body;
    EXPECT_EQ(a.status, call::appointment_status::booked);
    EXPECT_EQ(a.payment, call::payment_status::unpaid);
    EXPECT_EQ(a.start, sample::at(0));
    EXPECT_EQ(a.end, sample::at(30));
    EXPECT_EQ(a.media, call::media_kind::audio);
    EXPECT_EQ(a.policy, call::start_policy::staff);
    EXPECT_EQ(a.capacity, 3U);
    EXPECT_EQ(a.opens_at, sample::at(-60) + std::chrono::milliseconds{500});
    EXPECT_EQ(a.closes_at, sample::at(120));
    EXPECT_EQ(a.hard_end, true);
    ASSERT_TRUE(a.members);
    ASSERT_EQ(a.members->size(), 2U);
    EXPECT_EQ((*a.members)[0].user.str(), "ann");
    EXPECT_EQ((*a.members)[0].role, call::role::patient);
    EXPECT_EQ((*a.members)[0].name, "Ann \xc3\x84");
    EXPECT_EQ((*a.members)[0].locale, "de-AT");
    EXPECT_FALSE((*a.members)[1].locale);
    EXPECT_TRUE(a.id.empty());
}

TEST(RestBodies, LeaveOutWhatTheBodyLeavesOut)
{
    auto const body = parse_put_appointment("{}");
    ASSERT_TRUE(body);
    EXPECT_FALSE(body->status || body->payment || body->start || body->end || body->media || body->policy
                 || body->capacity || body->opens_at || body->closes_at || body->hard_end || body->members
                 || body->if_version);
}

struct refused_body {
    char const* text;
    std::vector<std::string> pointers;
};

std::vector<std::string> pointers(body_refusal const& refusal)
{
    std::vector<std::string> out;
    for (auto const& e : refusal.errors) {
        EXPECT_FALSE(e.detail.empty());
        out.push_back(e.pointer);
    }
    return out;
}

TEST(RestBodies, PointAtEveryFieldThatDoesNotFit)
{
    std::vector<refused_body> const cases = {
        {R"({"status":"open"})", {"/status"}},
        {R"({"status":null})", {"/status"}},
        {R"({"paymentStatus":1})", {"/paymentStatus"}},
        {R"({"start":"tomorrow"})", {"/start"}},
        {R"({"start":1763647200})", {"/start"}},
        {R"({"start":"2026-11-20T14:00:00Z","end":"2026-11-20T14:00:00Z"})", {"/end"}},
        {R"({"opensAt":"2026-11-20T14:00:00Z","closesAt":"2026-11-20T13:00:00Z"})", {"/closesAt"}},
        {R"({"media":"smell"})", {"/media"}},
        {R"({"startPolicy":"all"})", {"/startPolicy"}},
        {R"({"capacity":1})", {"/capacity"}},
        {R"({"capacity":7})", {"/capacity"}},
        {R"({"capacity":2.5})", {"/capacity"}},
        {R"({"capacity":-2})", {"/capacity"}},
        {R"({"capacity":"2"})", {"/capacity"}},
        {R"({"hardEnd":"no"})", {"/hardEnd"}},
        {R"({"id":"A1"})", {"/id"}},
        {R"({"a/b~c":1})", {"/a~1b~0c"}},
        {R"({"media":"x","capacity":9,"zzz":1})", {"/media", "/capacity", "/zzz"}},
        {R"({"participants":{}})", {"/participants"}},
        {R"({"participants":[1,2,3,4,5,6,7]})", {"/participants"}},
        {R"({"participants":["ann"]})", {"/participants/0"}},
        {R"({"participants":[{}]})", {"/participants/0/userId", "/participants/0/role", "/participants/0/name"}},
        {R"({"participants":[{"userId":"a b","role":"patient","name":"A"}]})", {"/participants/0/userId"}},
        {R"({"participants":[{"userId":"a","role":"nurse","name":"A"}]})", {"/participants/0/role"}},
        {R"({"participants":[{"userId":"a","role":"patient","name":""}]})", {"/participants/0/name"}},
        {R"({"participants":[{"userId":"a","role":"patient","name":"a\nb"}]})", {"/participants/0/name"}},
        {R"({"participants":[{"userId":"a","role":"patient","name":"A","locale":"d"}]})", {"/participants/0/locale"}},
        {R"({"participants":[{"userId":"a","role":"patient","name":"A","age":7}]})", {"/participants/0/age"}},
        {R"({"participants":[{"userId":"a","role":"patient","name":"A"},{"userId":"a","role":"doctor","name":"B"}]})",
            {"/participants/1/userId"}},
    };
    for (auto const& c : cases) {
        auto const body = parse_put_appointment(c.text);
        ASSERT_FALSE(body) << c.text;
        EXPECT_EQ(body.refusal.code, errc::validation) << c.text;
        EXPECT_EQ(pointers(body.refusal), c.pointers) << c.text;
    }
}

TEST(RestBodies, RefuseWhatIsNotOneObject)
{
    for (std::string const& text : std::vector<std::string>{"", "[]", "1", "{", "{}{}", "{\"a\":1,\"a\":2}", "\xff",
             "{\"participants\":[{\"name\":\"a\",\"name\":\"b\"}]}", "{\"status\":\"\\ud800\"}", "{\"capacity\":1e999}",
             "{\"x\":" + std::string(16, '[') + std::string(16, ']') + "}"}) {
        auto const body = parse_put_appointment(text);
        ASSERT_FALSE(body) << text;
        EXPECT_EQ(body.refusal.code, errc::bad_json) << text;
        EXPECT_TRUE(body.refusal.errors.empty()) << text;
    }
    // The same name in different objects is no duplicate.
    EXPECT_TRUE(parse_put_appointment(R"({"participants":[{"userId":"a","role":"patient","name":"A"},)"
                                      R"({"userId":"b","role":"patient","name":"A"}]})"));
}

TEST(RestBodies, KeepTheListOfErrorsShort)
{
    std::string text = "{";
    for (int i = 0; i < 1'000; ++i) text += "\"x" + std::to_string(i) + "\":0,";
    auto const body = parse_put_appointment(text + "\"y\":0}");
    EXPECT_EQ(body.refusal.errors.size(), 32U);
}

TEST(RestBodies, ReadTheSmallOnes)
{
    EXPECT_FALSE(parse_start_call("")->media);
    EXPECT_FALSE(parse_start_call(" \r\n")->media);
    EXPECT_EQ(parse_start_call(R"({"media":"audio"})")->media, call::media_kind::audio);
    EXPECT_EQ(pointers(parse_start_call(R"({"media":"x","y":1})").refusal), (std::vector<std::string>{"/media", "/y"}));
    EXPECT_EQ(parse_start_call("nonsense").refusal.code, errc::bad_json);

    EXPECT_FALSE(parse_end_call("{}")->call);
    EXPECT_EQ(parse_end_call(R"({"callId":"0192d3a1-0000-7000-8000-0123456789ab"})")->call,
        base::call_id("0192d3a1-0000-7000-8000-0123456789ab"));
    EXPECT_EQ(pointers(parse_end_call(R"({"callId":"7"})").refusal), std::vector<std::string>{"/callId"});

    EXPECT_TRUE(parse_redeem(""));
    EXPECT_EQ(parse_redeem(R"({"pin":"1234"})")->pin, "1234");
    EXPECT_EQ(pointers(parse_redeem(R"({"pin":1234})").refusal), std::vector<std::string>{"/pin"});
    EXPECT_EQ(pointers(parse_redeem(R"({"code":"x"})").refusal), std::vector<std::string>{"/code"});

    auto const invite = parse_invite(R"({"userId":"ann","expiresAt":"2026-11-20T14:00:00Z"})");
    ASSERT_TRUE(invite);
    EXPECT_EQ(invite.value->user.str(), "ann");
    EXPECT_EQ(invite.value->expires_at, sample::at(0));
    EXPECT_FALSE(parse_invite(R"({"userId":"ann"})")->expires_at);
    EXPECT_EQ(pointers(parse_invite("{}").refusal), std::vector<std::string>{"/userId"});
    EXPECT_EQ(parse_invite(R"({"userId":"ann","pin":"1234"})")->pin, "1234");
    for (auto const* pin : {R"("123")", R"("1234567890123")", R"("12a4")", R"("")", "1234", "null"})
        EXPECT_EQ(pointers(parse_invite(std::string(R"({"userId":"ann","pin":)") + pin + "}").refusal),
            std::vector<std::string>{"/pin"})
            << pin;
    EXPECT_EQ(parse_invite("").refusal.code, errc::bad_json);
}

} // namespace
} // namespace rendezvous::protocol
