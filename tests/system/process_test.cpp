#include "system_fixture.hpp"

#include "rendezvous/store/chain.hpp"

#include <sqlite3.h>

#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <sys/stat.h>

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;

class Process : public system_test {};

std::size_t count_lines(std::string const& text)
{
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// What `callEnded`, `activeCall` and answers have announced on that socket before it ended.
void collect_announced(peer& p, std::set<std::string>& into)
{
    p.closed();
    for (std::size_t i = 0; i < 1'000; ++i) {
        auto const message = p.next();
        if (message.is_null()) return;
        if (message.contains("call") && !message["call"].is_null()) into.insert(message["call"]["callId"]);
    }
}

/// Walks the hash chain of a database file.
store::chain_report walk_chain(std::filesystem::path const& file)
{
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    sqlite3_stmt* rows = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db,
                  "SELECT event_id, call_id, seq, at, type, participant_id, data, prev_hash, hash "
                  "FROM call_events ORDER BY event_id",
                  -1, &rows, nullptr),
        SQLITE_OK);
    auto const text = [&](int column) {
        auto const* found = reinterpret_cast<char const*>(sqlite3_column_text(rows, column));
        return std::string(found ? found : "");
    };
    store::chain_report report;
    while (sqlite3_step(rows) == SQLITE_ROW) {
        store::chain_row row;
        row.event_id = static_cast<std::uint64_t>(sqlite3_column_int64(rows, 0));
        row.call = base::call_id{text(1)};
        row.row.seq = static_cast<std::uint64_t>(sqlite3_column_int64(rows, 2));
        row.row.at = base::from_ms(sqlite3_column_int64(rows, 3));
        row.row.type = text(4);
        if (sqlite3_column_type(rows, 5) != SQLITE_NULL) row.row.participant = base::participant_id{text(5)};
        row.row.data = text(6);
        row.prev_hash = text(7);
        row.row.hash = text(8);
        if (!store::extend(report, row)) break;
    }
    sqlite3_finalize(rows);
    sqlite3_close(db);
    return report;
}

TEST_P(Process, KeepsEveryAnnouncedCallThroughAKill)
{
    running_server fragile(GetParam());
    std::vector<visit> visits;
    std::vector<peer> patients;
    std::vector<peer> doctors;
    for (int i = 0; i < 12; ++i) {
        visits.push_back(book_visit(fragile));
        patients.emplace_back(fragile);
        doctors.emplace_back(fragile);
        patients.back().enter(visits.back().patient_token, visits.back().id);
        doctors.back().enter(visits.back().doctor_token, visits.back().id);
    }
    // Some are answered, some ring, and some are being written when the power goes.
    std::set<std::string> announced;
    for (std::size_t i = 0; i < 4; ++i) {
        announced.insert(patients[i].ask("startCall")["call"]["callId"]);
        doctors[i].ask("joinCall");
    }
    for (std::size_t i = 4; i < 12; ++i) patients[i].command("startCall");
    announced.insert(patients[4].expect("ok")["call"]["callId"]);
    fragile.kill();
    for (auto& p : patients) collect_announced(p, announced);
    for (auto& p : doctors) collect_announced(p, announced);
    ASSERT_GE(announced.size(), 5u) << "four that ran and one that was answered";

    fragile.start();
    auto const key = fragile.api_key();
    for (auto const& id : announced) {
        auto const answer = fragile.rest("GET", "/api/calls/" + id, key);
        ASSERT_EQ(answer.status, 200u) << answer.body;
        auto const call = body_of(answer);
        EXPECT_NE(call["state"], "ended") << "it waits for its people";
    }
    auto const all = body_of(fragile.rest("GET", "/api/calls?limit=200", key));
    EXPECT_GE(all.size(), announced.size());
    peer back(fragile);
    EXPECT_EQ(back.enter(visits[0].patient_token, visits[0].id)["room"]["callStatus"], "active");
    EXPECT_EQ(back.ask("joinCall", {{"keep", true}})["reattached"], true);
    EXPECT_EQ(back.ask("endCall")["type"], "ok");
    EXPECT_EQ(back.ask("startCall")["joinedExisting"], false) << "a new call may follow";
    back.ask("endCall");

    auto const copy = fragile.folder().path() / "copy.db";
    auto const saved = fragile.folder().run({"backup", copy.string()});
    ASSERT_EQ(saved.exit_code, 0) << saved.err;
    auto const report = walk_chain(copy);
    EXPECT_FALSE(report.broken) << report.broken->what;
    EXPECT_GE(report.rows, all.size()) << "each began";
}

TEST_P(Process, SaysGoodbyeOnSigtermAndEndsInTime)
{
    running_server own(GetParam());
    auto const v = book_visit(own);
    auto two = connect_pair(own, v);
    peer day(own);
    day.enter(v.doctor_token);
    own.process().signal(SIGTERM);
    for (auto* p : {&two.doctor, &two.patient, &day}) {
        EXPECT_EQ(p->closed(), 4300);
        EXPECT_EQ(p->bye()["code"], 4300);
    }
    EXPECT_EQ(own.process().wait(6s).exit_code, 0);
    own.start();
    EXPECT_EQ(body_of(own.rest("GET", "/api/calls/" + two.call_id, own.api_key()))["state"], "active") << "it goes on";
}

TEST_P(Process, EndsInTimeWithSocketsThatReadNothing)
{
    running_server own(GetParam());
    auto const v = book_visit(own);
    peer deaf(own);
    deaf.enter(v.doctor_token, v.id);
    tls_client idle("127.0.0.1", own.port());
    tcp_client before_tls("127.0.0.1", own.port());
    own.process().signal(SIGTERM);
    EXPECT_EQ(own.process().wait(8s).exit_code, 0);
}

TEST_P(Process, WritesNoSecretAndNoContentIntoItsLog)
{
    running_server loud(GetParam(), {{"log", "level", "\"debug\""}});
    auto const v = make_visit(loud);
    auto const canary = [](std::string const& what) { return "CANARY" + what; };
    auto with_name = participant(v.patient, "patient");
    with_name["name"] = canary("NAME");
    loud.book("PUT", v.path(), appointment_body(v, {{"participants", {participant(v.doctor, "doctor"), with_name}}}));
    auto const invite = body_of(loud.book("POST", v.path("/invites"), {{"userId", v.patient}}));
    auto const redeemed =
        body_of(loud.rest("POST", "/api/invites/" + invite["code"].get<std::string>() + "/redeem", ""));
    loud.rest("POST", "/api/invites/" + canary("CODE") + "/redeem", "");
    loud.rest("GET", "/api/calls?" + canary("QUERY") + "=1", v.patient_token);
    loud.rest("GET", "/api/calls", canary("TOKEN"));
    loud.rest("PUT", v.path(), loud.api_key(), "{\"" + canary("BODY") + "\":");
    auto two = connect_pair(loud, v);
    two.doctor.send({{"type", "signal"}, {"data", {{"candidate", canary("CANDIDATE")}}}});
    two.patient.expect("signal");
    two.doctor.ask("leave");
    two.doctor.ask("joinCall", {{"offer", {{"type", "offer"}, {"sdp", canary("SDP")}}}});
    two.doctor.send({{"type", "signal"}, {"data", canary("DROPPED")}, {"to", "018f6b1e-7c7e-7000-8000-000000000000"}});
    two.doctor.socket().send_text("{" + canary("JUNK"));
    two.doctor.ask(canary("TYPE"));
    two.patient.ask("refresh", {{"token", canary("REFRESH")}});
    peer wrong(loud);
    wrong.command("register", {{"token", canary("REGISTER")}});
    wrong.closed();
    two.doctor.ask("endCall");
    two.doctor.socket().drop();
    two.patient.socket().drop();
    loud.process().signal(SIGTERM);
    auto const said = loud.process().wait().err;
    EXPECT_NE(said.find("request"), std::string::npos) << "it did log";
    EXPECT_NE(said.find("message_refused"), std::string::npos) << "down to debug";
    EXPECT_EQ(said.find("CANARY"), std::string::npos) << said.substr(said.find("CANARY") - 100, 200);
    for (auto const& secret : {v.patient_token, v.doctor_token, loud.api_key(), invite["code"].get<std::string>(),
             redeemed["token"].get<std::string>()})
        EXPECT_EQ(said.find(secret), std::string::npos);
}

RENDEZVOUS_SHARDS(Process);

// --- what does not depend on shards: configuration and commands ---

/// The one line that a bad configuration gets, on its own.
void expect_refused(server_folder const& folder, std::vector<std::string> const& parts)
{
    for (auto const* command : {"serve", "check-config"}) {
        auto const ended = folder.run({command});
        EXPECT_EQ(ended.exit_code, 78) << command << ended.err;
        EXPECT_EQ(count_lines(ended.err), 1u) << command << ": " << ended.err;
        EXPECT_TRUE(ended.out.empty()) << ended.out;
        EXPECT_NE(ended.err.find("rendezvous.toml"), std::string::npos) << ended.err;
        for (auto const& part : parts)
            EXPECT_NE(ended.err.find(part), std::string::npos) << part << " in " << ended.err;
    }
}

TEST(Configuration, WithAnUnknownKeyIsRefusedInOneLine)
{
    expect_refused(
        server_folder(1, {{"rooms", "hartbeat_ms", "100"}}), {"rooms.hartbeat_ms", "unknown", "heartbeat_ms"});
}

TEST(Configuration, WithAValueThatDoesNotFitIsRefusedInOneLine)
{
    expect_refused(server_folder(1, {{"limits", "json_depth_max", "\"deep\""}}), {"limits.json_depth_max"});
    expect_refused(server_folder(1, {{"limits", "json_depth_max", "1000"}}), {"limits.json_depth_max", "2 to 64"});
}

TEST(Configuration, WithoutItsCertificateIsRefusedInOneLine)
{
    expect_refused(server_folder(1, {{"tls", "certificate", "\"nowhere.pem\""}}), {"tls.certificate", "nowhere.pem"});
}

TEST(Configuration, ThatIsNoFileIsRefusedInOneLine)
{
    server_folder const folder;
    auto const ended = run_rendezvous({"serve", "--config", "nowhere.toml"}, folder.path());
    EXPECT_EQ(ended.exit_code, 78);
    EXPECT_EQ(count_lines(ended.err), 1u) << ended.err;
    EXPECT_NE(ended.err.find("nowhere.toml"), std::string::npos);
}

TEST(Commands, AreRefusedWith64WhenTheyAreNone)
{
    server_folder const folder;
    for (std::vector<std::string> const& words :
        std::vector<std::vector<std::string>>{{}, {"dance"}, {"serve"}, {"token", "--sub", "x"}})
        EXPECT_EQ(run_rendezvous(words, folder.path()).exit_code, 64);
    EXPECT_EQ(folder.run({"token", "--sub", "x", "--role", "king"}).exit_code, 64);
    EXPECT_EQ(folder.run({"check-config"}).exit_code, 0);
}

/// The lines that are neither log nor warning.
std::vector<std::string> plain_lines(std::string const& text)
{
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        if (!line.starts_with("warning: ") && !line.starts_with("20")) out.push_back(line);
    return out;
}

TEST(Commands, ServeFailsInOneLineOnABusyPort)
{
    running_server first;
    auto const busy = std::to_string(first.port());
    server_folder const second(1, {{"server", "listen", "[\"127.0.0.1:" + busy + "\"]"}});
    auto const ended = second.run({"serve"});
    EXPECT_EQ(ended.exit_code, 1);
    auto const lines = plain_lines(ended.err);
    ASSERT_EQ(lines.size(), 1u) << ended.err;
    EXPECT_NE(lines[0].find(busy), std::string::npos) << lines[0];
    EXPECT_EQ(first.rest("GET", "/healthz", "").status, 200u);
}

TEST(Commands, ServeRefusesADatabaseThatIsInUse)
{
    running_server first;
    auto const database = (first.folder().path() / "var/rendezvous.db").string();
    server_folder const second(1, {{"storage", "url", "\"sqlite:" + database + "\""}});
    auto const ended = second.run({"serve"});
    EXPECT_EQ(ended.exit_code, 1);
    auto const lines = plain_lines(ended.err);
    ASSERT_EQ(lines.size(), 1u) << ended.err;
    EXPECT_NE(lines[0].find("in use"), std::string::npos) << lines[0];
    EXPECT_EQ(first.rest("GET", "/readyz", "").status, 200u);
    EXPECT_EQ(first.folder().run({"api-key", "list"}).exit_code, 0) << "its control socket is still its own";
}

TEST(Commands, WorkWithoutARunningService)
{
    server_folder const folder;
    EXPECT_EQ(folder.run({"migrate"}).exit_code, 0);
    auto const key = folder.run({"api-key", "create", "--name", "a"});
    EXPECT_EQ(key.exit_code, 0) << key.err;
    EXPECT_EQ(count_lines(key.out), 1u);
    EXPECT_TRUE(key.out.starts_with("rk_")) << key.out;
    EXPECT_NE(folder.run({"api-key", "list"}).out.find("a\t"), std::string::npos);
    EXPECT_EQ(folder.run({"api-key", "revoke", "--name", "a"}).exit_code, 0);
    EXPECT_NE(folder.run({"api-key", "list"}).out.find("revoked"), std::string::npos);
    EXPECT_EQ(folder.run({"appointment", "create", "--id", "x", "--doctor", "d", "--patient", "p"}).exit_code, 0);
    auto const copy = folder.path() / "copy.db";
    EXPECT_EQ(folder.run({"backup", copy.string()}).exit_code, 0);
    EXPECT_TRUE(std::filesystem::exists(copy));
}

TEST(Commands, GoThroughTheControlSocketWhileTheServiceRuns)
{
    running_server running;
    struct stat status {};
    ASSERT_EQ(::stat((running.folder().path() / "var/control.sock").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    auto const made = running.folder().run({"appointment", "create", "--id", "from-the-desk", "--doctor", "d1",
        "--doctor-name", "Dr. One", "--patient", "p1", "--minutes", "45"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    ASSERT_EQ(count_lines(made.out), 2u) << made.out;
    auto const hash = made.out.find("/join#");
    ASSERT_NE(hash, std::string::npos) << made.out;
    auto const code = made.out.substr(hash + 6, made.out.find('\n', hash) - hash - 6);
    auto const redeemed = running.rest("POST", "/api/invites/" + code + "/redeem", "");
    ASSERT_EQ(redeemed.status, 200u) << redeemed.body;
    EXPECT_EQ(body_of(redeemed)["appointmentId"], "from-the-desk");
    auto const mark = made.out.find("#token=");
    auto const doctor = made.out.substr(mark + 7, made.out.find('\n') - mark - 7);
    EXPECT_EQ(running.rest("POST", "/api/appointments/from-the-desk/start-call", doctor).status, 201u);
    auto const copy = running.folder().path() / "copy.db";
    EXPECT_EQ(running.folder().run({"backup", copy.string()}).exit_code, 0);
    EXPECT_FALSE(walk_chain(copy).broken);
    EXPECT_GE(walk_chain(copy).rows, 1u);
}

TEST(Commands, TokenPrintsATokenAndNothingElse)
{
    running_server running;
    auto const v = book_visit(running);
    auto const made = running.folder().run(
        {"token", "--sub", v.patient, "--role", "patient", "--name", "P", "--appointment", v.id, "--ttl", "60"});
    EXPECT_EQ(made.exit_code, 0);
    EXPECT_TRUE(made.err.empty()) << made.err;
    EXPECT_EQ(count_lines(made.out), 1u);
    auto const token = made.out.substr(0, made.out.size() - 1);
    EXPECT_EQ(token.find_first_of(" \n"), std::string::npos);
    EXPECT_EQ(running.rest("GET", v.path(), token).status, 200u);
    auto const key_file = running.folder().path() / "var/rendezvous.key";
    EXPECT_EQ(std::filesystem::status(key_file).permissions(),
        std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(Commands, DemoPrintsThreeLinksThatWork)
{
    server_folder const folder; // for its free ports
    child_process::environment const ports{{"RENDEZVOUS__SERVER__LISTEN", "127.0.0.1:" + std::to_string(folder.port())},
        {"RENDEZVOUS__SERVER__WEBSOCKET_LISTEN", "127.0.0.1:" + std::to_string(folder.websocket_port())}};
    child_process demo({RENDEZVOUS_BINARY, "demo"}, folder.path(), ports);
    ASSERT_TRUE(demo.waits_for_out("admin: ")) << demo.err();
    https_client http("127.0.0.1", folder.port());
    demo.waits_for_out("\nadmin: https://localhost:" + std::to_string(folder.port()) + "/admin#token=");
    auto const out = demo.out();
    auto const part = [&](std::string const& begin) {
        auto const at = out.find(begin);
        EXPECT_NE(at, std::string::npos) << begin << " in " << out;
        return out.substr(at + begin.size(), out.find('\n', at) - at - begin.size());
    };
    auto const url = "https://localhost:" + std::to_string(folder.port());
    auto const doctor = part("doctor: " + url + "/appointments#token=");
    auto const code = part("patient: " + url + "/join#");
    EXPECT_EQ(http.get("/appointments").status, 200u);
    EXPECT_EQ(http.get("/join").status, 200u);
    EXPECT_EQ(http.get("/admin").status, 200u);
    auto const redeemed = http.request("POST", "/api/invites/" + code + "/redeem");
    ASSERT_EQ(redeemed.status, 200u) << redeemed.body;
    auto const token = body_of(redeemed).at("token").get<std::string>();
    EXPECT_EQ(
        http.request("POST", "/api/appointments/demo/start-call", {{"Authorization", "Bearer " + token}}).status, 201u);
    EXPECT_EQ(
        http.request("POST", "/api/appointments/demo/join-call", {{"Authorization", "Bearer " + doctor}}).status, 200u);
    demo.signal(SIGTERM);
    auto const ended = demo.wait();
    EXPECT_EQ(ended.exit_code, 0);
    EXPECT_EQ(count_lines(ended.out), 3u) << ended.out;
    auto const admin = ended.out.find("admin: " + url + "/admin#token=");
    EXPECT_NE(admin, std::string::npos);
}

} // namespace
} // namespace rendezvous::test
