#include "system_fixture.hpp"

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;

class RestInvites : public system_test {};
class RestService : public system_test {};

TEST_P(RestInvites, BecomeTokensThatOpenOneAppointment)
{
    auto const v = book_visit(server());
    auto const made = server().book("POST", v.path("/invites"), {{"userId", v.patient}});
    ASSERT_EQ(made.status, 201u) << made.body;
    auto const invite = body_of(made);
    auto const code = invite.at("code").get<std::string>();
    EXPECT_EQ(invite["url"], "https://localhost:" + std::to_string(server().port()) + "/join#" + code);
    EXPECT_GE(code.size(), 22u) << "128 random bits";
    EXPECT_TRUE(invite.contains("inviteId") && invite.contains("expiresAt"));

    std::string token;
    for (int i = 0; i < 2; ++i) { // may be repeated
        auto const redeemed = server().rest("POST", "/api/invites/" + code + "/redeem", "");
        ASSERT_EQ(redeemed.status, 200u) << redeemed.body;
        auto const body = body_of(redeemed);
        EXPECT_EQ(body["appointmentId"], v.id);
        EXPECT_EQ(body["userId"], v.patient);
        EXPECT_EQ(body["role"], "patient");
        token = body.at("token");
    }
    EXPECT_EQ(server().rest("POST", v.path("/start-call"), token).status, 201u);
    auto const other = book_visit(server());
    EXPECT_EQ(server().rest("GET", other.path(), token).status, 404u);
}

TEST_P(RestInvites, AreGoneOnceRevokedOrTheirPersonIs)
{
    auto const v = book_visit(server());
    auto const invite =
        body_of(server().rest("POST", v.path("/invites"), v.doctor_token, json{{"userId", v.patient}}.dump()));
    auto const redeem = "/api/invites/" + invite.at("code").get<std::string>() + "/redeem";
    auto const id = invite.at("inviteId").get<std::string>();
    auto const listed = server().rest("GET", v.path("/invites"), v.doctor_token);
    ASSERT_EQ(body_of(listed).size(), 1u) << listed.body;
    EXPECT_EQ(body_of(listed)[0]["inviteId"], id);
    EXPECT_EQ(listed.body.find(invite["code"].get<std::string>()), std::string::npos) << "codes are shown once";
    EXPECT_EQ(server().rest("DELETE", v.path("/invites/" + id), v.doctor_token).status, 204u);
    auto const gone = server().rest("POST", redeem, "");
    EXPECT_EQ(gone.status, 410u);
    EXPECT_EQ(code_of(gone), "gone");

    auto const second = body_of(server().book("POST", v.path("/invites"), {{"userId", v.patient}}));
    server().book("PUT", v.path(), {{"participants", {participant(v.doctor, "doctor")}}});
    EXPECT_EQ(
        server().rest("POST", "/api/invites/" + second.at("code").get<std::string>() + "/redeem", "").status, 410u);
}

TEST_P(RestInvites, AreForParticipantsAndByThoseWhoMaySeeTheAppointment)
{
    auto const v = book_visit(server());
    auto const body = json{{"userId", v.patient}}.dump();
    EXPECT_EQ(code_of(server().rest("POST", "/api/invites/AAAAAAAAAAAAAAAAAAAAAA/redeem", "")), "not-found");
    EXPECT_EQ(code_of(server().rest("POST", v.path("/invites"), v.patient_token, body)), "forbidden");
    EXPECT_EQ(server().rest("POST", v.path("/invites"), book_visit(server()).doctor_token, body).status, 404u);
    auto const unknown = server().book("POST", v.path("/invites"), {{"userId", "nobody"}});
    EXPECT_EQ(unknown.status, 422u);
    EXPECT_EQ(body_of(unknown)["errors"][0]["pointer"], "/userId");
    EXPECT_EQ(server().book("POST", v.path("/invites"), {{"userId", v.patient}, {"expiresAt", from_now(-1min)}}).status,
        422u);
}

TEST_P(RestService, AnswersUnknownPathsAndMethodsWithAProblem)
{
    auto const token = admin_token();
    for (auto const* path : {"/api/nothing", "/api", "/api/appointments/a/b", "/nothing", "/api/calls/x/y/z"}) {
        auto const answer = server().rest("GET", path, token);
        EXPECT_EQ(answer.status, 404u) << path;
        EXPECT_EQ(code_of(answer), "not-found") << path;
        EXPECT_EQ(answer.body.find('<'), std::string::npos) << "no HTML error page";
    }
    auto const wrong = server().rest("PATCH", "/api/appointments/a", token, "{}");
    EXPECT_EQ(wrong.status, 405u);
    for (auto const* method : {"GET", "PUT", "DELETE", "HEAD"})
        EXPECT_NE(wrong.header("allow").find(method), std::string::npos) << wrong.header("allow");
    EXPECT_EQ(server().rest("DELETE", "/healthz", "").status, 405u);
}

TEST_P(RestService, GivesEveryProblemARequestIdOfItsOwn)
{
    auto const first = body_of(server().rest("GET", "/api/calls", ""));
    auto const second = body_of(server().rest("GET", "/api/calls", ""));
    EXPECT_EQ(first["code"], "unauthenticated");
    EXPECT_NE(first["requestId"], second["requestId"]);
    EXPECT_EQ(first["requestId"].get<std::string>().size(), 36u);
    EXPECT_EQ(server().rest("GET", "/api/calls", "").header("www-authenticate"), "Bearer");
}

TEST_P(RestService, SaysThatItIsHealthyAndReady)
{
    EXPECT_EQ(server().rest("GET", "/healthz", "").status, 200u);
    EXPECT_EQ(server().rest("GET", "/readyz", "").status, 200u);
}

TEST_P(RestService, AnswersHeadAsGetWithoutItsBody)
{
    tls_client raw("127.0.0.1", server().port());
    raw.write("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    auto const head = raw.read_answer(true);
    EXPECT_EQ(head.status, 200u);
    EXPECT_EQ(head.header("content-length"), "15");
    raw.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(raw.read_answer().body, R"({"status":"ok"})") << "no body had come before it";
}

TEST_P(RestService, SendsSecurityHeadersWithPagesAndData)
{
    for (auto const* path : {"/", "/healthz", "/api/nothing"}) {
        auto const answer = server().rest("GET", path, "");
        EXPECT_FALSE(answer.header("strict-transport-security").empty()) << path;
        EXPECT_EQ(answer.header("x-content-type-options"), "nosniff") << path;
        EXPECT_EQ(answer.header("referrer-policy"), "no-referrer") << path;
        EXPECT_NE(answer.header("content-security-policy").find("default-src 'none'"), std::string::npos) << path;
        EXPECT_TRUE(answer.header("access-control-allow-origin").empty()) << path;
    }
}

TEST_P(RestService, HandsOutItsWebRtcConfigurationToPeopleOnly)
{
    auto const v = book_visit(server());
    auto const answer = server().rest("GET", "/api/webrtc/config", v.patient_token);
    ASSERT_EQ(answer.status, 200u) << answer.body;
    auto const body = body_of(answer);
    EXPECT_TRUE(body["iceServers"].is_array());
    for (auto const* name : {"mediaConstraints", "features", "limits", "clinic"})
        EXPECT_TRUE(body.contains(name)) << name;
    EXPECT_EQ(body["limits"]["messageBytesMax"], 65536);
    EXPECT_EQ(code_of(server().rest("GET", "/api/webrtc/config", server().api_key())), "forbidden");
    EXPECT_EQ(server().rest("GET", "/api/webrtc/config", "").status, 401u);
}

TEST_P(RestService, ForgetsARevokedKeyAtOnce)
{
    auto const made = server().folder().run({"api-key", "create", "--name", "short-lived"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    auto const key = made.out.substr(0, made.out.find('\n'));
    EXPECT_EQ(made.out, key + "\n") << "the key and nothing else";
    EXPECT_TRUE(made.err.empty()) << made.err;
    EXPECT_EQ(server().rest("GET", "/api/calls", key).status, 200u);
    auto const listed = server().folder().run({"api-key", "list"});
    EXPECT_NE(listed.out.find("short-lived"), std::string::npos);
    EXPECT_EQ(listed.out.find(key), std::string::npos);
    EXPECT_EQ(server().folder().run({"api-key", "revoke", "--name", "short-lived"}).exit_code, 0);
    EXPECT_EQ(server().rest("GET", "/api/calls", key).status, 401u);
    EXPECT_EQ(server().folder().run({"api-key", "revoke", "--name", "short-lived"}).exit_code, 1);
}

RENDEZVOUS_SHARDS(RestInvites);
RENDEZVOUS_SHARDS(RestService);

} // namespace
} // namespace rendezvous::test
