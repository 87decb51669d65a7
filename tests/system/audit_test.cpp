#include "system_fixture.hpp"

#include <fstream>
#include <iterator>
#include <sqlite3.h>

namespace rendezvous::test {
namespace {

/// The account of who did what, as a server keeps it that nobody else writes to.
class Audit : public ::testing::TestWithParam<unsigned> {
protected:
    Audit() : server_(GetParam()) {}

    json rows(std::string const& query)
    {
        auto const answer = server_.rest("GET", "/api/audit" + query, server_.api_key());
        EXPECT_EQ(answer.status, 200u) << answer.body;
        return body_of(answer);
    }
    std::string admin() { return server_.folder().token("admin-of-all", call::role::admin); }
    std::filesystem::path database() { return server_.folder().path() / "var" / "rendezvous.db"; }

    running_server server_;
};
RENDEZVOUS_SHARDS(Audit);

struct asked {
    std::string method, target, action, outcome, subject;
};

TEST_P(Audit, EveryRequestLeavesOneRowRefusedOnesToo)
{
    auto const v = book_visit(server_);
    auto const stranger = server_.folder().token("stranger", call::role::doctor);
    std::vector<std::pair<std::string, asked>> const all{
        {v.doctor_token, {"GET", v.path(), "appointment.read", "ok", v.patient}},
        {v.patient_token, {"GET", v.path("/call-status"), "appointment.status", "ok", v.patient}},
        {stranger, {"GET", v.path(), "appointment.read", "not-found", v.patient}},
        {server_.api_key(), {"GET", "/api/appointments?userId=" + v.patient, "appointment.list", "ok", v.patient}},
        {v.patient_token, {"GET", "/api/calls", "call.list", "ok", v.patient}},
        {server_.api_key(), {"GET", "/api/calls?colour=red", "call.list", "validation", ""}},
        {"not-a-token", {"GET", v.path(), "appointment.read", "unauthenticated", v.patient}},
        {v.patient_token, {"PUT", v.path(), "appointment.write", "forbidden", v.patient}},
        {v.doctor_token, {"GET", "/api/calls/%27%20OR%201=1", "call.read", "not-found", ""}},
        {server_.api_key(), {"GET", "/api/nothing", "unknown", "not-found", ""}},
        {server_.api_key(), {"GET", "/api/subjects/" + v.patient, "subject.export", "ok", v.patient}},
        {server_.api_key(), {"GET", "/api/subjects/nobody-at-all", "subject.export", "not-found", ""}},
        {v.doctor_token, {"GET", "/api/audit", "audit.read", "forbidden", ""}},
        {v.patient_token, {"POST", v.path("/start-call"), "call.start", "ok", v.patient}},
    };
    for (auto const& [token, a] : all) {
        auto const before = rows("?limit=1")[0]["seq"].get<int>();
        server_.rest(a.method, a.target, token);
        auto const after = rows("?limit=3");
        // The two looks of ours stand around it.
        EXPECT_EQ(after[0]["seq"].get<int>(), before + 2) << a.target;
        EXPECT_EQ(after[0]["action"], a.action) << a.target;
        EXPECT_EQ(after[0]["outcome"], a.outcome) << a.target;
        EXPECT_EQ(after[0].value("subject", ""), a.subject) << a.target;
        EXPECT_EQ(after[0].value("ipPrefix", ""), "127.0.0.0/24");
    }
    auto const page = server_.rest("GET", "/api/audit?limit=2", server_.api_key());
    EXPECT_NE(page.header("link").find("rel=\"next\""), std::string::npos);
    EXPECT_EQ(server_.rest("GET", "/api/audit?actor=", server_.api_key()).status, 422u);
    EXPECT_EQ(server_.folder().run({"audit", "verify"}).exit_code, 0);
}

TEST_P(Audit, SocketsLeaveRowsOfWhoRegisteredStartedAndWasRefused)
{
    auto const v = book_visit(server_);
    peer refused(server_);
    refused.enter("no-token", v.id);
    refused.closed();
    auto const both = connect_pair(server_, v);
    auto const mine = rows("?subject=" + v.patient + "&actor=" + v.patient);
    std::vector<std::string> actions;
    for (auto const& row : mine) actions.push_back(row["action"]);
    EXPECT_EQ(actions, (std::vector<std::string>{"call.start", "socket.register"}));
    auto const theirs = rows("?subject=" + v.patient + "&actor=" + v.doctor + "&action=call.join");
    ASSERT_EQ(theirs.size(), 1u);
    EXPECT_EQ(theirs[0]["object"], "appointment:" + v.id);
    auto const strangers = rows("?action=socket.register&limit=200");
    auto const unknown = [](json const& row) { return row["actorKind"] == "anonymous"; };
    EXPECT_EQ(std::count_if(strangers.begin(), strangers.end(), unknown), 1);
}

TEST_P(Audit, WhoeverRedeemsAnInvitationIsAccountedForAsNobodyKnownAboutWhomItIsFor)
{
    auto const v = book_visit(server_);
    auto const made = body_of(server_.book("POST", v.path("/invites"), {{"userId", v.patient}}));
    auto const code = made["code"].get<std::string>();
    ASSERT_EQ(server_.rest("POST", "/api/invites/" + code + "/redeem", "", "{}").status, 200u);
    auto const found = rows("?action=invite.redeem");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0]["actorKind"], "anonymous");
    EXPECT_EQ(found[0]["subject"], v.patient);
    EXPECT_EQ(found[0]["object"], "appointment:" + v.id);
    EXPECT_EQ(rows("").dump().find(code), std::string::npos);
}

TEST_P(Audit, VerifyNamesTheFirstRowThatWasChangedBehindItsBack)
{
    auto const v = book_visit(server_);
    for (int i = 0; i < 5; ++i) server_.rest("GET", v.path(), v.doctor_token);
    ASSERT_GE(rows("").size(), 5u);
    server_.kill();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(database().c_str(), &db), SQLITE_OK);
    EXPECT_NE(
        sqlite3_exec(db, "UPDATE audit_log SET outcome = 'ok' WHERE seq = 3", nullptr, nullptr, nullptr), SQLITE_OK);
    EXPECT_NE(sqlite3_exec(db, "DELETE FROM audit_log WHERE seq = 3", nullptr, nullptr, nullptr), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, "DROP TRIGGER audit_log_no_update; UPDATE audit_log SET outcome = 'oj' WHERE seq = 3",
                  nullptr, nullptr, nullptr),
        SQLITE_OK);
    sqlite3_close(db);
    auto const verified = server_.folder().run({"audit", "verify"});
    EXPECT_EQ(verified.exit_code, 1);
    EXPECT_NE(verified.out.find("audit_log: 2 rows good, then row 3 is broken"), std::string::npos) << verified.out;
    EXPECT_NE(verified.out.find("call_events: 0 rows good"), std::string::npos) << verified.out;
}

/// Whether the bytes stand in any file of the folder.
std::vector<std::string> files_with(std::filesystem::path const& folder, std::string const& marker)
{
    std::vector<std::string> out;
    for (auto const& file : std::filesystem::directory_iterator(folder)) {
        if (!file.is_regular_file()) continue;
        std::ifstream in(file.path(), std::ios::binary);
        std::string const bytes{std::istreambuf_iterator<char>(in), {}};
        if (bytes.find(marker) != std::string::npos) out.push_back(file.path().filename().string());
    }
    return out;
}

TEST_P(Audit, APersonIsExportedAndErasedSoThatNoFileKnowsThem)
{
    auto v = make_visit(server_);
    v.patient = "marked-person-77123";
    v.patient_token = server_.folder().token(v.patient, call::role::patient, {v.id});
    auto body = appointment_body(v);
    body["participants"] = {{{"userId", v.doctor}, {"role", "doctor"}, {"name", "Dr. Kept"}},
        {{"userId", v.patient}, {"role", "patient"}, {"name", "Zoraida Quintessa"}, {"locale", "xq-marker"}}};
    ASSERT_EQ(server_.book("PUT", v.path(), body).status, 201u);
    server_.book("POST", v.path("/invites"), {{"userId", v.patient}});
    {
        auto both = connect_pair(server_, v);
        peer day(server_);
        day.enter(v.patient_token);
        auto const exported = body_of(server_.rest("GET", "/api/subjects/" + v.patient, admin()));
        ASSERT_EQ(exported["appointments"].size(), 1u) << exported.dump();
        EXPECT_EQ(exported["appointments"][0]["name"], "Zoraida Quintessa");
        EXPECT_EQ(exported["calls"][0]["callId"], both.call_id);
        EXPECT_EQ(exported["invites"].size(), 1u);
        EXPECT_GE(exported["audit"].size(), 4u);
        EXPECT_EQ(exported.dump().find("Dr. Kept"), std::string::npos);
        EXPECT_EQ(exported.dump().find(v.doctor), std::string::npos);

        auto const erased = server_.rest("DELETE", "/api/subjects/" + v.patient, admin());
        ASSERT_EQ(erased.status, 200u) << erased.body;
        EXPECT_EQ(body_of(erased)["erased"]["subjectKey"], true);
        EXPECT_EQ(both.patient.closed(), 4104);
        EXPECT_EQ(day.closed(), 4104);
        // The room goes on for the others, and does not write the name again.
        EXPECT_EQ(both.doctor.ask("leave")["type"], "ok");
        // What the room has in memory of its last call goes with the last person in it.
        both.doctor.command("leave");
        EXPECT_EQ(both.doctor.closed(), 1000);
        EXPECT_EQ(server_.book("PUT", v.path(), {{"media", "audio"}}).status, 200u);
    }
    auto const read = server_.rest("GET", v.path(), v.doctor_token);
    EXPECT_EQ(read.body.find(v.patient), std::string::npos) << read.body;
    EXPECT_EQ(read.body.find("Zoraida"), std::string::npos) << read.body;
    EXPECT_EQ(server_.rest("GET", v.path(), v.patient_token).status, 404u) << "their token is worth nothing here";
    EXPECT_EQ(server_.rest("GET", "/api/subjects/" + v.patient, admin()).status, 404u);
    EXPECT_EQ(server_.rest("DELETE", "/api/subjects/" + v.patient, admin()).status, 404u);
    ASSERT_EQ(rows("?limit=1").size(), 1u) << "everything before is written";
    auto const copy = server_.folder().path() / "var" / "copy.db";
    ASSERT_EQ(server_.folder().run({"backup", copy.string()}).exit_code, 0);
    auto const none = std::vector<std::string>{};
    for (auto const* marker : {"marked-person-77123", "Zoraida", "xq-marker"})
        EXPECT_EQ(files_with(database().parent_path(), marker), none) << marker;
    EXPECT_FALSE(files_with(database().parent_path(), "Dr. Kept").empty());
    auto const verified = server_.folder().run({"audit", "verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out;
}

TEST_P(Audit, ThePersonIsErasedByACommandToo)
{
    auto const v = book_visit(server_);
    auto const exported = server_.folder().run({"subject", "export", "--user", v.patient});
    EXPECT_EQ(exported.exit_code, 0);
    EXPECT_EQ(json::parse(exported.out)["userId"], v.patient);
    auto const erased = server_.folder().run({"subject", "erase", "--user", v.patient});
    EXPECT_EQ(erased.exit_code, 0) << erased.err;
    EXPECT_EQ(json::parse(erased.out)["erased"]["participations"], 1);
    EXPECT_EQ(server_.folder().run({"subject", "erase", "--user", v.patient}).exit_code, 1);
    EXPECT_EQ(server_.folder().run({"subject", "erase", "--user", "a b"}).exit_code, 64);
    EXPECT_EQ(rows("?action=subject.erase")[0]["actorKind"], "operator");
}

} // namespace
} // namespace rendezvous::test
