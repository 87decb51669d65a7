#include "system_fixture.hpp"

#include <set>

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;

class RestCalls : public system_test {
protected:
    http_answer post(visit const& v, std::string const& verb, std::string const& token, std::string const& body = {})
    {
        return server().rest("POST", v.path(verb), token, body);
    }
};

TEST_P(RestCalls, StartOnceAndAreThenJoined)
{
    auto const v = book_visit(server());
    auto const started = post(v, "/start-call", v.patient_token, R"({"media":"audio"})");
    ASSERT_EQ(started.status, 201u) << started.body;
    auto const call = body_of(started);
    EXPECT_EQ(call["appointmentId"], v.id);
    EXPECT_EQ(call["kind"], "appointment");
    EXPECT_EQ(call["media"], "audio");
    EXPECT_EQ(call["state"], "waiting");
    EXPECT_EQ(call["startedBy"], v.patient);
    EXPECT_EQ(call["durationSeconds"], 0);
    EXPECT_FALSE(call.contains("answeredAt"));
    EXPECT_EQ(call["participants"][0]["userId"], v.patient);
    EXPECT_EQ(call["participants"][0]["order"], 1);

    auto const joined = post(v, "/start-call", v.doctor_token);
    ASSERT_EQ(joined.status, 200u) << joined.body;
    EXPECT_EQ(body_of(joined)["callId"], call["callId"]);
    EXPECT_EQ(body_of(joined)["state"], "active");
    EXPECT_TRUE(body_of(joined).contains("answeredAt"));
    auto const again = post(v, "/join-call", v.doctor_token);
    EXPECT_EQ(again.status, 200u);
    EXPECT_EQ(body_of(again)["participants"].size(), 2u);

    auto const ended = post(v, "/end-call", v.doctor_token);
    ASSERT_EQ(ended.status, 200u);
    EXPECT_EQ(body_of(ended)["state"], "ended");
    EXPECT_EQ(body_of(ended)["endReason"], "completed");
    auto const twice = post(v, "/end-call", v.patient_token);
    EXPECT_EQ(twice.status, 200u);
    EXPECT_EQ(body_of(twice), body_of(ended));
    EXPECT_EQ(code_of(post(v, "/join-call", v.patient_token)), "no-call");
    EXPECT_EQ(post(v, "/start-call", v.patient_token).status, 201u) << "a new call may follow";
    EXPECT_EQ(
        code_of(post(v, "/end-call", v.patient_token, "{\"callId\":" + call["callId"].dump() + "}")), "call-ended");
}

TEST_P(RestCalls, CannotBeJoinedOrEndedWhereThereNeverWasOne)
{
    auto const v = book_visit(server());
    for (auto const* verb : {"/join-call", "/end-call"}) {
        auto const answer = post(v, verb, v.doctor_token);
        EXPECT_EQ(answer.status, 409u) << verb;
        EXPECT_EQ(code_of(answer), "no-call") << verb;
    }
}

TEST_P(RestCalls, SayTheirStatusAndWhyTheyCannotStart)
{
    auto const v = book_visit(server());
    auto const status = [&](std::string const& token) {
        auto const answer = server().rest("GET", v.path("/call-status"), token);
        EXPECT_EQ(answer.status, 200u) << answer.body;
        return body_of(answer);
    };
    auto const before = status(v.doctor_token);
    EXPECT_EQ(before["appointmentId"], v.id);
    EXPECT_EQ(before["callStatus"], "inactive");
    EXPECT_EQ(before["canStart"], true);
    EXPECT_EQ(before["canJoin"], false);
    EXPECT_TRUE(before["call"].is_null());
    auto const call = body_of(post(v, "/start-call", v.patient_token));
    auto const waiting = status(v.doctor_token);
    EXPECT_EQ(waiting["callStatus"], "waiting");
    EXPECT_EQ(waiting["callStartedBy"], v.patient);
    EXPECT_EQ(waiting["callStartedAt"], call["createdAt"]);
    EXPECT_EQ(waiting["canJoin"], true);
    EXPECT_EQ(waiting["call"]["callId"], call["callId"]);
    post(v, "/end-call", v.patient_token);
    EXPECT_EQ(status(v.doctor_token)["callStatus"], "ended");
    EXPECT_FALSE(status(v.doctor_token)["callEndedAt"].is_null());

    auto const etag = server().rest("GET", v.path("/call-status"), v.doctor_token).header("etag");
    EXPECT_EQ(server().rest("GET", v.path("/call-status"), v.doctor_token, {}, {{"If-None-Match", etag}}).status, 304u);

    server().book("PUT", v.path(), {{"paymentStatus", "unpaid"}});
    EXPECT_EQ(status(v.patient_token)["reason"], "payment-required");
    EXPECT_EQ(status(v.patient_token)["canStart"], false);
    server().book("PUT", v.path(), {{"start", from_now(2h)}, {"end", from_now(3h)}});
    auto const early = status(v.patient_token);
    EXPECT_EQ(early["reason"], "outside-window");
    EXPECT_EQ(early["opensAt"], body_of(server().rest("GET", v.path(), v.patient_token))["opensAt"]);
}

TEST_P(RestCalls, AreCheckedInTheOrderOfTheContract)
{
    // Everything is wrong at first; one thing after the other is put right.
    auto const v = book_visit(server(),
        {{"status", "cancelled"}, {"paymentStatus", "unpaid"}, {"start", from_now(2h)}, {"end", from_now(3h)}});
    auto const stranger = make_visit(server());
    auto const wrong_role = server().folder().token(v.patient, call::role::doctor);
    EXPECT_EQ(post(v, "/join-call", "").status, 401u);
    EXPECT_EQ(post(v, "/join-call", "nonsense").status, 401u);
    EXPECT_EQ(code_of(post(v, "/join-call", stranger.doctor_token)), "not-found");
    EXPECT_EQ(code_of(post(v, "/join-call", stranger.patient_token)), "not-found");
    EXPECT_EQ(code_of(post(v, "/join-call", server().folder().token(v.patient, call::role::patient, {"other"}))),
        "not-found");
    EXPECT_EQ(code_of(post(v, "/join-call", wrong_role)), "forbidden");
    EXPECT_EQ(code_of(post(v, "/join-call", admin_token())), "forbidden");
    EXPECT_EQ(code_of(post(v, "/start-call", admin_token())), "forbidden");
    EXPECT_EQ(code_of(post(v, "/join-call", v.patient_token)), "appointment-closed");
    server().book("PUT", v.path(), {{"status", "booked"}});
    auto const early = post(v, "/join-call", v.patient_token);
    EXPECT_EQ(early.status, 403u);
    EXPECT_EQ(code_of(early), "outside-window");
    EXPECT_TRUE(body_of(early).contains("opensAt"));
    server().book("PUT", v.path(), {{"start", from_now(-1min)}, {"end", from_now(30min)}});
    auto const unpaid = post(v, "/join-call", v.patient_token);
    EXPECT_EQ(unpaid.status, 402u);
    EXPECT_EQ(code_of(unpaid), "payment-required");
    server().book("PUT", v.path(), {{"paymentStatus", "paid"}});
    EXPECT_EQ(code_of(post(v, "/join-call", v.patient_token)), "no-call");
    EXPECT_EQ(post(v, "/start-call", v.patient_token).status, 201u);
    EXPECT_EQ(post(v, "/join-call", v.doctor_token).status, 200u);
}

TEST_P(RestCalls, TellAnExpiredTokenFromAWrongOne)
{
    auto const v = book_visit(server());
    auto const expired = server().folder().token(v.patient, call::role::patient, {v.id}, 10s, 1h);
    auto const answer = post(v, "/start-call", expired);
    EXPECT_EQ(answer.status, 401u);
    EXPECT_EQ(code_of(answer), "token-expired");
    auto forged = v.patient_token;
    forged[forged.size() / 2] = forged[forged.size() / 2] == 'a' ? 'b' : 'a';
    EXPECT_EQ(code_of(post(v, "/start-call", forged)), "unauthenticated");
}

TEST_P(RestCalls, MayBeEndedByAnAdminWhoIsNoMemberButNotByAGuest)
{
    auto v = make_visit(server());
    auto const guest = "guest-of-" + v.id;
    server().book("PUT", v.path(),
        appointment_body(v, {{"participants", {participant(v.doctor, "doctor"), participant(v.patient, "patient"),
                                                  participant(guest, "guest")}}}));
    auto const guest_token = server().folder().token(guest, call::role::guest, {v.id});
    EXPECT_EQ(code_of(post(v, "/start-call", guest_token)), "not-admitted");
    ASSERT_EQ(post(v, "/start-call", v.doctor_token).status, 201u);
    EXPECT_EQ(code_of(post(v, "/join-call", guest_token)), "not-admitted");
    EXPECT_EQ(code_of(post(v, "/end-call", guest_token)), "forbidden");
    auto const ended = post(v, "/end-call", admin_token());
    EXPECT_EQ(ended.status, 200u) << ended.body;
    EXPECT_EQ(body_of(ended)["state"], "ended");
}

TEST_P(RestCalls, StartOnlyByStaffWhereThePolicySaysSo)
{
    auto const v = book_visit(server(), {{"startPolicy", "staff"}});
    EXPECT_EQ(code_of(post(v, "/start-call", v.patient_token)), "forbidden");
    EXPECT_EQ(post(v, "/start-call", v.doctor_token).status, 201u);
    EXPECT_EQ(post(v, "/start-call", v.patient_token).status, 200u) << "joining is allowed";
}

TEST_P(RestCalls, HoldNoMorePeopleThanTheCapacity)
{
    auto v = make_visit(server());
    auto const second = "second-" + v.doctor;
    server().book("PUT", v.path(),
        appointment_body(
            v, {{"capacity", 2}, {"participants", {participant(v.doctor, "doctor"), participant(second, "doctor"),
                                                      participant(v.patient, "patient")}}}));
    ASSERT_EQ(post(v, "/start-call", v.doctor_token).status, 201u);
    ASSERT_EQ(post(v, "/join-call", v.patient_token).status, 200u);
    auto const full = post(v, "/join-call", server().folder().token(second, call::role::doctor));
    EXPECT_EQ(full.status, 409u);
    EXPECT_EQ(code_of(full), "room-full");
}

TEST_P(RestCalls, StandInTheHistoryInPagesNewestFirst)
{
    auto const v = book_visit(server());
    std::vector<std::string> expected;
    for (int i = 0; i < 7; ++i) {
        auto const call = body_of(post(v, "/start-call", v.patient_token));
        expected.insert(expected.begin(), call.at("callId"));
        post(v, "/end-call", i % 2 ? v.doctor_token : v.patient_token);
    }
    std::vector<std::string> seen;
    std::string target = "/api/calls?limit=3&appointmentId=" + v.id;
    for (int pages = 1; !target.empty(); ++pages) {
        ASSERT_LE(pages, 4);
        auto const answer = server().rest("GET", target, v.doctor_token);
        ASSERT_EQ(answer.status, 200u) << answer.body;
        for (auto const& call : body_of(answer)) seen.push_back(call["callId"]);
        auto const link = answer.header("link");
        target = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    }
    EXPECT_EQ(seen, expected);

    auto const count = [&](std::string const& query) {
        return body_of(server().rest("GET", "/api/calls?appointmentId=" + v.id + query, v.doctor_token)).size();
    };
    EXPECT_EQ(count("&endReason=cancelled"), 4u) << "by the starter";
    EXPECT_EQ(count("&endReason=declined"), 3u) << "by the other";
    EXPECT_EQ(count("&state=ended&kind=appointment"), 7u);
    EXPECT_EQ(count("&state=active"), 0u);
    EXPECT_EQ(count("&from=2100-01-01T00:00:00Z"), 0u);
}

TEST_P(RestCalls, AreListedForTheirPeopleOnly)
{
    auto const v = book_visit(server());
    auto const other = book_visit(server());
    auto const id = body_of(post(v, "/start-call", v.patient_token)).at("callId").get<std::string>();
    post(other, "/start-call", other.patient_token);
    auto const own = body_of(server().rest("GET", "/api/calls", v.patient_token));
    ASSERT_EQ(own.size(), 1u);
    EXPECT_EQ(own[0]["callId"], id);
    EXPECT_EQ(server().rest("GET", "/api/calls/" + id, v.patient_token).status, 200u);
    EXPECT_EQ(server().rest("GET", "/api/calls/" + id, v.doctor_token).status, 200u);
    EXPECT_EQ(server().rest("GET", "/api/calls/" + id, other.doctor_token).status, 404u);
    EXPECT_EQ(server().rest("GET", "/api/calls/" + id, other.patient_token).status, 404u);
    EXPECT_EQ(server().rest("GET", "/api/calls/" + id + "/events", other.doctor_token).status, 404u);
    EXPECT_EQ(code_of(server().rest("GET", "/api/calls?userId=" + v.patient, other.doctor_token)), "forbidden");
    EXPECT_EQ(body_of(server().rest("GET", "/api/calls?appointmentId=" + v.id, other.patient_token)).size(), 0u);
    EXPECT_EQ(server().rest("GET", "/api/calls/nonsense", v.patient_token).status, 404u);
    EXPECT_EQ(code_of(server().rest("GET", "/api/calls?wrong=1", v.patient_token)), "validation");
}

TEST_P(RestCalls, LeaveEventsWithHashesAndWithoutNames)
{
    auto const v = book_visit(server());
    auto const id = body_of(post(v, "/start-call", v.patient_token)).at("callId").get<std::string>();
    post(v, "/join-call", v.doctor_token);
    post(v, "/end-call", v.doctor_token);
    auto const answer = server().rest("GET", "/api/calls/" + id + "/events", server().api_key());
    ASSERT_EQ(answer.status, 200u) << answer.body;
    auto const rows = body_of(answer);
    ASSERT_GE(rows.size(), 3u);
    std::set<std::string> hashes;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i]["seq"], i + 1);
        EXPECT_EQ(rows[i]["hash"].get<std::string>().size(), 64u);
        hashes.insert(rows[i]["hash"]);
    }
    EXPECT_EQ(hashes.size(), rows.size());
    for (auto const& name : {v.patient, v.doctor}) EXPECT_EQ(answer.body.find(name), std::string::npos);
    EXPECT_EQ(code_of(server().rest("GET", "/api/calls/" + id + "/events", v.patient_token)), "forbidden");
    EXPECT_EQ(server().rest("GET", "/api/calls/" + id + "/events", v.doctor_token).status, 200u);
}

RENDEZVOUS_SHARDS(RestCalls);

} // namespace
} // namespace rendezvous::test
