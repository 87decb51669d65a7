#include "rendezvous/protocol/rest_types.hpp"

#include "sample.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace rendezvous::protocol {
namespace {

using base::errc;
using nlohmann::json;

TEST(RestTypes, WritesTheObjectsOfTheMessages)
{
    EXPECT_EQ(appointment_json(sample::appointment()), sample::appointment_json);
    EXPECT_EQ(call_json(sample::waiting_call()), sample::waiting_call_json);
}

TEST(RestTypes, WritesBareArrays)
{
    EXPECT_EQ(appointments_json({}), "[]");
    EXPECT_EQ(appointments_json({sample::appointment(), sample::appointment()}),
        "[" + sample::appointment_json + "," + sample::appointment_json + "]");
    EXPECT_EQ(calls_json({}), "[]");
    EXPECT_EQ(calls_json({sample::waiting_call()}), "[" + sample::waiting_call_json + "]");
}

TEST(RestTypes, WritesTheStatusOfTheCall)
{
    auto const call = sample::waiting_call();
    std::string const head =
        R"({"appointmentId":"A1","callStatus":"waiting","callStartedBy":"ann",)"
        R"("callStartedAt":"2026-11-20T14:01:00.000Z","callEndedAt":null,"canStart":false,"canJoin":true,)"
        R"("reason":"payment-required","opensAt":"2026-11-20T13:45:00.000Z","closesAt":"2026-11-20T15:30:00.000Z","call":)";
    EXPECT_EQ(call_status_json(sample::appointment(), &call), head + sample::waiting_call_json + "}");
    EXPECT_EQ(call_status_json(sample::appointment(), nullptr), head + "null}");
}

TEST(RestTypes, WritesEventsOfACall)
{
    call_event_item row{1, sample::at(0), "call.started", base::participant_id("p-ann"), R"({"order":1})", "ab"};
    EXPECT_EQ(call_events_json({row}),
        R"([{"seq":1,"at":"2026-11-20T14:00:00.000Z","type":"call.started","participantId":"p-ann","data":{"order":1},)"
        R"("hash":"ab"}])");
    row.participant.reset();
    row.data = "not json";
    auto const read = json::parse(call_events_json({row, row}));
    EXPECT_EQ(read.size(), 2U);
    EXPECT_FALSE(read[0].contains("participantId"));
    EXPECT_EQ(read[0]["data"], json::object());
}

TEST(RestTypes, WritesInvites)
{
    EXPECT_EQ(invite_created_json({"i-1", "https://h/join#C", "C", sample::at(0)}),
        R"({"inviteId":"i-1","url":"https://h/join#C","code":"C","expiresAt":"2026-11-20T14:00:00.000Z"})");
    invite_item item{"i-1", base::user_id("ann"), sample::at(0), sample::at(1), std::nullopt, "pending"};
    std::string const head = R"([{"inviteId":"i-1","userId":"ann","createdAt":"2026-11-20T14:00:00.000Z",)"
                             R"("expiresAt":"2026-11-20T14:01:00.000Z")";
    EXPECT_EQ(invites_json({item}), head + R"(,"status":"pending","pin":false,"redeemedCount":0}])");
    item.revoked_at = sample::at(2);
    item.status = "revoked";
    item.has_pin = true;
    item.redeemed_at = sample::at(1);
    item.redeemed_count = 2;
    EXPECT_EQ(invites_json({item}), head
                                        + R"(,"revokedAt":"2026-11-20T14:02:00.000Z","status":"revoked","pin":true,)"
                                          R"("redeemedAt":"2026-11-20T14:01:00.000Z","redeemedCount":2}])");
    EXPECT_EQ(
        invite_redeemed_json({"t", sample::at(0), base::appointment_id("A1"), base::user_id("ann"), call::role::guest}),
        R"({"token":"t","expiresAt":"2026-11-20T14:00:00.000Z","appointmentId":"A1","userId":"ann","role":"guest"})");
}

TEST(RestTypes, WritesTheConfigurationOfPages)
{
    webrtc_config c;
    c.ice_servers = {{{"turn:a"}, "u", "c"}};
    c.features = {"calls", "invites"};
    c.clinic_name = "Clinic \"X\"";
    c.locale = "en";
    auto const read = json::parse(webrtc_config_json(c));
    EXPECT_EQ(read["iceServers"], json::parse(R"([{"urls":["turn:a"],"username":"u","credential":"c"}])"));
    EXPECT_EQ(read["mediaConstraints"]["audio"]["echoCancellation"], true);
    EXPECT_EQ(read["mediaConstraints"]["video"]["height"]["ideal"], 720);
    EXPECT_EQ(read["features"], json({"calls", "invites"}));
    EXPECT_EQ(read["limits"]["messageBytesMax"], 65'536);
    EXPECT_EQ(read["clinic"],
        json::parse(R"({"name":"Clinic \"X\"","logo":"","supportPhone":"","emergencyNumber":"","locale":"en"})"));
}

TEST(RestTypes, WritesProblems)
{
    problem p;
    p.code = errc::not_found;
    p.request_id = "r-1";
    EXPECT_EQ(problem_json(p),
        R"({"type":"/problems/not-found","title":"Not found","status":404,"detail":"there is no such thing for you",)"
        R"("code":"not-found","requestId":"r-1"})");
    p.code = errc::outside_window;
    p.detail = "too early";
    p.instance = "/api/appointments/A1/start-call";
    p.opens_at = sample::at(-15);
    p.closes_at = sample::at(90);
    p.extra = {{"hint", "later"}};
    EXPECT_EQ(problem_json(p),
        R"({"type":"/problems/outside-window","title":"Outside the time window","status":403,"detail":"too early",)"
        R"("instance":"/api/appointments/A1/start-call","code":"outside-window","requestId":"r-1",)"
        R"("opensAt":"2026-11-20T13:45:00.000Z","closesAt":"2026-11-20T15:30:00.000Z","hint":"later"})");
    p = {};
    p.code = errc::validation;
    p.errors = {{"/a~1b", "is not a known field"}};
    EXPECT_EQ(json::parse(problem_json(p))["errors"],
        json::parse(R"([{"pointer":"/a~1b","detail":"is not a known field"}])"));
}

} // namespace
} // namespace rendezvous::protocol
