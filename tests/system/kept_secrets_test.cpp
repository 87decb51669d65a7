// What is told in confidence stands in no log line and in no file: a whole story is played with
// marked words, at the log level that says most, and then everything is searched for them.

#include "system_fixture.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace rendezvous::test {
namespace {

using std::string;

/// A marked word, and whether the data model keeps it.
struct canary {
    string what;
    string text;
    bool in_database = false;
};

string content_of(std::filesystem::path const& file)
{
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A file that only its owner may read, gone with the object.
class secret_file {
public:
    explicit secret_file(string const& text)
    {
        int const fd = ::mkstemp(path_.data());
        if (fd < 0 || ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
            throw std::runtime_error("no file for a secret");
        ::close(fd);
    }
    ~secret_file() { ::unlink(path_.c_str()); }
    secret_file(secret_file const&) = delete;
    secret_file& operator=(secret_file const&) = delete;
    string const& path() const { return path_; }

private:
    string path_ = (std::filesystem::temp_directory_path() / "rendezvous-secret-XXXXXX").string();
};

/// The two parts of a token that must not be seen.
void add_token(std::vector<canary>& canaries, string const& what, string const& token)
{
    auto const first = token.find('.');
    auto const second = token.rfind('.');
    canaries.push_back({"the claims of " + what, token.substr(first + 1, second - first - 1)});
    canaries.push_back({"the signature of " + what, token.substr(second + 1)});
}

class KeptSecrets : public ::testing::TestWithParam<char const*> {
protected:
    KeptSecrets()
        : server_(2,
            {{"log", "level", "\"debug\""}, {"log", "format", '"' + string(GetParam()) + '"'},
                {"turn", "uris", R"(["turn:turn.test:3478"])"}, {"turn", "secret_file", '"' + turn_file_.path() + '"'}})
    {}

    void tell_story();
    void register_people(visit const& v);
    void knock_wrongly(visit const& v);
    void invite_somebody(visit const& v);

    string const turn_secret_ = "canary-turn-secret-0123456789abcdef";
    secret_file turn_file_{turn_secret_};
    running_server server_;
    std::vector<canary> canaries_;
};

constexpr char const* sdp = "v=0 canary-session-description a=ice-pwd:canarypassword";
constexpr char const* candidate = "candidate:1 1 udp 2122260223 203.0.113.177 50007 typ host ufrag canaryufrag";
constexpr char const* odd_name = "Canary\nI serving forged=1\r\n\x1b[31mRed Name";

void KeptSecrets::register_people(visit const& v)
{
    peer doctor(server_, "/ws", {{"User-Agent", "canary-user-agent"}, {"Cookie", "session=canary-cookie"}});
    peer patient(server_);
    auto const entered = doctor.enter(v.doctor_token, v.id);
    ASSERT_EQ(entered["type"], "registered") << entered;
    patient.enter(v.patient_token, v.id);
    canaries_.push_back({"a resume key", entered["resumeKey"]});
    ASSERT_EQ(entered["iceServers"].size(), 1U) << entered;
    canaries_.push_back({"a TURN credential", entered["iceServers"][0]["credential"]});
    auto const call_id = patient.ask("startCall", {{"offer", {{"type", "offer"}, {"sdp", sdp}}}})["call"]["callId"];
    doctor.ask("joinCall", {{"callId", call_id}, {"offer", {{"type", "offer"}, {"sdp", sdp}}}});
    doctor.send({{"type", "signal"}, {"id", "canary-command-id"}, {"data", {{"candidate", candidate}}}});
    patient.expect("signal");
    patient.ask("signal", {{"to", "canary-nobody"}, {"data", {{"description", {{"sdp", sdp}}}}}});
    doctor.socket().send_text(R"({"type":"canary-type","id":"1","text":"canary-unknown-message"})");
    doctor.socket().send_text(R"({"type":"signal","data":"canary-broken)");
    doctor.ask("mediaState", {{"audio", true}, {"video", true}, {"screen", false}, {"connection", "up"}});
    doctor.ask("refresh", {{"token", "canary.refresh.token"}});
    auto const resumed = peer(server_).enter(v.doctor_token, v.id,
        {{"resume", {{"sessionId", entered["sessionId"]}, {"resumeKey", "canary-wrong-resume-key"}, {"lastSeq", 0}}}});
    ASSERT_EQ(resumed["type"], "registered") << resumed;
    canaries_.push_back({"another resume key", resumed["resumeKey"]});
    doctor.ask("endCall");
}

void KeptSecrets::knock_wrongly(visit const& v)
{
    // The account names who tried: an id is no secret, and it may stand in the database.
    auto const foreign = server_.folder().token("stranger", call::role::doctor);
    auto const late =
        server_.folder().token(v.doctor, call::role::doctor, {}, std::chrono::seconds{10}, std::chrono::hours{9});
    add_token(canaries_, "the token of a stranger", foreign);
    add_token(canaries_, "a late token", late);
    for (auto const& token : {foreign, late, string("canary-no-token"), foreign + "x"}) {
        peer p(server_);
        p.enter(token, v.id);
        p.closed();
        server_.rest("GET", v.path(), token);
    }
    ws_client::refusal("127.0.0.1", server_.port(), "/ws?token=canary-query-token");
    ws_client::refusal("127.0.0.1", server_.port(), "/ws", {{"Origin", "https://canary-origin.example"}});
    for (auto const* path :
        {"/canary-path", "/canary%0d%0aI%20forged=1", "/%1b%5b31mcanary-red", "/api/appointments/canary'--",
            "/api/calls?userId=canary-query", "/api/calls?canary-parameter=1", "/join/canary-page#x"})
        server_.rest("GET", path, server_.api_key());
    server_.rest("PUT", v.path(), server_.api_key(), R"({"participants":"canary-bad-body"})");
    server_.rest("PUT", v.path(), server_.api_key(), "canary-no-json");
    server_.rest("GET", v.path(), "", "", {{"Authorization", "Basic canary-basic"}});
}

void KeptSecrets::invite_somebody(visit const& v)
{
    auto const made = body_of(server_.book("POST", v.path("/invites"), {{"userId", v.patient}}));
    ASSERT_TRUE(made.contains("code")) << made;
    auto const code = made["code"].get<string>();
    canaries_.push_back({"an invite code", code});
    auto const redeemed = body_of(server_.rest("POST", "/api/invites/" + code + "/redeem", "", "{}"));
    ASSERT_TRUE(redeemed.contains("token")) << redeemed;
    add_token(canaries_, "the token of an invite", redeemed["token"]);
    server_.rest("POST", "/api/invites/canary-wrong-code/redeem", "", "{}");
    peer guest(server_);
    EXPECT_EQ(guest.enter(redeemed["token"], v.id)["type"], "registered");
}

void KeptSecrets::tell_story()
{
    auto v = make_visit(server_);
    auto const named = [](string const& user, string const& role, string const& name) {
        return json{{"userId", user}, {"role", role}, {"name", name}};
    };
    server_.book("PUT", v.path(), appointment_body(v, {{"participants", {named(v.doctor, "doctor", odd_name)}}}));
    auto const booked = server_.book("PUT", v.path(),
        appointment_body(v, {{"participants", {named(v.doctor, "doctor", "Canary Doctorname"),
                                                  named(v.patient, "patient", "Canary Patientname")}}}));
    ASSERT_EQ(booked.status, 201U) << booked.body << "; names with line ends are refused";
    add_token(canaries_, "the doctor's token", v.doctor_token);
    add_token(canaries_, "the patient's token", v.patient_token);
    // The prefix of a key is kept to recognise it.
    canaries_.push_back({"the API key", server_.api_key().substr(server_.api_key().size() - 24)});
    canaries_.push_back({"the TURN secret", turn_secret_});
    canaries_.push_back({"the address of a candidate", "203.0.113.177"});
    canaries_.push_back({"a name", "Canary Doctorname", true});
    canaries_.push_back({"a name", "Canary Patientname", true});
    canaries_.push_back({"anything else that is marked", "canary"});
    register_people(v);
    knock_wrongly(v);
    invite_somebody(v);
}

/// One event per line, whatever was sent: `forged` lines would look otherwise.
void expect_whole_lines(string const& log, bool as_json)
{
    std::regex const text_line(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [DIWEC] [a-z_]+( .*)?)");
    std::istringstream lines(log);
    std::size_t count = 0;
    for (string line; std::getline(lines, line); ++count) {
        if (as_json) {
            EXPECT_TRUE(json::parse(line, nullptr, false).contains("event")) << line;
        } else {
            EXPECT_TRUE(std::regex_match(line, text_line)) << line;
        }
        EXPECT_EQ(line.find('\x1b'), string::npos) << line;
        EXPECT_EQ(line.find("forged"), string::npos) << line;
    }
    EXPECT_GT(count, 20U) << "it says something";
}

TEST_P(KeptSecrets, StandInNoLogLineAndNoFile)
{
    ASSERT_NO_FATAL_FAILURE(tell_story());
    server_.process().signal(SIGTERM);
    auto const ended = server_.process().wait();
    EXPECT_EQ(ended.exit_code, 0);
    auto const log = ended.out + ended.err;
    expect_whole_lines(log, string(GetParam()) == "json");
    for (auto const* said : {"token_refused", "register_refused", "message_refused"})
        EXPECT_NE(log.find(said), string::npos) << said << ": the story was told";
    for (auto const& c : canaries_) EXPECT_EQ(log.find(c.text), string::npos) << c.what << " is in the log";

    std::size_t files = 0;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(server_.folder().path() / "var")) {
        if (!entry.is_regular_file()) continue;
        auto const bytes = content_of(entry.path());
        if (bytes.starts_with("SQLite format")) ++files;
        for (auto const& c : canaries_) {
            if (c.in_database) continue;
            auto const at = bytes.find(c.text);
            EXPECT_EQ(at, string::npos) << c.what << " is in " << entry.path().filename() << ": "
                                        << (at == string::npos ? "" : bytes.substr(at, 60));
        }
    }
    EXPECT_GE(files, 1U) << "there is a database";
}

std::string format_name(::testing::TestParamInfo<char const*> const& info)
{
    return info.param;
}

INSTANTIATE_TEST_SUITE_P(Formats, KeptSecrets, ::testing::Values("text", "json"), format_name);

} // namespace
} // namespace rendezvous::test
