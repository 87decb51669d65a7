#include "system_fixture.hpp"

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;

/// REST and WebSocket are two doors to one service.
class TwoDoors : public system_test {};

TEST_P(TwoDoors, RingOnSocketsWhatRestStarts)
{
    auto const v = book_visit(server());
    peer room(server());
    peer day(server());
    room.enter(v.doctor_token, v.id);
    auto const list = day.enter(v.doctor_token);
    ASSERT_EQ(list["type"], "registered") << list;
    ASSERT_EQ(list["appointments"].size(), 1u) << list;
    EXPECT_EQ(list["appointments"][0]["id"], v.id);
    EXPECT_FALSE(list.contains("room"));

    auto const call = body_of(server().rest("POST", v.path("/start-call"), v.patient_token));
    auto const in_room = room.expect("activeCall");
    EXPECT_EQ(in_room["call"], call);
    EXPECT_EQ(day.expect("activeCall")["call"]["callId"], call["callId"]);
    auto const changed =
        day.expect("appointment", [](json const& m) { return m["appointment"]["callStatus"] == "waiting"; });
    EXPECT_EQ(changed["appointment"]["canJoin"], true);

    server().rest("POST", v.path("/end-call"), v.patient_token);
    auto const ended = room.expect("callEnded");
    EXPECT_EQ(ended["callId"], call["callId"]);
    EXPECT_EQ(ended["endReason"], "cancelled");
    EXPECT_EQ(day.expect("callEnded")["callId"], call["callId"]);
}

TEST_P(TwoDoors, ShowInRestWhatASocketStarts)
{
    auto const v = book_visit(server());
    peer patient(server());
    patient.enter(v.patient_token, v.id);
    auto const started = patient.ask("startCall");
    ASSERT_EQ(started["type"], "ok") << started;
    auto const status = body_of(server().rest("GET", v.path("/call-status"), v.doctor_token));
    EXPECT_EQ(status["callStatus"], "waiting");
    EXPECT_EQ(status["call"], started["call"]);
    auto const stored =
        server().rest("GET", "/api/calls/" + started["call"]["callId"].get<std::string>(), v.doctor_token);
    EXPECT_EQ(body_of(stored)["state"], "waiting") << "it is in the history before anybody is told";
    EXPECT_EQ(body_of(server().rest("GET", v.path(), v.doctor_token))["status"], "arrived");
}

TEST_P(TwoDoors, KeepTheSeatThatRestReservedForTheSocketThatFollows)
{
    auto const v = book_visit(server());
    auto const call = body_of(server().rest("POST", v.path("/start-call"), v.doctor_token));
    peer doctor(server());
    auto const entered = doctor.enter(v.doctor_token, v.id);
    EXPECT_EQ(entered["you"]["inCall"], true);
    EXPECT_EQ(entered["room"]["call"]["callId"], call["callId"]);
    auto const taken = doctor.ask("startCall");
    EXPECT_EQ(taken["type"], "ok");
    EXPECT_EQ(taken["joinedExisting"], true);
    EXPECT_EQ(taken["order"], 1);
    EXPECT_EQ(taken["call"]["callId"], call["callId"]);
    peer patient(server());
    patient.enter(v.patient_token, v.id);
    EXPECT_EQ(patient.ask("joinCall")["order"], 2);
    EXPECT_EQ(doctor.expect("joinerConnected")["participant"]["userId"], v.patient);
}

TEST_P(TwoDoors, TellEverybodyInTheRoomWhenThePaymentArrives)
{
    auto const v = book_visit(server(), {{"paymentStatus", "unpaid"}});
    peer patient(server());
    auto const entered = patient.enter(v.patient_token, v.id);
    EXPECT_EQ(entered["room"]["canStart"], false);
    EXPECT_EQ(entered["room"]["reason"], "payment-required");
    EXPECT_EQ(patient.ask("startCall")["code"], "payment-required");
    server().book("PUT", v.path(), {{"paymentStatus", "paid"}});
    auto const unlocked =
        patient.expect("appointment", [](json const& m) { return m["appointment"]["paymentStatus"] == "paid"; });
    EXPECT_EQ(unlocked["appointment"]["canStart"], true);
    EXPECT_EQ(patient.ask("startCall")["type"], "ok");
}

TEST_P(TwoDoors, CloseTheRoomWhenTheAppointmentIsCancelledDuringACall)
{
    auto const v = book_visit(server());
    auto two = connect_pair(server(), v);
    peer waiting(server());
    waiting.enter(v.doctor_token, v.id);
    ASSERT_EQ(server().rest("DELETE", v.path(), server().api_key()).status, 204u);
    for (auto* p : {&two.doctor, &two.patient}) {
        EXPECT_EQ(p->closed(), 4103);
        EXPECT_EQ(p->bye()["code"], 4103);
        EXPECT_EQ(p->expect("callEnded")["endReason"], "cancelled");
        EXPECT_EQ(p->expect("appointment",
                      [](json const& m) { return m["appointment"]["status"] == "cancelled"; })["appointment"]["id"],
            v.id);
    }
    EXPECT_EQ(waiting.closed(), 4103);
    auto const call = body_of(server().rest("GET", "/api/calls/" + two.call_id, server().api_key()));
    EXPECT_EQ(call["endReason"], "cancelled");
}

TEST_P(TwoDoors, PutOutWhoeverIsTakenOffTheAppointment)
{
    auto const v = book_visit(server());
    auto const second = "second-" + v.doctor;
    server().book("PUT", v.path(),
        {{"participants",
            {participant(v.doctor, "doctor"), participant(v.patient, "patient"), participant(second, "doctor")}}});
    auto two = connect_pair(server(), v);
    peer third(server());
    third.enter(server().folder().token(second, call::role::doctor), v.id);
    third.ask("joinCall");
    server().book(
        "PUT", v.path(), {{"participants", {participant(v.doctor, "doctor"), participant(v.patient, "patient")}}});
    EXPECT_EQ(third.closed(), 4104);
    EXPECT_EQ(third.bye()["code"], 4104);
    auto const told = two.doctor.expect("participant", [](json const& m) { return m["change"] == "removed"; });
    EXPECT_EQ(told["participant"]["userId"], second);
    EXPECT_EQ(two.doctor.ask("endCall")["type"], "ok") << "the call went on for the others";
}

TEST_P(TwoDoors, StartOneCallWhenBothPressStartAtOnce)
{
    for (int round = 0; round < 12; ++round) {
        auto const v = book_visit(server());
        peer doctor(server());
        peer patient(server());
        doctor.enter(v.doctor_token, v.id);
        patient.enter(v.patient_token, v.id);
        json const offer{{"type", "offer"}, {"sdp", "v=0 round"}};
        auto const by_doctor = doctor.command("startCall", {{"offer", offer}});
        auto const by_patient = patient.command("startCall", {{"offer", offer}});
        auto const first = doctor.answer(by_doctor);
        auto const second = patient.answer(by_patient);
        ASSERT_EQ(first["type"], "ok") << first;
        ASSERT_EQ(second["type"], "ok") << second;
        EXPECT_EQ(first["call"]["callId"], second["call"]["callId"]);
        EXPECT_NE(first["joinedExisting"], second["joinedExisting"]) << "one starts, one joins";
        bool const doctor_joined = first["joinedExisting"];
        auto& starter = doctor_joined ? patient : doctor;
        auto const joined = starter.expect("joinerConnected");
        EXPECT_EQ(joined["offer"], offer);
        EXPECT_EQ((doctor_joined ? first : second)["offerRelayed"], true);
        EXPECT_EQ((doctor_joined ? second : first)["offerRelayed"], false);
        EXPECT_EQ(body_of(server().rest("GET", "/api/calls?appointmentId=" + v.id, server().api_key())).size(), 1u);
    }
}

TEST_P(TwoDoors, StartOneCallWhenARestStartAndASocketStartMeet)
{
    for (int round = 0; round < 8; ++round) {
        auto const v = book_visit(server());
        peer patient(server());
        patient.enter(v.patient_token, v.id);
        auto const id = patient.command("startCall");
        auto const rest = server().rest("POST", v.path("/start-call"), v.doctor_token);
        auto const answer = patient.answer(id);
        ASSERT_EQ(answer["type"], "ok") << answer;
        EXPECT_EQ(body_of(rest)["callId"], answer["call"]["callId"]);
        EXPECT_EQ(rest.status, answer["joinedExisting"] ? 201u : 200u);
    }
}

RENDEZVOUS_SHARDS(TwoDoors);

} // namespace
} // namespace rendezvous::test
