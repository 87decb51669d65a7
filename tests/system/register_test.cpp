#include "system_fixture.hpp"

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;

class Register : public system_test {
protected:
    /// The refusal of a first message: its error code if there is one, and the close code.
    std::pair<std::string, std::uint16_t> refusal(peer& p)
    {
        auto const code = p.closed();
        EXPECT_EQ(p.bye().value("code", 0), code) << "bye comes before the close";
        auto const first = p.next();
        return {first["type"] == "error" ? first["code"].get<std::string>() : std::string(), code};
    }
    using refused = std::pair<std::string, std::uint16_t>;
};

TEST_P(Register, EntersTheRoomAndShowsIt)
{
    auto const v = book_visit(server());
    peer p(server());
    auto const entered = p.enter(v.patient_token, v.id, {{"instance", "5f0c4c4e-0a5c-4d0e-9a7a-3f4a3b1c2d1e"}});
    ASSERT_EQ(entered["type"], "registered") << entered;
    EXPECT_EQ(entered["resumed"], false);
    EXPECT_EQ(entered["received"], 0);
    EXPECT_EQ(entered["reason"], "new");
    EXPECT_FALSE(entered["sessionId"].get<std::string>().empty());
    EXPECT_GE(entered["resumeKey"].get<std::string>().size(), 22u);
    EXPECT_EQ(entered["you"]["userId"], v.patient);
    EXPECT_EQ(entered["you"]["role"], "patient");
    EXPECT_EQ(entered["you"]["admitted"], true);
    EXPECT_EQ(entered["you"]["inCall"], false);
    EXPECT_EQ(entered["heartbeat"], (json{{"everyMs", 10000}, {"timeoutMs", 10000}, {"deadAfterMs", 25000}}));
    EXPECT_EQ(entered["limits"]["messageBytesMax"], 65536);
    EXPECT_TRUE(entered["iceServers"].is_array());
    auto const& room = entered["room"];
    EXPECT_EQ(room["key"], v.id);
    EXPECT_EQ(room["callStatus"], "inactive");
    EXPECT_EQ(room["canStart"], true);
    EXPECT_EQ(room["canJoin"], false);
    EXPECT_TRUE(room["call"].is_null());
    ASSERT_EQ(room["participants"].size(), 2u);
    for (auto const& who : room["participants"]) {
        EXPECT_EQ(who["presence"], who["userId"] == v.patient ? "online" : "offline");
        EXPECT_TRUE(who["media"].contains("connection"));
    }
    EXPECT_EQ(room["appointment"]["status"], "arrived");
}

TEST_P(Register, TakesTheAppointmentFromThePath)
{
    auto const v = book_visit(server());
    peer p(server(), "/appointment/" + v.id);
    EXPECT_EQ(p.enter(v.doctor_token).at("room").at("key"), v.id);
    peer both(server(), "/appointment/" + v.id);
    EXPECT_EQ(both.enter(v.doctor_token, v.id)["type"], "registered");
    peer mismatch(server(), "/appointment/" + v.id);
    mismatch.command("register", {{"token", v.doctor_token}, {"appointmentId", "another"}});
    EXPECT_EQ(refusal(mismatch), (refused{"bad-field", 4400}));
}

TEST_P(Register, TakesTheRoomOfACall)
{
    auto const v = book_visit(server());
    auto two = connect_pair(server(), v);
    peer p(server());
    EXPECT_EQ(p.enter(v.doctor_token, {}, {{"callId", two.call_id}}).at("room").at("key"), v.id);
    peer unknown(server());
    unknown.command("register", {{"token", v.doctor_token}, {"callId", "018f6b1e-7c7e-7000-8000-000000000000"}});
    EXPECT_EQ(refusal(unknown), (refused{"not-found", 4403}));
}

TEST_P(Register, WorksOnTheListenerForWebSocketsToo)
{
    auto const v = book_visit(server());
    ws_client socket("127.0.0.1", server().folder().websocket_port(), "/ws");
    EXPECT_EQ(socket.upgrade_answer().header("sec-websocket-protocol"), "rendezvous.v1");
    socket.send_text(
        json{{"type", "register"}, {"id", "1"}, {"token", v.doctor_token}, {"appointmentId", v.id}}.dump());
    EXPECT_EQ(json::parse(socket.receive().text)["type"], "registered");
    https_client http("127.0.0.1", server().folder().websocket_port());
    EXPECT_EQ(http.get("/").status, 404u);
    EXPECT_EQ(http.get("/healthz").status, 404u);
}

TEST_P(Register, RefusesWrongTokensAndStrangersWithTheirCloseCodes)
{
    auto const v = book_visit(server());
    auto const other = book_visit(server());
    auto const tried = [&](std::string const& token) {
        peer p(server());
        p.command("register", {{"token", token}, {"appointmentId", v.id}});
        return refusal(p);
    };
    EXPECT_EQ(tried("nonsense"), (refused{"unauthenticated", 4422}));
    EXPECT_EQ(tried(v.patient_token + "x"), (refused{"unauthenticated", 4422}));
    auto const expired = server().folder().token(v.patient, call::role::patient, {v.id}, 10s, 1h);
    EXPECT_EQ(tried(expired), (refused{"token-expired", 4200}));
    EXPECT_EQ(tried(other.doctor_token), (refused{"not-found", 4403}));
    EXPECT_EQ(tried(other.patient_token), (refused{"not-found", 4403}));
    EXPECT_EQ(tried(admin_token()), (refused{"not-found", 4403}));
    auto const wrong_role = server().folder().token(v.patient, call::role::doctor);
    EXPECT_EQ(tried(wrong_role), (refused{"forbidden", 4403}));
    EXPECT_EQ(tried(server().folder().token(v.patient, call::role::patient)), (refused{"not-found", 4403}));
}

TEST_P(Register, AcceptsATokenWithinTheLeeway)
{
    auto const v = book_visit(server());
    peer p(server());
    auto const late = server().folder().token(v.patient, call::role::patient, {v.id}, 100s, 120s);
    EXPECT_EQ(p.enter(late, v.id)["type"], "registered");
}

TEST_P(Register, MustBeTheFirstMessage)
{
    peer p(server());
    p.command("startCall");
    EXPECT_EQ(refusal(p), (refused{"", 4401})) << "nothing else is answered";
}

TEST_P(Register, ClosesOnAFirstMessageThatIsNoJson)
{
    for (auto const* text : {"{", "", "[]", "null", "{\"type\":\"register\",\"id\":\"1\",\"id\":\"2\"}"}) {
        peer p(server());
        p.socket().send_text(text);
        EXPECT_EQ(refusal(p), (refused{"bad-json", 4400})) << text;
    }
    peer p(server());
    p.send({{"type", "register"}, {"id", "1"}, {"token", 7}});
    EXPECT_EQ(refusal(p), (refused{"bad-field", 4400}));
}

TEST_P(Register, ComesOnceOnly)
{
    auto const v = book_visit(server());
    peer p(server());
    p.enter(v.doctor_token, v.id);
    EXPECT_EQ(p.ask("register", {{"token", v.doctor_token}, {"appointmentId", v.id}})["code"], "illegal-transition");
    EXPECT_EQ(p.ask("startCall")["type"], "ok");
}

TEST_P(Register, ShowsTheDayToAUserLevelSocketAndNothingOfOthers)
{
    auto const v = book_visit(server());
    auto const other = book_visit(server());
    auto next_year = make_visit(server());
    next_year.doctor = v.doctor;
    server().book("PUT", next_year.path(),
        appointment_body(next_year, {{"start", from_now(24h * 365)}, {"end", from_now(24h * 366)}}));
    peer p(server());
    auto const entered = p.enter(v.doctor_token);
    ASSERT_EQ(entered["appointments"].size(), 1u) << entered;
    EXPECT_EQ(entered["appointments"][0]["id"], v.id);
    EXPECT_EQ(entered["appointments"][0]["online"].size(), 0u);
    EXPECT_EQ(entered["you"]["userId"], v.doctor);
    EXPECT_EQ(p.ask("startCall")["code"], "illegal-transition") << "calls happen in rooms";
    peer patient(server());
    patient.enter(v.patient_token, v.id);
    auto const told = p.expect("appointment", [](json const& m) { return !m["appointment"]["online"].empty(); });
    EXPECT_EQ(told["appointment"]["online"][0], v.patient) << "the doctor sees that the patient waits";
    EXPECT_EQ(p.ask("leave")["type"], "ok");
    EXPECT_EQ(p.closed(), 1000);
}

TEST_P(Register, HoldsAGuestInTheWaitingRoom)
{
    auto const v = make_visit(server());
    auto const guest = "guest-of-" + v.id;
    server().book("PUT", v.path(),
        appointment_body(v, {{"participants", {participant(v.doctor, "doctor"), participant(v.patient, "patient"),
                                                  participant(guest, "guest")}}}));
    peer p(server());
    auto const entered = p.enter(server().folder().token(guest, call::role::guest, {v.id}), v.id);
    EXPECT_EQ(entered["you"]["admitted"], false);
    ASSERT_EQ(entered["room"]["participants"].size(), 2u) << "the staff and oneself";
    for (auto const& who : entered["room"]["participants"]) EXPECT_NE(who["userId"], v.patient);
    EXPECT_EQ(p.ask("startCall")["code"], "not-admitted");
    EXPECT_EQ(p.ask("endCall")["code"], "forbidden");
    auto two = connect_pair(server(), v);
    EXPECT_EQ(p.ask("joinCall")["code"], "not-admitted");
    EXPECT_EQ(p.count_until_now("activeCall"), 0u);
    EXPECT_EQ(p.count_until_now("joinerConnected"), 0u);
}

TEST_P(Register, UpgradesOnlyForOriginsQueriesAndSubprotocolsOfTheContract)
{
    auto const port = server().port();
    auto const status = [&](std::string const& path, headers more) {
        return ws_client::refusal("127.0.0.1", port, path, std::move(more)).status;
    };
    EXPECT_EQ(status("/ws", {{"Origin", "https://evil.example"}}), 403u);
    EXPECT_EQ(status("/ws", {{"Origin", "null"}}), 403u);
    EXPECT_EQ(status("/ws", {{"Origin", "https://localhost:" + std::to_string(port)}}), 101u);
    EXPECT_EQ(status("/ws", {}), 101u);
    EXPECT_EQ(status("/ws?token=x", {}), 400u);
    EXPECT_EQ(status("/ws?", {}), 400u);
    EXPECT_EQ(status("/ws", {{"Sec-WebSocket-Protocol", "other"}}), 400u);
    EXPECT_EQ(status("/ws", {{"Sec-WebSocket-Protocol", "other, rendezvous.v1"}}), 101u);
    EXPECT_EQ(status("/nothing", {}), 404u);
    auto const evil = ws_client::refusal("127.0.0.1", port, "/ws", {{"Origin", "https://evil.example"}});
    EXPECT_EQ(code_of(evil), "origin-not-allowed");
    ws_client chosen("127.0.0.1", port, "/ws", {{"Sec-WebSocket-Protocol", "other, rendezvous.v1"}});
    EXPECT_EQ(chosen.upgrade_answer().header("sec-websocket-protocol"), "rendezvous.v1");
    ws_client none("127.0.0.1", port, "/ws", {{"Sec-WebSocket-Protocol", ""}});
    EXPECT_EQ(none.upgrade_answer().header("sec-websocket-protocol"), "");
    EXPECT_EQ(none.upgrade_answer().header("sec-websocket-extensions"), "") << "no compression";
}

TEST_P(Register, LetsTheOriginsInThatTheConfigurationNames)
{
    running_server own(GetParam(), {{"server", "allowed_origins", R"(["https://clinic.example"])"}});
    auto const status = [&](std::string const& origin) {
        return ws_client::refusal("127.0.0.1", own.port(), "/ws", {{"Origin", origin}}).status;
    };
    EXPECT_EQ(status("https://clinic.example"), 101u);
    EXPECT_EQ(status("http://clinic.example"), 403u);
    EXPECT_EQ(status("https://clinic.example.evil.example"), 403u);
}

RENDEZVOUS_SHARDS(Register);

} // namespace
} // namespace rendezvous::test
