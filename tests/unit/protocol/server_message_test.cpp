#include "rendezvous/protocol/server_message.hpp"

#include "sample.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace rendezvous::protocol {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

TEST(ServerMessage, CarriesASignalExactlyAsItCame)
{
    std::string const data = R"({ "candidate":{"candidate":"","n":1e999} , "x":"\ud800" })";
    call::events::signal const event{
        base::participant_id("p-ann"), base::call_id("c-1"), 2, std::make_shared<std::string const>(data)};
    EXPECT_EQ(event_message(17, event),
        R"({"type":"signal","seq":17,"from":"p-ann","callId":"c-1","order":2,"data":)" + data + "}");
}

TEST(ServerMessage, CarriesSignalsThatAreNoObjects)
{
    for (std::string const& data : std::vector<std::string>{"null", "[1,2]", "\"[\"", "-1"}) {
        call::events::signal const event{
            base::participant_id("p"), base::call_id("c"), 1, std::make_shared<std::string const>(data)};
        EXPECT_EQ(event_message(1, event),
            R"({"type":"signal","seq":1,"from":"p","callId":"c","order":1,"data":)" + data + "}");
    }
}

TEST(ServerMessage, TellsOfAStartedCall)
{
    EXPECT_EQ(event_message(1, call::events::active_call{4, sample::waiting_call()}),
        R"({"type":"activeCall","seq":1,"rev":4,"call":)" + sample::waiting_call_json + "}");
}

TEST(ServerMessage, TellsOfAJoinerWithAndWithoutOffer)
{
    call::events::joiner_connected event{5, sample::waiting_call(), sample::participant(), nullptr, false};
    std::string const head = R"({"type":"joinerConnected","seq":2,"rev":5,"call":)" + sample::waiting_call_json
                             + R"(,"participant":)" + sample::participant_json;
    EXPECT_EQ(event_message(2, event), head + "}");
    event.offer = std::make_shared<std::string const>(R"({"type":"offer","sdp":"v=0\r\n"})");
    event.moved = true;
    EXPECT_EQ(event_message(2, event), head + R"(,"offer":{"type":"offer","sdp":"v=0\r\n"},"moved":true})");
}

TEST(ServerMessage, TellsOfChangesOfAParticipant)
{
    call::events::participant_changed event{6, call::events::change::back, sample::participant(), true};
    EXPECT_EQ(event_message(3, event), R"({"type":"participant","seq":3,"rev":6,"change":"back","participant":)"
                                           + sample::participant_json + R"(,"reset":true})");
    event.reset = false;
    event.participant.order.reset();
    event.participant.since.reset();
    auto const read = json::parse(event_message(3, event));
    EXPECT_FALSE(read.contains("reset"));
    EXPECT_FALSE(read["participant"].contains("order"));
    EXPECT_TRUE(read["participant"]["since"].is_null());
}

TEST(ServerMessage, RoundsTheDurationOfAnEndedCallDown)
{
    call::events::call_ended event{7, base::call_id("c-1"), call::end_reason::completed, milliseconds{61'999}};
    EXPECT_EQ(event_message(4, event),
        R"({"type":"callEnded","seq":4,"rev":7,"callId":"c-1","endReason":"completed","durationSeconds":61})");
    event.duration = milliseconds{-5};
    EXPECT_EQ(json::parse(event_message(4, event))["durationSeconds"], 0);
}

TEST(ServerMessage, TellsOfAChangedAppointment)
{
    call::events::appointment_changed event{8, sample::appointment(), {}, milliseconds{0}};
    auto const text = R"({"type":"appointment","seq":5,"rev":8,"appointment":)" + sample::appointment_json;
    EXPECT_EQ(event_message(5, event), text + "}");
    event.warning = call::events::warning::hard_end;
    event.in = milliseconds{300'000};
    EXPECT_EQ(event_message(5, event), text + R"(,"warning":"hardEnd","inMs":300000})");
}

registration sample_registration()
{
    registration r;
    r.re = "r1";
    r.session = base::session_id("0-s");
    r.resume_key = "key";
    r.reason = reset_reason::fresh;
    r.you = {base::participant_id("p-bob"), base::user_id("bob"), call::role::doctor, "Bob", true, false, {}};
    r.ice_servers = {{{"stun:stun.example"}, "", ""}, {{"turn:a", "turns:b"}, "user", "pass"}};
    r.heartbeat = {milliseconds{10'000}, milliseconds{10'000}, milliseconds{25'000}};
    r.server_time = sample::at(0);
    return r;
}

std::string const registered_head =
    R"({"type":"registered","re":"r1","sessionId":"0-s","resumeKey":"key","resumed":false,"received":0,"reason":"new",)"
    R"("you":{"participantId":"p-bob","userId":"bob","role":"doctor","name":"Bob","admitted":true,"inCall":false},)";
std::string const registered_tail =
    R"(,"iceServers":[{"urls":["stun:stun.example"]},{"urls":["turn:a","turns:b"],"username":"user","credential":"pass"}],)"
    R"("limits":{"messageBytesMax":65536,"signalBytesMax":49152,"jsonDepthMax":16,"messagesPerS":50,"messagesBurst":200,)"
    R"("signalsUnansweredMax":256,"queueBytesMax":262144},)"
    R"("heartbeat":{"everyMs":10000,"timeoutMs":10000,"deadAfterMs":25000},"serverTime":"2026-11-20T14:00:00.000Z"})";

TEST(ServerMessage, AnswersRegisterWithTheRoom)
{
    auto r = sample_registration();
    r.room = call::room_snapshot{"A1", 9, sample::appointment(), {sample::participant()}, std::nullopt};
    std::string const room =
        R"("room":{"key":"A1","appointment":)" + sample::appointment_json
        + R"(,"rev":9,"callStatus":"waiting","canStart":false,"canJoin":true,"reason":"payment-required","participants":[)"
        + sample::participant_json + R"(],"call":)";
    EXPECT_EQ(registered_message(r), registered_head + room + "null}" + registered_tail);
    r.room->call = sample::waiting_call();
    EXPECT_EQ(registered_message(r), registered_head + room + sample::waiting_call_json + "}" + registered_tail);
}

TEST(ServerMessage, AnswersRegisterOfAUserWithTheDaysAppointments)
{
    auto r = sample_registration();
    r.appointments = std::vector<call::appointment_view>{sample::appointment()};
    EXPECT_EQ(registered_message(r),
        registered_head + R"("appointments":[)" + sample::appointment_json + "]" + registered_tail);
    r.appointments->clear();
    r.you.id = {};
    r.re.clear();
    r.reason = reset_reason::restart;
    auto const read = json::parse(registered_message(r));
    EXPECT_EQ(read["appointments"], json::array());
    EXPECT_FALSE(read["you"].contains("participantId"));
    EXPECT_FALSE(read.contains("room"));
    EXPECT_TRUE(read["re"].is_null());
    EXPECT_EQ(read["reason"], "restart");
}

TEST(ServerMessage, LeavesTheReasonOutWhenResumed)
{
    auto r = sample_registration();
    r.resumed = true;
    r.reason.reset();
    r.received = 12;
    auto const read = json::parse(registered_message(r));
    EXPECT_EQ(read["resumed"], true);
    EXPECT_EQ(read["received"], 12);
    EXPECT_FALSE(read.contains("reason"));
}

TEST(ServerMessage, AnswersCommands)
{
    EXPECT_EQ(ok_message(1, "x", 4), R"({"type":"ok","seq":1,"re":"x","received":4})");
    call::outcome o;
    o.call = sample::waiting_call();
    o.order = 2;
    o.joined_existing = true;
    o.offer_relayed = true;
    EXPECT_EQ(
        ok_message(2, "y", 5, o), R"({"type":"ok","seq":2,"re":"y","received":5,"call":)" + sample::waiting_call_json
                                      + R"(,"order":2,"joinedExisting":true,"reattached":false,"offerRelayed":true})");
    EXPECT_EQ(ok_message(3, "z", 6, std::vector<ice_server>{{{"stun:a"}, "", ""}}),
        R"({"type":"ok","seq":3,"re":"z","received":6,"iceServers":[{"urls":["stun:a"]}]})");
    EXPECT_EQ(json::parse(ok_message(3, "z", 6, std::vector<ice_server>{}))["iceServers"], json::array());
}

TEST(ServerMessage, AnswersWithErrors)
{
    EXPECT_EQ(error_message(1, "x", 4, base::errc::no_call),
        R"({"type":"error","seq":1,"re":"x","code":"no-call","message":"there is no call","retryable":false,"received":4})");
    EXPECT_EQ(error_message(1, "", 4, base::errc::rate_limited, "slow \"down\"", milliseconds{1500}),
        R"({"type":"error","seq":1,"re":null,"code":"rate-limited","message":"slow \"down\"","retryable":true,)"
        R"("retryAfterMs":1500,"received":4})");
    EXPECT_EQ(register_error_message("x", base::errc::token_invalid),
        R"({"type":"error","re":"x","code":"unauthenticated","message":"the token is not valid here","retryable":false})");
}

TEST(ServerMessage, SendsTheSmallOnes)
{
    EXPECT_EQ(ping_message(3, 12), R"({"type":"ping","n":3,"received":12})");
    EXPECT_EQ(token_expiring_message(9, milliseconds{60'000}), R"({"type":"tokenExpiring","seq":9,"inMs":60000})");
    EXPECT_EQ(bye_message(4101, "taken over"), R"({"type":"bye","code":4101,"reason":"taken over"})");
    EXPECT_EQ(bye_message(4300, "draining", milliseconds{10}),
        R"({"type":"bye","code":4300,"reason":"draining","retryAfterMs":10})");
}

TEST(ServerMessage, EscapesWhateverANameHolds)
{
    auto call = sample::waiting_call();
    call.seats[0].name = std::string("\"\\/\b\f\n\r\t\x01\x1f\x7f\0<h1>\xc3\xa9\xf0\x9f\x98\x80", 22);
    auto const text = event_message(1, call::events::active_call{1, call});
    EXPECT_NE(text.find(R"("name":"\"\\/\b\f\n\r\t\u0001\u001f\u007f\u0000<h1>)"), std::string::npos) << text;
    EXPECT_EQ(json::parse(text)["call"]["participants"][0]["name"], call.seats[0].name);
}

TEST(ServerMessage, RepairsWhatIsNotUtf8)
{
    auto const name = [](std::string bytes) {
        auto call = sample::waiting_call();
        call.seats[0].name = std::move(bytes);
        return json::parse(event_message(1, call::events::active_call{1, call}))["call"]["participants"][0]["name"];
    };
    EXPECT_EQ(name("a\xff"
                   "b"),
        "a\xef\xbf\xbd"
        "b");
    EXPECT_EQ(name("\xc3"), "\xef\xbf\xbd");
    EXPECT_EQ(name("\xc3\xa9\xc3"), "\xc3\xa9\xef\xbf\xbd");
}

TEST(ServerMessage, ReadsBackRandomNames)
{
    constexpr unsigned seed = 99;
    std::mt19937 random(seed);
    for (int round = 0; round < 5'000; ++round) {
        auto call = sample::waiting_call();
        std::string bytes(random() % 24, '\0');
        for (auto& b : bytes) b = static_cast<char>(random());
        call.seats[0].name = bytes;
        ASSERT_TRUE(json::accept(event_message(1, call::events::active_call{1, call})))
            << "seed " << seed << " " << round;
    }
}

TEST(ServerMessage, ShowsTheNewestSeatOfEachPersonAndTheEnd)
{
    auto call = sample::waiting_call();
    call.seats[0].state = call::seat_state::left;
    call.seats[0].left_at = sample::at(2);
    call.seats[0].leave_reason = call::leave_reason::replaced;
    call.seats.push_back(sample::seat("bob", call::role::doctor, 2));
    call.seats.push_back(sample::seat("ann", call::role::patient, 3));
    call.seats[1].state = call::seat_state::left;
    call.seats[1].left_at = sample::at(9);
    call.seats[1].leave_reason = call::leave_reason::ended;
    call.state = call::call_state::ended;
    call.end_reason = call::end_reason::completed;
    call.answered_at = sample::at(2);
    call.connected_at = sample::at(3);
    call.ended_at = sample::at(9);
    call.duration = milliseconds{419'999};
    call.billable = milliseconds{360'000};
    call.parent = base::call_id("c-0");
    auto const read = json::parse(event_message(1, call::events::active_call{1, call}))["call"];
    EXPECT_EQ(read["endReason"], "completed");
    EXPECT_EQ(read["answeredAt"], "2026-11-20T14:02:00.000Z");
    EXPECT_EQ(read["connectedAt"], "2026-11-20T14:03:00.000Z");
    EXPECT_EQ(read["endedAt"], "2026-11-20T14:09:00.000Z");
    EXPECT_EQ(read["durationSeconds"], 419);
    EXPECT_EQ(read["billableSeconds"], 360);
    EXPECT_EQ(read["parentCallId"], "c-0");
    ASSERT_EQ(read["participants"].size(), 2U);
    EXPECT_EQ(read["participants"][0]["order"], 3);
    EXPECT_FALSE(read["participants"][0].contains("leftAt"));
    EXPECT_EQ(read["participants"][1]["leftAt"], "2026-11-20T14:09:00.000Z");
    EXPECT_EQ(read["participants"][1]["leaveReason"], "ended");
    EXPECT_EQ(read["participants"][1]["state"], "left");
}

} // namespace
} // namespace rendezvous::protocol
