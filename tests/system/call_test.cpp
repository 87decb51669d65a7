#include "system_fixture.hpp"

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;

class CallOverSockets : public system_test {};

TEST_P(CallOverSockets, GoesFromStartToEnd)
{
    auto const v = book_visit(server());
    peer doctor(server());
    peer patient(server());
    auto const doctor_id = doctor.enter(v.doctor_token, v.id)["you"]["participantId"];
    auto const patient_id = patient.enter(v.patient_token, v.id)["you"]["participantId"];
    auto const entered = doctor.expect("participant");
    EXPECT_EQ(entered["change"], "entered");
    EXPECT_EQ(entered["participant"]["participantId"], patient_id);
    EXPECT_EQ(entered["participant"]["presence"], "online");

    auto const started = patient.ask("startCall", {{"media", "audio"}, {"offer", {{"type", "offer"}, {"sdp", "x"}}}});
    EXPECT_EQ(started["order"], 1);
    EXPECT_EQ(started["joinedExisting"], false);
    EXPECT_EQ(started["reattached"], false);
    EXPECT_EQ(started["offerRelayed"], false) << "nobody is there to take it";
    EXPECT_EQ(started["received"], 1);
    auto const call_id = started["call"]["callId"];
    auto const rings = doctor.expect("activeCall");
    EXPECT_EQ(rings["call"], started["call"]);
    EXPECT_EQ(rings["call"]["media"], "audio");

    json const offer{{"type", "offer"}, {"sdp", "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n"}};
    auto const joined = doctor.ask("joinCall", {{"callId", call_id}, {"offer", offer}});
    EXPECT_EQ(joined["order"], 2);
    EXPECT_EQ(joined["joinedExisting"], true);
    EXPECT_EQ(joined["offerRelayed"], true);
    EXPECT_EQ(joined["call"]["state"], "active");
    auto const told = patient.expect("joinerConnected");
    EXPECT_EQ(told["participant"]["participantId"], doctor_id);
    EXPECT_EQ(told["participant"]["order"], 2);
    EXPECT_EQ(told["offer"], offer);
    EXPECT_EQ(told["call"], joined["call"]);
    EXPECT_FALSE(told.contains("moved"));
    EXPECT_GT(told["rev"], rings["rev"]);

    EXPECT_EQ(doctor.ask("startCall")["reattached"], true) << "one who is in it changes nothing";
    EXPECT_EQ(patient.count_until_now("joinerConnected"), 0u);

    auto const ended = doctor.ask("endCall", {{"callId", call_id}});
    EXPECT_EQ(ended["type"], "ok");
    for (auto* p : {&doctor, &patient}) {
        auto const over = p->expect("callEnded");
        EXPECT_EQ(over["callId"], call_id);
        EXPECT_EQ(over["endReason"], "completed");
        EXPECT_TRUE(over["durationSeconds"].is_number());
    }
    EXPECT_EQ(patient.ask("endCall")["type"], "ok") << "ended twice is ended once";
    EXPECT_EQ(patient.ask("signal", {{"callId", call_id}, {"data", 1}})["code"], "call-ended");
    auto const stored = body_of(server().rest("GET", "/api/calls/" + call_id.get<std::string>(), v.doctor_token));
    EXPECT_EQ(stored["state"], "ended");
    EXPECT_EQ(stored["participants"].size(), 2u);
    for (auto const& seat : stored["participants"]) EXPECT_EQ(seat["leaveReason"], "ended");
}

TEST_P(CallOverSockets, RelaysSignalsByteForByteAndInOrder)
{
    auto const v = book_visit(server());
    auto two = connect_pair(server(), v);
    // Spacing, escapes, unusual numbers and order of keys must survive: raw text is compared.
    std::string const data = R"({ "candidate" : "a\u00e9\/b 😀", "n":1.50e+02,"z":[ ],"a":{"k":null} })";
    two.doctor.socket().send_text(R"({"type":"signal","data":)" + data + "}");
    std::string raw;
    while (raw.find("\"signal\"") == std::string::npos) raw = two.patient.socket().receive().text;
    EXPECT_NE(raw.find("\"data\":" + data + "}"), std::string::npos) << raw;
    auto const parsed = json::parse(raw);
    EXPECT_EQ(parsed["from"], two.doctor_you["participantId"]);
    EXPECT_EQ(parsed["callId"], two.call_id);
    EXPECT_EQ(parsed["order"], 2);
    EXPECT_TRUE(parsed["seq"].is_number());
}

TEST_P(CallOverSockets, KeepsManySignalsInOrderBothWays)
{
    auto const v = book_visit(server());
    auto two = connect_pair(server(), v);
    for (int i = 0; i < 80; ++i) {
        two.doctor.send({{"type", "signal"}, {"to", two.patient_you["participantId"]}, {"data", i}});
        two.patient.send({{"type", "signal"}, {"data", -i}});
    }
    for (int i = 0; i < 80; ++i) {
        EXPECT_EQ(two.patient.expect("signal")["data"], i);
        EXPECT_EQ(two.doctor.expect("signal")["data"], -i);
    }
}

TEST_P(CallOverSockets, CountsWhatItReceivesAndSaysSo)
{
    auto const v = book_visit(server());
    auto two = connect_pair(server(), v); // doctor: joinCall
    for (int i = 0; i < 5; ++i) two.doctor.send({{"type", "signal"}, {"data", i}});
    two.doctor.send({{"type", "pong"}, {"seq", two.doctor.last_seq()}});
    EXPECT_EQ(two.doctor.ask("ice")["received"], 7) << "joinCall, five signals, ice; a pong does not count";
}

TEST_P(CallOverSockets, RefusesSignalsThatCannotArrive)
{
    auto const v = book_visit(server());
    peer alone(server());
    alone.enter(v.doctor_token, v.id);
    auto const call = alone.ask("startCall")["call"]["callId"];
    EXPECT_EQ(alone.ask("signal", {{"data", 1}})["code"], "peer-absent");
    EXPECT_EQ(
        alone.ask("signal", {{"to", "018f6b1e-7c7e-7000-8000-000000000000"}, {"data", 1}})["code"], "peer-absent");
    auto const other_call = "018f6b1e-7c7e-7000-8000-000000000001";
    EXPECT_EQ(alone.ask("signal", {{"callId", other_call}, {"data", 1}})["code"], "call-ended");
    EXPECT_EQ(alone.ask("joinCall", {{"callId", other_call}})["code"], "call-ended");
    EXPECT_EQ(alone.ask("endCall", {{"callId", other_call}})["code"], "call-ended");
    EXPECT_EQ(alone.ask("signal", {{"data", std::string(49152, 'x')}})["code"], "bad-field") << "over 48 KiB";
    peer watcher(server());
    watcher.enter(v.patient_token, v.id);
    EXPECT_EQ(watcher.ask("signal", {{"data", 1}})["code"], "no-call") << "in the room, not in the call";
    EXPECT_EQ(watcher.ask("joinCall", {{"callId", call}})["type"], "ok");
}

TEST_P(CallOverSockets, StopsAFloodOfSignalsNobodyAnswers)
{
    auto const v = book_visit(server());
    running_server few(GetParam(), {{"limits", "signals_unanswered_max", "8"}});
    auto const w = book_visit(few);
    auto two = connect_pair(few, w);
    for (int i = 0; i < 8; ++i) two.doctor.send({{"type", "signal"}, {"data", i}});
    EXPECT_EQ(two.doctor.ask("signal", {{"data", 8}})["code"], "too-many-candidates");
    two.patient.send({{"type", "signal"}, {"data", "back"}});
    two.doctor.expect("signal");
    two.doctor.send({{"type", "signal"}, {"data", "again"}});
    EXPECT_EQ(two.patient.expect("signal", [](json const& m) { return m["data"] == "again"; })["order"], 2);
}

TEST_P(CallOverSockets, GoesOnWhenOneLeavesAndEndsWhenTheLastDoes)
{
    auto const v = book_visit(server());
    auto two = connect_pair(server(), v);
    EXPECT_EQ(two.patient.ask("leave")["type"], "ok");
    auto const left = two.doctor.expect("participant", [](json const& m) { return m["change"] == "left"; });
    EXPECT_EQ(left["participant"]["userId"], v.patient);
    EXPECT_EQ(left["participant"]["inCall"], false);
    EXPECT_EQ(two.patient.ask("joinCall")["order"], 3) << "a new seat, a new highest order";
    two.doctor.expect("joinerConnected");
    two.doctor.ask("leave");
    two.patient.ask("leave");
    EXPECT_EQ(two.doctor.expect("callEnded")["endReason"], "completed");
    EXPECT_EQ(two.patient.ask("leave")["type"], "ok") << "outside a call it leaves the room";
    EXPECT_EQ(two.patient.closed(), 1000);
    auto const gone = two.doctor.expect("participant",
        [](json const& m) { return m["change"] == "left" && m["participant"]["presence"] == "offline"; });
    EXPECT_EQ(gone["participant"]["userId"], v.patient);
}

TEST_P(CallOverSockets, IsCancelledByItsStarterAndDeclinedByTheOther)
{
    auto const v = book_visit(server());
    peer doctor(server());
    peer patient(server());
    doctor.enter(v.doctor_token, v.id);
    patient.enter(v.patient_token, v.id);
    patient.ask("startCall");
    patient.ask("leave");
    EXPECT_EQ(doctor.expect("callEnded")["endReason"], "cancelled");
    patient.ask("startCall");
    doctor.ask("endCall");
    EXPECT_EQ(patient.expect("callEnded", [](json const& m) { return m["endReason"] != "cancelled"; })["endReason"],
        "declined");
}

TEST_P(CallOverSockets, MovesASeatByTakeoverOnly)
{
    auto const v = book_visit(server());
    auto two = connect_pair(server(), v);
    peer second(server());
    second.enter(v.doctor_token, v.id, {{"instance", "5f0c4c4e-0a5c-4d0e-9a7a-3f4a3b1c2d1e"}});
    EXPECT_EQ(second.ask("joinCall")["code"], "in-call-elsewhere");
    auto const moved = second.ask("joinCall", {{"takeover", true}});
    ASSERT_EQ(moved["type"], "ok") << moved;
    EXPECT_EQ(moved["order"], 3);
    EXPECT_EQ(two.doctor.closed(), 4101);
    EXPECT_EQ(two.doctor.bye()["code"], 4101);
    auto const told = two.patient.expect("joinerConnected");
    EXPECT_EQ(told["moved"], true);
    EXPECT_EQ(told["participant"]["userId"], v.doctor);
    two.patient.send({{"type", "signal"}, {"data", "to the new one"}});
    EXPECT_EQ(second.expect("signal")["data"], "to the new one");
    EXPECT_EQ(two.patient.count_until_now("callEnded"), 0u);
}

TEST_P(CallOverSockets, GivesTheSeatBackToTheSameTabAfterAReload)
{
    auto const v = book_visit(server());
    json const tab{{"instance", "5f0c4c4e-0a5c-4d0e-9a7a-3f4a3b1c2d1e"}};
    peer patient(server());
    patient.enter(v.patient_token, v.id);
    peer doctor(server());
    doctor.enter(v.doctor_token, v.id, tab);
    patient.ask("startCall");
    doctor.ask("joinCall");
    patient.expect("joinerConnected");
    doctor.socket().drop();
    auto const lost = patient.expect("participant", [](json const& m) { return m["change"] == "reconnecting"; });
    EXPECT_EQ(lost["participant"]["presence"], "reconnecting");
    EXPECT_EQ(lost["participant"]["inCall"], true) << "absence is not leaving";
    peer back(server());
    EXPECT_EQ(back.enter(v.doctor_token, v.id, tab)["you"]["inCall"], true);
    auto const kept = back.ask("joinCall", {{"keep", true}});
    EXPECT_EQ(kept["reattached"], true);
    EXPECT_EQ(kept["order"], 2);
    auto const told = patient.expect("participant", [](json const& m) { return m["change"] == "back"; });
    EXPECT_EQ(told["reset"], true);
    back.socket().drop();
    peer reloaded(server());
    reloaded.enter(v.doctor_token, v.id, tab);
    EXPECT_EQ(reloaded.ask("joinCall")["order"], 3) << "without keep it is a new join";
    patient.expect("joinerConnected");
}

TEST_P(CallOverSockets, TellsTheOthersOfMediaState)
{
    auto const v = book_visit(server());
    auto two = connect_pair(server(), v);
    json const media{{"audio", true}, {"video", false}, {"screen", true}, {"connection", "up"}};
    auto fields = media;
    fields["callId"] = two.call_id;
    EXPECT_EQ(two.doctor.ask("mediaState", fields)["type"], "ok");
    auto const told = two.patient.expect("participant", [](json const& m) { return m["change"] == "media"; });
    EXPECT_EQ(told["participant"]["media"], media);
    peer late(server());
    auto const seen = late.enter(v.patient_token, v.id)["room"]["participants"];
    auto const there =
        std::find_if(seen.begin(), seen.end(), [&](json const& who) { return who["userId"] == v.doctor; });
    ASSERT_NE(there, seen.end());
    EXPECT_EQ((*there)["media"], media) << "kept in the snapshot";
    two.doctor.ask("endCall");
    auto const call = body_of(server().rest("GET", "/api/calls/" + two.call_id, v.doctor_token));
    EXPECT_TRUE(call.contains("connectedAt")) << call;
}

TEST_P(CallOverSockets, TakesAQualitySampleEveryTwoSeconds)
{
    auto const v = book_visit(server());
    auto two = connect_pair(server(), v);
    json const sample{{"rttMs", 31.5}, {"lossRatio", 0.01}, {"jitterMs", 2}, {"bitrateKbps", 900},
        {"candidateType", "host"}, {"more", 1}};
    EXPECT_EQ(two.doctor.ask("stats", sample)["type"], "ok");
    auto const early = two.doctor.ask("stats", sample);
    EXPECT_EQ(early["code"], "rate-limited");
    EXPECT_EQ(early["retryable"], true);
    EXPECT_EQ(two.doctor.ask("stats", {{"lossRatio", 1.5}})["code"], "bad-field");
    EXPECT_EQ(two.patient.ask("stats")["type"], "ok") << "every field is optional";
}

TEST_P(CallOverSockets, RefreshesTheTokenOfTheSamePersonOnly)
{
    auto const v = book_visit(server());
    auto two = connect_pair(server(), v);
    EXPECT_EQ(two.patient.ask("refresh", {{"token", v.doctor_token}})["code"], "forbidden");
    auto const elsewhere = server().folder().token(v.patient, call::role::patient, {"another-visit"});
    EXPECT_EQ(two.patient.ask("refresh", {{"token", elsewhere}})["code"], "forbidden");
    EXPECT_EQ(two.patient.ask("refresh", {{"token", "nonsense"}})["code"], "unauthenticated");
    auto const expired = server().folder().token(v.patient, call::role::patient, {v.id}, 10s, 1h);
    EXPECT_EQ(two.patient.ask("refresh", {{"token", expired}})["code"], "token-expired");
    auto const fresh = server().folder().token(v.patient, call::role::patient, {v.id}, 2h);
    EXPECT_EQ(two.patient.ask("refresh", {{"token", fresh}})["type"], "ok");
    EXPECT_EQ(two.patient.ask("endCall")["type"], "ok");
}

TEST_P(CallOverSockets, WarnsBeforeTheTokenEnds)
{
    auto const v = book_visit(server());
    peer p(server());
    p.enter(server().folder().token(v.patient, call::role::patient, {v.id}, 30s), v.id);
    auto const warned = p.expect("tokenExpiring");
    EXPECT_GT(warned["inMs"], 0);
    EXPECT_LE(warned["inMs"], 30000);
}

TEST_P(CallOverSockets, AdmitsTheEleventhSocketByClosingTheOldestWithoutASeat)
{
    auto const v = book_visit(server());
    peer seated(server());
    seated.enter(v.doctor_token, v.id);
    seated.ask("startCall");
    std::vector<peer> others;
    for (int i = 0; i < 10; ++i) {
        others.emplace_back(server());
        ASSERT_EQ(others.back().enter(v.doctor_token, v.id)["type"], "registered");
    }
    EXPECT_EQ(others.front().closed(), 4102);
    EXPECT_EQ(others.front().bye()["code"], 4102);
    EXPECT_EQ(seated.ask("ice")["type"], "ok") << "the seat is spared";
    for (std::size_t i = 1; i < others.size(); ++i) EXPECT_EQ(others[i].ask("ice")["type"], "ok") << i;
}

TEST_P(CallOverSockets, HandsOutIceServersWithPersonalCredentials)
{
    running_server turn(
        GetParam(), {{"turn", "uris", R"(["stun:stun.test:3478", "turn:turn.test:3478?transport=udp"])"},
                        {"turn", "secret_file", "\"booking.secret\""}});
    auto const v = book_visit(turn);
    auto two = connect_pair(turn, v);
    auto const servers = two.patient.ask("ice")["iceServers"];
    ASSERT_EQ(servers.size(), 2u) << servers;
    auto const& relay = servers[0].contains("username") ? servers[0] : servers[1];
    auto const name = relay["username"].get<std::string>();
    EXPECT_NE(name.find(":" + v.patient), std::string::npos) << name;
    EXPECT_NE(name.find(two.call_id), std::string::npos) << name;
    EXPECT_EQ(relay["credential"].get<std::string>().size(), 28u) << "HMAC-SHA1 in base64";
}

RENDEZVOUS_SHARDS(CallOverSockets);

} // namespace
} // namespace rendezvous::test
