#include "system_fixture.hpp"

#include <algorithm>

// Doors that are closed say why, open while people wait, and are opened by staff with a reason.

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;

class ClosedDoors : public system_test {
protected:
    http_answer post(
        visit const& v, std::string const& verb, std::string const& token, json const& body = json::object())
    {
        return server().rest("POST", v.path(verb), token, body.dump());
    }
    json status(visit const& v, std::string const& token)
    {
        return body_of(server().rest("GET", v.path("/call-status"), token));
    }
};

TEST_P(ClosedDoors, APaymentOpensTheDoorForThoseWhoWait)
{
    auto const v = book_visit(server(), {{"paymentStatus", "unpaid"}});
    EXPECT_EQ(status(v, v.patient_token)["reason"], "payment-required");
    EXPECT_EQ(status(v, server().api_key())["reason"], "payment-required") << "the front desk reads the same line";
    peer patient(server());
    patient.enter(v.patient_token, v.id);
    EXPECT_EQ(patient.ask("startCall")["code"], "payment-required");
    ASSERT_EQ(server().book("PUT", v.path(), {{"paymentStatus", "paid"}}).status, 200u);
    auto const news =
        patient.expect("appointment", [](json const& m) { return m["appointment"]["paymentStatus"] == "paid"; });
    EXPECT_EQ(news["appointment"]["canStart"], true);
    EXPECT_EQ(patient.ask("startCall")["type"], "ok");
}

TEST_P(ClosedDoors, StaffOpensThemWithAReason)
{
    auto const v = book_visit(server(), {{"paymentStatus", "unpaid"}});
    auto const refused = post(v, "/start-call", v.doctor_token);
    EXPECT_EQ(refused.status, 402u);
    EXPECT_EQ(post(v, "/start-call", v.patient_token, {{"override", "please"}}).status, 402u);
    EXPECT_EQ(post(v, "/start-call", v.doctor_token, {{"override", ""}}).status, 422u);
    EXPECT_EQ(post(v, "/start-call", v.doctor_token, {{"override", std::string(501, 'x')}}).status, 422u);
    EXPECT_EQ(post(v, "/start-call", v.doctor_token, {{"override", "It is urgent."}}).status, 201u);
    EXPECT_EQ(status(v, v.patient_token)["canJoin"], true);
    peer patient(server());
    patient.enter(v.patient_token, v.id);
    EXPECT_EQ(patient.ask("joinCall")["type"], "ok");
    auto const call = body_of(post(v, "/end-call", v.doctor_token))["callId"].get<std::string>();
    auto const events = body_of(server().rest("GET", "/api/calls/" + call + "/events", server().api_key()));
    auto const opened =
        std::find_if(events.begin(), events.end(), [](json const& e) { return e["type"] == "call.overridden"; });
    ASSERT_NE(opened, events.end()) << events.dump();
    EXPECT_EQ(events.dump().find("urgent"), std::string::npos) << "the reason is for the audit";
}

TEST_P(ClosedDoors, StaffOpensThemOnASocketToo)
{
    auto const v = book_visit(server(), {{"paymentStatus", "unpaid"}});
    peer doctor(server());
    doctor.enter(v.doctor_token, v.id);
    EXPECT_EQ(doctor.ask("startCall")["code"], "payment-required");
    EXPECT_EQ(doctor.ask("startCall", {{"override", ""}})["code"], "bad-field");
    EXPECT_EQ(doctor.ask("startCall", {{"override", "It is urgent."}})["type"], "ok");
}

TEST_P(ClosedDoors, StaffMovesTheEndAndEverybodyIsTold)
{
    auto const v = book_visit(server());
    peer patient(server());
    patient.enter(v.patient_token, v.id);
    auto const before = body_of(server().rest("GET", v.path(), v.doctor_token));
    EXPECT_EQ(post(v, "/extend", v.patient_token, {{"minutes", 10}}).status, 403u);
    EXPECT_EQ(post(v, "/extend", server().api_key(), {{"minutes", 10}}).status, 403u);
    EXPECT_EQ(
        post(v, "/extend", server().folder().token("stranger", call::role::doctor), {{"minutes", 10}}).status, 404u);
    for (json const& body : {json::object(), json{{"minutes", 0}}, json{{"minutes", 241}}, json{{"minutes", "10"}}})
        EXPECT_EQ(post(v, "/extend", v.doctor_token, body).status, 422u) << body;
    auto const moved = post(v, "/extend", v.doctor_token, {{"minutes", 10}});
    ASSERT_EQ(moved.status, 200u) << moved.body;
    EXPECT_NE(body_of(moved)["end"], before["end"]);
    EXPECT_EQ(body_of(moved)["version"], before["version"].get<int>() + 1);
    auto const news =
        patient.expect("appointment", [&](json const& m) { return m["appointment"]["end"] == body_of(moved)["end"]; });
    EXPECT_FALSE(news.contains("warning"));
    ASSERT_EQ(server().rest("DELETE", v.path(), server().api_key()).status, 204u);
    EXPECT_EQ(post(v, "/extend", v.doctor_token, {{"minutes", 10}}).status, 410u);
}

TEST_P(ClosedDoors, WhoComesLateIsWarnedOfTheEnd)
{
    auto const soon = from_now(3min);
    auto const v = book_visit(server(), {{"end", soon}});
    peer doctor(server());
    doctor.enter(v.doctor_token, v.id);
    auto const news = doctor.expect("appointment", [](json const& m) { return m.contains("warning"); });
    EXPECT_EQ(news["warning"], "end");
    EXPECT_GT(news["inMs"], 120'000);
    EXPECT_LE(news["inMs"], 180'000);
}

RENDEZVOUS_SHARDS(ClosedDoors);

} // namespace
} // namespace rendezvous::test
