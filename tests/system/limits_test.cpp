#include "system_fixture.hpp"

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

/// Time and limits, shortened by the configuration.
class Limits : public system_test {
protected:
    running_server& with(std::vector<setting> more)
    {
        own_ = std::make_unique<running_server>(GetParam(), std::move(more));
        return *own_;
    }

private:
    std::unique_ptr<running_server> own_;
};

bool is_change(json const& message, std::string const& change)
{
    return message["change"] == change;
}

TEST_P(Limits, CloseASocketThatDoesNotRegisterInTime)
{
    auto& quick = with({{"limits", "register_timeout_ms", "100"}, {"rooms", "heartbeat_ms", "200"}});
    peer silent(quick);
    EXPECT_EQ(silent.closed(), 4401);
    EXPECT_EQ(silent.bye()["code"], 4401);
    auto const v = book_visit(quick);
    peer good(quick);
    EXPECT_EQ(good.enter(v.doctor_token, v.id)["type"], "registered");
    peer second(quick);
    EXPECT_EQ(second.closed(), 4401);
    EXPECT_EQ(good.ask("ice")["type"], "ok") << "its own time has long passed, but it had registered";
}

TEST_P(Limits, PingAndCloseWhoeverDoesNotAnswer)
{
    auto& quick = with({{"rooms", "heartbeat_ms", "80"}, {"rooms", "pong_timeout_ms", "80"}});
    auto const v = book_visit(quick);
    peer lively(quick);
    auto const beat = lively.enter(v.doctor_token, v.id)["heartbeat"];
    EXPECT_EQ(beat["everyMs"], 80);
    EXPECT_EQ(beat["timeoutMs"], 80);
    for (int n = 1; n <= 4; ++n) {
        auto const ping = json::parse(lively.socket().receive().text);
        ASSERT_EQ(ping["type"], "ping") << ping;
        EXPECT_EQ(ping["n"], n);
        EXPECT_EQ(ping["received"], 0);
        lively.send({{"type", "pong"}, {"n", n}, {"seq", 0}});
    }
    peer silent(quick);
    silent.answers_pings = false;
    silent.enter(v.patient_token, v.id);
    lively.expect("participant", [](json const& m) { return is_change(m, "entered"); });
    auto const lost = lively.expect("participant", [](json const& m) { return is_change(m, "reconnecting"); });
    EXPECT_EQ(lost["participant"]["userId"], v.patient);
    EXPECT_EQ(silent.closed(), 4001);
    EXPECT_EQ(silent.bye()["code"], 4001);
    EXPECT_EQ(lively.ask("ice")["type"], "ok");
}

TEST_P(Limits, ReadNoFasterThanTheRateAndDropNothing)
{
    auto& slow = with({{"limits", "messages_per_s", "200"}, {"limits", "messages_burst", "200"},
        {"limits", "signals_unanswered_max", "1000"}});
    auto const v = book_visit(slow);
    auto two = connect_pair(slow, v);
    auto const begun = steady::now();
    for (int i = 0; i < 300; ++i) two.doctor.send({{"type", "signal"}, {"data", i}});
    for (int i = 0; i < 300; ++i) ASSERT_EQ(two.patient.expect("signal")["data"], i);
    EXPECT_GE(steady::now() - begun, 400ms) << "a hundred beyond the burst at 200 per second";
    EXPECT_EQ(two.doctor.ask("ice")["type"], "ok");
}

TEST_P(Limits, KeepASlowReaderFromSlowingItsNeighbours)
{
    auto& small = with({{"limits", "queue_bytes_max", "65536"}, {"limits", "messages_per_s", "10000"},
        {"limits", "messages_burst", "10000"}, {"limits", "signals_unanswered_max", "10000"}});
    auto const v = make_visit(small);
    auto const second = "second-" + v.doctor;
    small.book("PUT", v.path(),
        appointment_body(v, {{"participants", {participant(v.doctor, "doctor"), participant(second, "doctor"),
                                                  participant(v.patient, "patient")}}}));
    auto two = connect_pair(small, v);
    peer third(small);
    auto const third_id = third.enter(small.folder().token(second, call::role::doctor), v.id)["you"]["participantId"];
    third.ask("joinCall");
    // The patient reads nothing more. What the doctor sends them piles up until the server gives up,
    // and all the while the third one gets each message at once.
    auto const big = std::string(40'000, 'x');
    std::size_t sent = 0;
    for (bool cut = false; !cut; ++sent) {
        ASSERT_LT(sent, 2'000u) << "the slow one is never cut";
        two.doctor.send({{"type", "signal"}, {"to", two.patient_you["participantId"]}, {"data", big}});
        two.doctor.send({{"type", "signal"}, {"to", third_id}, {"data", sent}});
        ASSERT_EQ(third.expect("signal")["data"], sent);
        cut = third.count_until_now("participant") > 0;
        // A signal that comes after the cut is answered, not lost; the third one hears of it any moment.
        if (two.doctor.count_until_now("error") == 0) continue;
        ASSERT_EQ(two.doctor.expect("error")["code"], "peer-absent");
        cut = true;
    }
    auto const told = third.expect("participant");
    EXPECT_EQ(told["change"], "reconnecting");
    EXPECT_EQ(told["participant"]["userId"], v.patient);
    EXPECT_EQ(two.doctor.ask("ice")["type"], "ok");
    EXPECT_EQ(two.patient.closed(), 4008);
}

TEST_P(Limits, LetALostParticipantGoAndEndTheCallWithTheLast)
{
    auto& quick = with({{"rooms", "call_grace_ms", "150"}, {"rooms", "grace_ms", "300"}});
    auto const v = book_visit(quick);
    auto two = connect_pair(quick, v);
    peer day(quick);
    day.enter(v.doctor_token);
    two.patient.socket().drop();
    EXPECT_EQ(two.doctor.expect(
                  "participant", [](json const& m) { return is_change(m, "reconnecting"); })["participant"]["inCall"],
        true);
    auto const left = two.doctor.expect("participant", [](json const& m) { return is_change(m, "left"); });
    EXPECT_EQ(left["participant"]["userId"], v.patient);
    EXPECT_EQ(left["participant"]["inCall"], false);
    EXPECT_EQ(two.doctor.count_until_now("callEnded"), 0u);
    two.doctor.socket().drop();
    auto const ended = day.expect("callEnded");
    EXPECT_EQ(ended["callId"], two.call_id);
    EXPECT_EQ(ended["endReason"], "lost");
    auto const call = body_of(quick.rest("GET", "/api/calls/" + two.call_id, v.doctor_token));
    EXPECT_EQ(call["endReason"], "lost");
    for (auto const& seat : call["participants"]) EXPECT_EQ(seat["leaveReason"], "lost");
}

TEST_P(Limits, EndARingingCallWhoseStarterStaysAway)
{
    auto& quick = with({{"rooms", "starter_grace_ms", "150"}});
    auto const v = book_visit(quick);
    peer patient(quick);
    peer doctor(quick);
    patient.enter(v.patient_token, v.id);
    doctor.enter(v.doctor_token, v.id);
    patient.ask("startCall");
    patient.socket().drop();
    EXPECT_EQ(doctor.expect("callEnded")["endReason"], "lost");
    EXPECT_EQ(doctor.expect("appointment",
                  [](json const& m) { return m["appointment"]["callStatus"] == "ended"; })["appointment"]["canStart"],
        true);
}

TEST_P(Limits, LetAnAbsentOneLeaveTheWaitingRoomAfterItsGrace)
{
    auto& quick = with({{"rooms", "grace_ms", "150"}});
    auto const v = book_visit(quick);
    peer doctor(quick);
    doctor.enter(v.doctor_token, v.id);
    peer patient(quick);
    patient.enter(v.patient_token, v.id);
    patient.socket().drop();
    EXPECT_EQ(doctor.expect(
                  "participant", [](json const& m) { return is_change(m, "reconnecting"); })["participant"]["presence"],
        "reconnecting");
    EXPECT_EQ(
        doctor.expect("participant", [](json const& m) { return is_change(m, "left"); })["participant"]["presence"],
        "offline");
}

TEST_P(Limits, EndCallsWhenTheWindowCloses)
{
    auto const ringing = book_visit(server());
    auto const hard = book_visit(server());
    peer starter(server());
    starter.enter(ringing.patient_token, ringing.id);
    starter.ask("startCall");
    auto two = connect_pair(server(), hard);
    server().book("PUT", ringing.path(), {{"closesAt", from_now(400ms)}});
    server().book("PUT", hard.path(), {{"closesAt", from_now(400ms)}, {"hardEnd", true}});
    EXPECT_EQ(starter.expect("callEnded")["endReason"], "expired");
    EXPECT_EQ(two.patient.expect("callEnded")["endReason"], "expired");
    auto const late =
        starter.expect("appointment", [](json const& m) { return m["appointment"]["callStatus"] == "ended"; });
    EXPECT_EQ(late["appointment"]["canStart"], false);
    EXPECT_EQ(late["appointment"]["reason"], "outside-window");
}

TEST_P(Limits, OpenTheDoorWhenTheWindowOpens)
{
    auto const v = book_visit(server(), {{"opensAt", from_now(500ms)}});
    peer patient(server());
    auto const early = patient.enter(v.patient_token, v.id)["room"];
    EXPECT_EQ(early["canStart"], false);
    EXPECT_EQ(early["reason"], "outside-window");
    EXPECT_EQ(patient.ask("startCall")["code"], "outside-window");
    EXPECT_EQ(patient.expect("appointment",
                  [](json const& m) { return m["appointment"]["canStart"] == true; })["appointment"]["id"],
        v.id);
    EXPECT_EQ(patient.ask("startCall")["type"], "ok");
}

TEST_P(Limits, CloseSocketsWhoseTokenEndsButNotASeat)
{
    auto& quick = with({{"rooms", "heartbeat_ms", "400"}});
    auto const v = book_visit(quick);
    // The leeway of 60 s ends a moment from now.
    auto const ending = quick.folder().token(v.patient, call::role::patient, {v.id}, 10s, 68s);
    peer seated(quick);
    ASSERT_EQ(seated.enter(ending, v.id)["type"], "registered");
    ASSERT_EQ(seated.ask("startCall")["type"], "ok");
    peer waiting(quick);
    ASSERT_EQ(waiting.enter(ending, v.id)["type"], "registered");
    EXPECT_EQ(waiting.closed(), 4200);
    EXPECT_EQ(waiting.bye()["code"], 4200);
    EXPECT_EQ(seated.ask("ice")["type"], "ok");
    seated.socket().drop();
    peer other(quick);
    auto const stale = quick.folder().token(v.patient, call::role::patient, {v.id}, 10s, 80s);
    EXPECT_EQ(other.enter(stale, v.id)["code"], "token-expired") << "not the token of the seat";
    peer back(quick);
    EXPECT_EQ(back.enter(ending, v.id)["type"], "registered") << "the very token the seat was taken with";
    EXPECT_EQ(back.ask("joinCall")["type"], "ok");
}

TEST_P(Limits, BoundStartsFailuresAndSocketsPerPerson)
{
    auto& strict = with({{"limits", "starts_per_minute", "3"}, {"limits", "auth_failures_per_10min", "4"}});
    auto const v = book_visit(strict);
    peer p(strict);
    p.enter(v.doctor_token, v.id);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(p.ask("startCall")["type"], "ok");
        EXPECT_EQ(p.ask("endCall")["type"], "ok");
    }
    auto const refused = p.ask("startCall");
    EXPECT_EQ(refused["code"], "rate-limited");
    EXPECT_EQ(refused["retryable"], true);
    EXPECT_GT(refused.value("retryAfterMs", 0), 0);
    auto const rest = strict.rest("POST", v.path("/start-call"), v.doctor_token);
    EXPECT_EQ(rest.status, 429u);
    EXPECT_FALSE(rest.header("retry-after").empty());
    EXPECT_EQ(strict.rest("POST", v.path("/start-call"), v.patient_token).status, 201u) << "counted per user";

    for (int i = 0; i < 4; ++i) EXPECT_EQ(strict.rest("GET", "/api/calls", "wrong").status, 401u);
    EXPECT_EQ(strict.rest("GET", "/api/calls", "wrong").status, 429u);
    peer late(strict);
    late.command("register", {{"token", "wrong"}});
    EXPECT_EQ(late.closed(), 4429);
    EXPECT_EQ(p.ask("ice")["type"], "ok") << "who is in stays in";
}

TEST_P(Limits, BoundSocketsPerAddress)
{
    auto& strict = with({{"limits", "sockets_per_ip", "4"}});
    auto const v = book_visit(strict);
    std::vector<peer> inside;
    std::optional<http_answer> refused;
    while (!refused && inside.size() < 8) {
        try {
            inside.emplace_back(strict);
        } catch (std::runtime_error const&) {
            refused = ws_client::refusal("127.0.0.1", strict.port(), "/ws");
        }
    }
    ASSERT_TRUE(refused);
    EXPECT_LE(inside.size(), 4u);
    EXPECT_EQ(refused->status, 503u);
    EXPECT_FALSE(refused->header("retry-after").empty());
    EXPECT_EQ(inside.front().enter(v.doctor_token, v.id)["type"], "registered");
}

RENDEZVOUS_SHARDS(Limits);

/// The patience with a flood is five seconds and no setting, so this one waits them out, once.
TEST(Flood, IsClosedWith4429WhenItLags)
{
    running_server strict(2, {{"limits", "messages_per_s", "4"}, {"limits", "messages_burst", "4"}});
    auto const v = book_visit(strict);
    peer flood(strict);
    flood.enter(v.doctor_token, v.id);
    peer neighbour(strict);
    neighbour.enter(v.patient_token, v.id);
    std::string junk;
    for (int i = 0; i < 400; ++i)
        junk += ws_client::frame(0x81, R"({"type":"dance","pad":")" + std::string(1000, 'x') + "\"}");
    flood.socket().send_raw_within(junk, 1000ms);
    EXPECT_EQ(flood.closed(), 4429);
    EXPECT_EQ(neighbour.ask("ice")["type"], "ok");
}

} // namespace
} // namespace rendezvous::test
