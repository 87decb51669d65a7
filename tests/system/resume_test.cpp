#include "system_fixture.hpp"

// Sessions that come back on another socket: nothing lost, nothing twice, or a reset that says so.

namespace rendezvous::test {
namespace {

constexpr auto tab = "0198c0de-0000-7000-8000-000000000001";

void signal_from(peer& p, int n)
{
    p.send({{"type", "signal"}, {"data", n}});
}

/// What a `register` says to resume; `seq` is the last one seen.
json resume_of(json const& registered, std::uint64_t seq)
{
    return {
        {"resume", {{"sessionId", registered["sessionId"]}, {"resumeKey", registered["resumeKey"]}, {"lastSeq", seq}}}};
}

class Resume : public system_test {};

TEST_P(Resume, GivesExactlyWhatWasMissedAndThenGoesOn)
{
    auto const v = book_visit(server());
    auto pair = connect_pair(server(), v);
    peer first(server());
    auto const registered = first.enter(v.doctor_token, v.id);
    ASSERT_EQ(registered["resumed"], false);
    ASSERT_EQ(registered["reason"], "new");
    ASSERT_EQ(first.ask("joinCall", {{"takeover", true}})["type"], "ok");
    ASSERT_EQ(pair.doctor.closed(), 4101);
    first.count_until_now("signal");
    auto const seen = first.last_seq();
    first.socket().drop();
    pair.patient.expect("participant", [](json const& m) { return m["change"] == "reconnecting"; });
    for (int n = 1; n <= 5; ++n) signal_from(pair.patient, n);

    peer second(server());
    auto const back = second.resume(v.doctor_token, v.id, registered, seen);
    EXPECT_EQ(back["resumed"], true);
    EXPECT_FALSE(back.contains("reason"));
    EXPECT_EQ(back["sessionId"], registered["sessionId"]);
    EXPECT_NE(back["resumeKey"], registered["resumeKey"]);
    EXPECT_EQ(back["you"]["inCall"], true);
    for (int n = 1; n <= 5; ++n) EXPECT_EQ(second.expect("signal")["data"], n);
    auto const change = pair.patient.expect("participant", [](json const& m) { return m["change"] == "back"; });
    EXPECT_FALSE(change.value("reset", false));
    signal_from(pair.patient, 6);
    EXPECT_EQ(second.expect("signal")["data"], 6);
    signal_from(second, 7);
    EXPECT_EQ(pair.patient.expect("signal")["data"], 7);
}

TEST_P(Resume, SaysHowFarTheServerHasCome)
{
    auto const v = book_visit(server());
    peer first(server());
    auto const registered = first.enter(v.patient_token, v.id);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(first.ask("ice")["type"], "ok");
    auto const seen = first.last_seq();
    first.socket().drop();
    peer second(server());
    EXPECT_EQ(second.resume(v.patient_token, v.id, registered, seen)["received"], 3);
    EXPECT_EQ(second.ask("ice")["received"], 4);
}

TEST_P(Resume, AnAnswerThatWasLostComesAgain)
{
    auto const v = book_visit(server());
    peer first(server());
    auto const registered = first.enter(v.patient_token, v.id);
    auto const seen = first.last_seq();
    ASSERT_EQ(first.ask("startCall")["type"], "ok");
    first.socket().drop();
    peer second(server());
    ASSERT_EQ(second.resume(v.patient_token, v.id, registered, seen)["resumed"], true);
    auto const answer = second.expect("ok");
    EXPECT_EQ(answer["order"], 1);
    EXPECT_EQ(answer["call"]["state"], "waiting");
}

TEST_P(Resume, TakesTheSessionFromASocketThatStillLives)
{
    auto const v = book_visit(server());
    peer first(server());
    auto const registered = first.enter(v.patient_token, v.id);
    peer second(server());
    ASSERT_EQ(second.resume(v.patient_token, v.id, registered, first.last_seq())["resumed"], true);
    EXPECT_EQ(first.closed(), 4100);
    EXPECT_EQ(first.bye()["code"], 4100);
    EXPECT_EQ(second.ask("ice")["type"], "ok");
}

TEST_P(Resume, TheKeyBeforeIsGoodUntilTheNewSocketHasSpoken)
{
    auto const v = book_visit(server());
    peer first(server());
    auto const registered = first.enter(v.patient_token, v.id);
    auto const seen = first.last_seq();
    first.socket().drop();
    { // its answer is lost
        peer lost(server());
        ASSERT_EQ(lost.resume(v.patient_token, v.id, registered, seen)["resumed"], true);
        lost.socket().drop();
    }
    peer second(server());
    auto const back = second.resume(v.patient_token, v.id, registered, seen);
    ASSERT_EQ(back["resumed"], true);
    ASSERT_EQ(second.ask("ice")["type"], "ok");
    second.socket().drop();
    peer third(server());
    auto const refused = third.enter(v.patient_token, v.id, resume_of(registered, seen));
    EXPECT_EQ(refused["resumed"], false) << "the old key is used up";
    EXPECT_EQ(refused["reason"], "expired");
}

TEST_P(Resume, TheKeyIsNoCredential)
{
    auto const v = book_visit(server());
    peer first(server());
    auto const registered = first.enter(v.patient_token, v.id);
    auto const seen = first.last_seq();
    peer doctor(server());
    auto const other = doctor.enter(v.doctor_token, v.id, resume_of(registered, 0));
    EXPECT_EQ(other["resumed"], false) << "somebody else's session";
    EXPECT_EQ(first.ask("ice")["type"], "ok") << "and it is left alone";
    peer none(server());
    auto const refused = none.enter("no-token", v.id, resume_of(registered, seen));
    EXPECT_EQ(refused["code"], "unauthenticated");
    EXPECT_EQ(none.closed(), 4422);
    auto forged = registered;
    forged["resumeKey"] = "A" + registered["resumeKey"].get<std::string>().substr(1);
    if (forged != registered) {
        peer guessing(server());
        EXPECT_EQ(guessing.enter(v.patient_token, v.id, resume_of(forged, seen))["resumed"], false);
    }
}

TEST_P(Resume, IsAResetWhenTheRingHasOverflown)
{
    auto const v = book_visit(server());
    peer first(server());
    auto const registered = first.enter(v.patient_token, v.id);
    ASSERT_EQ(first.ask("startCall")["type"], "ok");
    peer doctor(server());
    doctor.enter(v.doctor_token, v.id);
    ASSERT_EQ(doctor.ask("joinCall")["type"], "ok");
    first.expect("joinerConnected");
    auto const seen = first.last_seq();
    first.socket().drop();
    std::string const large(40'000, 'x');
    for (int i = 0; i < 8; ++i) doctor.send({{"type", "signal"}, {"data", large}}); // more than 256 KiB
    doctor.count_until_now("error");
    peer second(server());
    auto const back = second.enter(v.patient_token, v.id, resume_of(registered, seen));
    EXPECT_EQ(back["resumed"], false);
    EXPECT_EQ(back["reason"], "overflow");
    EXPECT_EQ(back["received"], 0);
    EXPECT_EQ(second.ask("joinCall", {{"keep", true}})["order"], 1);
    auto const change = doctor.expect("participant", [](json const& m) { return m["change"] == "back"; });
    EXPECT_EQ(change["reset"], true) << "messages were lost, and everybody is told";
}

/// A call whose patient has lost the socket.
struct absence {
    visit v;
    std::unique_ptr<peer> doctor;
    json registered;
    std::uint64_t seen = 0;
};

absence begin_absence(running_server& server)
{
    absence out{book_visit(server), std::make_unique<peer>(server), {}};
    peer patient(server);
    out.registered = patient.enter(out.v.patient_token, out.v.id);
    EXPECT_EQ(patient.ask("startCall")["type"], "ok");
    out.doctor->enter(out.v.doctor_token, out.v.id);
    EXPECT_EQ(out.doctor->ask("joinCall")["type"], "ok");
    patient.expect("joinerConnected");
    out.seen = patient.last_seq();
    patient.socket().drop();
    out.doctor->expect("participant", [](json const& m) { return m["change"] == "reconnecting"; });
    return out;
}

void send_missed(absence& a, int messages)
{
    std::string const kilobyte(1'000, 'x');
    for (int i = 0; i < messages; ++i) a.doctor->send({{"type", "signal"}, {"data", kilobyte}});
    a.doctor->count_until_now("error");
}

std::string how_it_comes_back(running_server& server, absence const& a)
{
    peer patient(server);
    auto const back = patient.enter(a.v.patient_token, a.v.id, resume_of(a.registered, a.seen));
    return back["resumed"] == true ? "resumed" : back["reason"].get<std::string>();
}

TEST(RingBudget, ThoseAwayLongestLoseTheirsFirstAndAsManyAsItTakes)
{
    running_server tight(1, {{"limits", "rings_bytes_max", "65536"}});
    auto little = begin_absence(tight);
    auto much = begin_absence(tight);
    auto latest = begin_absence(tight);
    send_missed(little, 1);
    send_missed(much, 20);
    // The first to go gives too little.
    send_missed(latest, 30);
    EXPECT_EQ(how_it_comes_back(tight, little), "overflow");
    EXPECT_EQ(how_it_comes_back(tight, much), "overflow");
    EXPECT_EQ(how_it_comes_back(tight, latest), "resumed");
}

TEST_P(Resume, UserLevelSocketsMissNothingEither)
{
    auto const v = book_visit(server());
    peer first(server());
    auto const registered = first.enter(v.doctor_token);
    ASSERT_TRUE(registered.contains("appointments"));
    first.count_until_now("appointment");
    auto const seen = first.last_seq();
    first.socket().drop();
    server().book("PUT", v.path(), appointment_body(v, {{"paymentStatus", "paid"}}));
    peer second(server());
    auto const back = second.resume(v.doctor_token, "", registered, seen);
    ASSERT_EQ(back["resumed"], true);
    EXPECT_EQ(second.expect("appointment")["appointment"]["paymentStatus"], "paid");
}

TEST_P(Resume, ACommandThatIsSentAgainHasNoSecondEffect)
{
    auto const v = book_visit(server());
    json const with_tab{{"instance", tab}};
    peer first(server());
    first.enter(v.patient_token, v.id, with_tab);
    json const start{{"type", "startCall"}, {"id", "c-1"}, {"media", "audio"}};
    first.send(start);
    auto const call_id = first.answer("c-1")["call"]["callId"];
    first.socket().drop();

    peer second(server());
    second.enter(v.patient_token, v.id, with_tab); // a new session of the same tab
    second.send(start);
    auto const again = second.answer("c-1");
    EXPECT_EQ(again["call"]["callId"], call_id);
    EXPECT_EQ(again["order"], 1);
    peer doctor(server());
    doctor.enter(v.doctor_token, v.id);
    ASSERT_EQ(doctor.ask("joinCall")["type"], "ok");
    doctor.send({{"type", "signal"}, {"data", "to the seat"}});
    EXPECT_EQ(second.expect("signal")["data"], "to the seat");

    auto other = start;
    other["media"] = "video";
    second.send(other);
    EXPECT_EQ(second.answer("c-1")["code"], "idempotency-key-reused");
    ASSERT_EQ(second.ask("endCall")["type"], "ok");
    second.send(start);
    EXPECT_EQ(second.answer("c-1")["call"]["state"], "ended") << "the call as it is now";
}

RENDEZVOUS_SHARDS(Resume);

TEST(RestartOfTheServer, LeadsBackToTheSameCallSeatAndCommands)
{
    running_server server(2);
    auto const v = book_visit(server);
    json const with_tab{{"instance", tab}};
    json const start{{"type", "startCall"}, {"id", "c-1"}};
    json call_id;
    json before;
    {
        peer patient(server);
        before = patient.enter(v.patient_token, v.id, with_tab);
        patient.send(start);
        call_id = patient.answer("c-1")["call"]["callId"];
        peer doctor(server);
        doctor.enter(v.doctor_token, v.id);
        ASSERT_EQ(doctor.ask("joinCall")["order"], 2);
        server.kill();
    }
    server.start();
    peer patient(server);
    auto const back = patient.enter(v.patient_token, v.id, resume_of(before, 0));
    EXPECT_EQ(back["resumed"], false);
    EXPECT_EQ(back["reason"], "restart");
    EXPECT_EQ(back["room"]["call"]["callId"], call_id);
    EXPECT_EQ(back["room"]["callStatus"], "active");
    EXPECT_EQ(back["you"]["inCall"], true);
    EXPECT_EQ(back["you"]["order"], 1);
    auto const kept = patient.ask("joinCall", {{"callId", call_id}, {"keep", true}});
    EXPECT_EQ(kept["reattached"], true);
    EXPECT_EQ(kept["order"], 1);
    peer doctor(server);
    doctor.enter(v.doctor_token, v.id);
    EXPECT_EQ(doctor.ask("joinCall", {{"keep", true}})["order"], 2);
    auto const change = patient.expect("participant", [](json const& m) { return m["change"] == "back"; });
    EXPECT_EQ(change["reset"], true);
    peer same_tab(server);
    same_tab.enter(v.patient_token, v.id, with_tab);
    same_tab.send(start);
    EXPECT_EQ(same_tab.answer("c-1")["call"]["callId"], call_id) << "carried out before the restart";
    ASSERT_EQ(doctor.ask("endCall", {{"callId", call_id}})["type"], "ok");
    auto const calls = body_of(server.rest("GET", "/api/calls?appointmentId=" + v.id, v.doctor_token));
    EXPECT_EQ(calls.size(), 1U);
}

TEST(RestartOfTheServer, ACallNobodyComesBackToEndsLost)
{
    running_server server(1, {{"rooms", "recovery_ms", "1000"}});
    auto const v = book_visit(server);
    {
        auto const pair = connect_pair(server, v);
        server.kill();
    }
    server.start();
    peer list(server);
    list.enter(v.doctor_token);
    auto const over = list.expect("callEnded");
    EXPECT_EQ(over["endReason"], "lost");
}

} // namespace
} // namespace rendezvous::test
