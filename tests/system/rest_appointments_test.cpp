#include "system_fixture.hpp"

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;

class RestAppointments : public system_test {};

TEST_P(RestAppointments, ArePutAndReadBackWithTheirETag)
{
    auto const v = make_visit(server());
    auto const made = server().book("PUT", v.path(), appointment_body(v));
    ASSERT_EQ(made.status, 201u) << made.body;
    EXPECT_EQ(made.header("location"), v.path());
    auto const body = body_of(made);
    EXPECT_EQ(body["id"], v.id);
    EXPECT_EQ(body["status"], "booked");
    EXPECT_EQ(body["paymentStatus"], "waived");
    EXPECT_EQ(body["media"], "video");
    EXPECT_EQ(body["startPolicy"], "any");
    EXPECT_EQ(body["capacity"], 2);
    EXPECT_EQ(body["hardEnd"], false);
    EXPECT_EQ(body["callStatus"], "inactive");
    EXPECT_EQ(body["version"], 1);
    EXPECT_EQ(body["participants"][0]["userId"], v.doctor);
    for (auto const* name : {"callStartedBy", "callStartedAt", "callEndedAt"}) EXPECT_TRUE(body.at(name).is_null());

    auto const read = server().rest("GET", v.path(), v.patient_token);
    ASSERT_EQ(read.status, 200u);
    EXPECT_FALSE(read.header("etag").empty());
    auto const again = server().rest("GET", v.path(), v.patient_token, {}, {{"If-None-Match", read.header("etag")}});
    EXPECT_EQ(again.status, 304u);
    EXPECT_TRUE(again.body.empty());

    auto const changed = server().book("PUT", v.path(), {{"paymentStatus", "paid"}});
    ASSERT_EQ(changed.status, 200u) << changed.body;
    EXPECT_EQ(body_of(changed)["version"], 2);
    EXPECT_EQ(
        server().rest("GET", v.path(), v.patient_token, {}, {{"If-None-Match", read.header("etag")}}).status, 200u);
}

TEST_P(RestAppointments, OpenAQuarterBeforeTheStartAndCloseAnHourAfterTheEndByDefault)
{
    auto const v = make_visit(server());
    auto const body = body_of(server().book("PUT", v.path(),
        appointment_body(v, {{"start", "2031-05-01T10:00:00Z"}, {"end", "2031-05-01T10:30:00.250+01:00"}})));
    EXPECT_EQ(body.value("code", ""), "validation") << "an end before the start, said in another zone";
    auto const good = body_of(server().book("PUT", v.path(),
        appointment_body(v, {{"start", "2031-05-01T10:00:00Z"}, {"end", "2031-05-01T11:30:00.250+01:00"}})));
    EXPECT_EQ(good["start"], "2031-05-01T10:00:00.000Z");
    EXPECT_EQ(good["end"], "2031-05-01T10:30:00.250Z");
    EXPECT_EQ(good["opensAt"], "2031-05-01T09:45:00.000Z");
    EXPECT_EQ(good["closesAt"], "2031-05-01T11:30:00.250Z");
}

TEST_P(RestAppointments, AreWrittenOnlyOnTopOfTheVersionThatIfMatchNames)
{
    auto const v = book_visit(server());
    auto const put = [&](std::string const& if_match, json const& body) {
        return server().rest("PUT", v.path(), server().api_key(), body.dump(), {{"If-Match", if_match}});
    };
    auto const etag = server().rest("GET", v.path(), server().api_key()).header("etag");
    EXPECT_EQ(put(etag, {{"media", "audio"}}).status, 200u);
    auto const late = put(etag, {{"media", "video"}});
    EXPECT_EQ(late.status, 412u);
    EXPECT_EQ(code_of(late), "version-mismatch");
    EXPECT_EQ(body_of(server().rest("GET", v.path(), server().api_key()))["media"], "audio");
    EXPECT_EQ(put("\"2\"", {{"media", "video"}}).status, 200u);
    EXPECT_EQ(put("*", {{"media", "audio"}}).status, 200u);
    auto const absent = make_visit(server());
    EXPECT_EQ(
        server()
            .rest("PUT", absent.path(), server().api_key(), appointment_body(absent).dump(), {{"If-Match", "\"1\""}})
            .status,
        412u);
}

TEST_P(RestAppointments, NameEveryFieldThatIsWrong)
{
    auto const v = make_visit(server());
    auto const bad = server().book("PUT", v.path(),
        appointment_body(
            v, {{"status", "maybe"}, {"capacity", 7}, {"surprise", 1},
                   {"participants", {participant(v.doctor, "doctor"), participant(v.doctor, "janitor")}}}));
    ASSERT_EQ(bad.status, 422u) << bad.body;
    EXPECT_EQ(code_of(bad), "validation");
    std::vector<std::string> pointers;
    auto const problem = body_of(bad);
    for (auto const& e : problem["errors"]) pointers.push_back(e["pointer"]);
    for (auto const* expected : {"/status", "/capacity", "/surprise", "/participants/1/role", "/participants/1/userId"})
        EXPECT_NE(std::find(pointers.begin(), pointers.end(), expected), pointers.end()) << expected << bad.body;
    EXPECT_EQ(server().rest("GET", v.path(), server().api_key()).status, 404u);
    EXPECT_EQ(code_of(server().book("PUT", v.path(), {{"status", "booked"}})), "validation") << "no start, no people";
    EXPECT_EQ(code_of(server().book("PUT", "/api/appointments/a%20b", appointment_body(v))), "validation");
}

TEST_P(RestAppointments, RefuseABodyThatIsNotJsonOrTooLarge)
{
    auto const v = make_visit(server());
    auto const broken = server().rest("PUT", v.path(), server().api_key(), "{\"status\":");
    EXPECT_EQ(broken.status, 400u);
    EXPECT_EQ(code_of(broken), "bad-json");
    auto const deep = server().rest("PUT", v.path(), server().api_key(), std::string(40, '[') + std::string(40, ']'));
    EXPECT_EQ(deep.status, 400u);
    auto const large = server().rest("PUT", v.path(), server().api_key(), std::string(65537, ' '));
    EXPECT_EQ(large.status, 413u);
    EXPECT_EQ(code_of(large), "too-large");
    EXPECT_EQ(server().rest("PUT", v.path(), server().api_key(), appointment_body(v).dump()).status, 201u);
}

TEST_P(RestAppointments, AreCancelledByDeleteAndThenGoneForCalls)
{
    auto const v = book_visit(server());
    EXPECT_EQ(server().rest("DELETE", v.path(), server().api_key()).status, 204u);
    EXPECT_EQ(server().rest("DELETE", v.path(), server().api_key()).status, 204u);
    EXPECT_EQ(body_of(server().rest("GET", v.path(), v.patient_token))["status"], "cancelled");
    for (auto const* verb : {"/start-call", "/join-call"}) {
        auto const gone = server().rest("POST", v.path(verb), v.patient_token);
        EXPECT_EQ(gone.status, 410u) << verb;
        EXPECT_EQ(code_of(gone), "appointment-closed");
    }
    EXPECT_EQ(server().rest("DELETE", "/api/appointments/never-was", server().api_key()).status, 404u);
}

TEST_P(RestAppointments, BelongToTheBookingSystem)
{
    auto const v = book_visit(server());
    for (auto const& token : {v.doctor_token, v.patient_token, admin_token()}) {
        EXPECT_EQ(code_of(server().rest("PUT", v.path(), token, "{}")), "forbidden");
        EXPECT_EQ(code_of(server().rest("DELETE", v.path(), token)), "forbidden");
    }
    EXPECT_EQ(server().rest("PUT", v.path(), "", "{}").status, 401u);
}

TEST_P(RestAppointments, AreHiddenFromStrangers)
{
    auto const v = book_visit(server());
    auto const other = book_visit(server());
    EXPECT_EQ(server().rest("GET", v.path(), other.doctor_token).status, 404u);
    EXPECT_EQ(server().rest("GET", v.path(), other.patient_token).status, 404u);
    // The right patient, with a token for another visit or for none.
    auto const wrong = server().folder().token(v.patient, call::role::patient, {other.id});
    EXPECT_EQ(server().rest("GET", v.path(), wrong).status, 404u);
    EXPECT_EQ(server().rest("GET", v.path(), server().folder().token(v.patient, call::role::patient)).status, 404u);
    EXPECT_EQ(server().rest("GET", v.path("/call-status"), other.doctor_token).status, 404u);
    EXPECT_EQ(server().rest("GET", v.path(), admin_token()).status, 200u);
}

TEST_P(RestAppointments, AreListedByFilterAndOnlyOnesOwn)
{
    auto const v = book_visit(server());
    auto second = make_visit(server());
    second.doctor = v.doctor;
    ASSERT_EQ(server().book("PUT", second.path(), appointment_body(second, {{"status", "pending"}})).status, 201u);
    auto const stranger = book_visit(server());
    auto const ids = [&](std::string const& query, std::string const& token) {
        std::vector<std::string> out;
        auto const answer = server().rest("GET", "/api/appointments" + query, token);
        EXPECT_EQ(answer.status, 200u) << answer.body;
        for (auto const& a : body_of(answer)) out.push_back(a["id"]);
        std::sort(out.begin(), out.end());
        return out;
    };
    using list = std::vector<std::string>;
    list both{v.id, second.id};
    std::sort(both.begin(), both.end());
    EXPECT_EQ(ids("", v.doctor_token), both);
    EXPECT_EQ(ids("?status=pending", v.doctor_token), list{second.id});
    EXPECT_EQ(ids("?userId=" + v.doctor, server().api_key()), both);
    EXPECT_EQ(ids("", v.patient_token), list{v.id});
    EXPECT_EQ(ids("?to=2001-01-01T00:00:00Z", v.doctor_token), list{});
    ASSERT_EQ(server().rest("POST", v.path("/start-call"), v.patient_token).status, 201u);
    EXPECT_EQ(ids("?callStatus=waiting", v.doctor_token), list{v.id});
    EXPECT_EQ(server().rest("GET", "/api/appointments?userId=" + stranger.doctor, v.doctor_token).status, 403u);
}

TEST_P(RestAppointments, AreListedInPagesWithoutGapOrDuplicate)
{
    auto const first = book_visit(server());
    std::vector<std::string> expected{first.id};
    for (int i = 0; i < 6; ++i) {
        auto v = make_visit(server());
        v.doctor = first.doctor;
        ASSERT_EQ(server().book("PUT", v.path(), appointment_body(v)).status, 201u);
        expected.push_back(v.id);
    }
    std::vector<std::string> seen;
    std::string target = "/api/appointments?limit=3&userId=" + first.doctor;
    for (int pages = 1; !target.empty(); ++pages) {
        ASSERT_LE(pages, 3);
        auto const answer = server().rest("GET", target, server().api_key());
        for (auto const& a : body_of(answer)) seen.push_back(a["id"]);
        auto const link = answer.header("link");
        target = link.empty() ? "" : link.substr(1, link.find('>') - 1);
        EXPECT_EQ(link.empty(), link.find("rel=\"next\"") == std::string::npos);
    }
    std::sort(seen.begin(), seen.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(seen, expected);
}

TEST_P(RestAppointments, RefuseParametersTheyDoNotKnow)
{
    for (auto const* query : {"?foo=1", "?limit=0", "?limit=201", "?limit=x", "?status=maybe", "?from=yesterday",
             "?after=nonsense", "?limit=1&limit=2"}) {
        auto const answer = server().rest("GET", std::string("/api/appointments") + query, server().api_key());
        EXPECT_EQ(answer.status, 422u) << query;
        EXPECT_EQ(code_of(answer), "validation") << query;
        EXPECT_FALSE(body_of(answer)["errors"].empty()) << query;
    }
}

RENDEZVOUS_SHARDS(RestAppointments);

} // namespace
} // namespace rendezvous::test
