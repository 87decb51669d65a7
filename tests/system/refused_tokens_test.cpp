// Tokens that are forged, foreign or late, over real sockets and REST: always the same answer, and
// nothing is fetched to find out.

#include "system_fixture.hpp"

#include "rendezvous/auth/hash.hpp"
#include "rendezvous/base/clock.hpp"
#include "rendezvous/base/ids.hpp"

#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <poll.h>
#include <set>
#include <sys/socket.h>
#include <unistd.h>

namespace rendezvous::test {
namespace {

using std::string;

/// A port that nobody should knock at.
class silent_listener {
public:
    silent_listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        if (::bind(fd_, any, size) != 0 || ::listen(fd_, 16) != 0 || ::getsockname(fd_, any, &size) != 0)
            throw std::runtime_error("cannot listen");
        port_ = ntohs(address.sin_port);
    }
    ~silent_listener() { ::close(fd_); }
    silent_listener(silent_listener const&) = delete;
    silent_listener& operator=(silent_listener const&) = delete;

    string url(string const& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
    bool was_called() const
    {
        pollfd entry{fd_, POLLIN, 0};
        return ::poll(&entry, 1, 0) > 0;
    }

private:
    int fd_;
    std::uint16_t port_ = 0;
};

/// Signs whatever it is given with the secret of the booking system.
class forger {
public:
    explicit forger(running_server& server, visit const& v) : v_(v)
    {
        std::ifstream file(server.folder().path() / "booking.secret");
        secret_.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }

    static json header(json const& more = json::object())
    {
        json out{{"alg", "HS256"}, {"typ", "JWT"}};
        out.update(more);
        return out;
    }
    json claims(json const& more = json::object()) const
    {
        json out{{"iss", "https://booking.test"}, {"aud", "rendezvous"}, {"sub", v_.doctor}, {"role", "doctor"},
            {"exp", seconds() + 900}};
        out.update(more);
        return out;
    }
    string sign(json const& head, json const& payload) const { return sign(head.dump(), payload.dump(), secret_); }
    static string sign(string const& head, string const& payload, string const& key)
    {
        auto const input = base::base64url(head) + "." + base::base64url(payload);
        return input + "." + base::base64url(auth::hmac_sha256(key, input));
    }
    string with_header(json const& more) const { return sign(header(more), claims()); }
    string with_claims(json const& more) const { return sign(header(), claims(more)); }
    static std::int64_t seconds()
    {
        auto const utc = base::system_clock{}.now().utc.time_since_epoch();
        return std::chrono::duration_cast<std::chrono::seconds>(utc).count();
    }

private:
    visit const& v_;
    string secret_;
};

struct attempt {
    string what;
    string token;
};

std::vector<attempt> forgeries(forger const& f, silent_listener const& outside)
{
    auto const good = f.with_claims(json::object());
    auto const unsigned_part = good.substr(0, good.rfind('.') + 1);
    return {
        {"nothing", ""},
        {"a word", "token"},
        {"no signature", unsigned_part},
        {"a signature cut short", good.substr(0, good.size() - 2)},
        {"a dot too many", good + "."},
        {"padded", good + "="},
        {"alg none", f.sign({{"alg", "none"}}, f.claims())},
        {"alg none, unsigned", base::base64url(R"({"alg":"none"})") + "." + base::base64url(f.claims().dump()) + "."},
        {"alg nOnE, unsigned", base::base64url(R"({"alg":"nOnE"})") + "." + base::base64url(f.claims().dump()) + "."},
        {"alg missing", f.sign({{"typ", "JWT"}}, f.claims())},
        {"alg HS384", f.with_header({{"alg", "HS384"}})},
        {"alg RS256", f.with_header({{"alg", "RS256"}})},
        {"alg twice", forger::sign(R"({"alg":"none","alg":"HS256"})", f.claims().dump(), "x")},
        {"another key", forger::sign(forger::header().dump(), f.claims().dump(), string(32, 'k'))},
        {"the empty key", forger::sign(forger::header().dump(), f.claims().dump(), "")},
        {"crit", f.with_header({{"crit", {"exp"}}})},
        {"a key of its own", f.with_header({{"jwk", {{"kty", "oct"}, {"k", "AAAA"}}}})},
        {"keys to be fetched", f.with_header({{"jku", outside.url("/keys")}})},
        {"a certificate to be fetched", f.with_header({{"x5u", outside.url("/cert")}})},
        {"an issuer to be asked", f.with_claims({{"iss", outside.url("")}})},
        {"a key id that is a file", f.with_header({{"kid", "../../dev/null"}})},
        {"a key id that is an address", f.with_header({{"kid", outside.url("/kid")}})},
        {"a token in the token", f.with_header({{"cty", "JWT"}})},
        {"a token of another kind", f.with_header({{"typ", "refresh+jwt"}})},
        {"another audience", f.with_claims({{"aud", "billing"}})},
        {"another issuer", f.with_claims({{"iss", "https://booking.test/"}})},
        {"an unknown role", f.with_claims({{"role", "root"}})},
        {"a subject with NUL", f.with_claims({{"sub", string("a\0b", 3)}})},
        {"an end that is text", f.with_claims({{"exp", "never"}})},
        {"an end in 30 years", f.with_claims({{"exp", forger::seconds() + 946'080'000}})},
        {"not before an hour from now", f.with_claims({{"nbf", forger::seconds() + 3'600}})},
        {"issued an hour from now", f.with_claims({{"iat", forger::seconds() + 3'600}})},
        {"4 KiB and more", f.with_claims({{"pad", string(3'100, 'x')}})},
    };
}

class RefusedTokens : public system_test {};

TEST_P(RefusedTokens, GetTheSameAnswerWhateverIsWrong)
{
    auto const v = book_visit(server());
    silent_listener const outside;
    forger const f(server(), v);
    peer good(server());
    ASSERT_EQ(good.enter(f.with_claims(json::object()), v.id)["type"], "registered") << "what is varied below is good";

    std::set<string> said;
    std::set<string> said_by_rest;
    for (auto const& [what, token] : forgeries(f, outside)) {
        peer p(server());
        if (token.size() <= 4'096) {
            auto answer = p.enter(token); // of no appointment: one that is knocked at so often is guarded
            EXPECT_EQ(answer["code"], "unauthenticated") << what << answer;
            EXPECT_EQ(p.closed(), 4422) << what;
            EXPECT_EQ(p.bye()["code"], 4422) << what;
            answer.erase("re");
            said.insert(answer.dump());
        } else {
            p.enter(token);
            EXPECT_EQ(p.closed(), 4400) << what << ": no field of `register` is that long";
        }
        if (token.find('\n') != string::npos || token.empty()) continue;
        auto const answer = server().rest("GET", "/api/calls", token);
        EXPECT_EQ(answer.status, 401U) << what;
        auto problem = body_of(answer);
        problem.erase("requestId");
        said_by_rest.insert(problem.dump());
    }
    EXPECT_EQ(said.size(), 1U) << "the answer does not say what was wrong";
    EXPECT_EQ(said_by_rest.size(), 1U);
    EXPECT_FALSE(outside.was_called());
    EXPECT_EQ(good.ask("ice")["type"], "ok");
}

TEST_P(RefusedTokens, ThatAreGoodButNotForThisAreToldSo)
{
    auto const v = book_visit(server());
    auto const other = book_visit(server());
    forger const f(server(), v);
    struct row {
        string what;
        string token;
        string code;
        std::uint16_t close_code;
    };
    auto const patient = [&](json more) {
        more.update({{"role", "patient"}, {"sub", more.value("sub", v.patient)}});
        return f.with_claims(more);
    };
    for (auto const& [what, token, code, close_code] :
        std::vector<row>{
            {"ended a minute and a second ago", f.with_claims({{"exp", forger::seconds() - 61}}), "token-expired",
                4200},
            {"ended a day ago", f.with_claims({{"exp", forger::seconds() - 86'400}}), "token-expired", 4200},
            {"a stranger", f.with_claims({{"sub", "stranger"}}), "not-found", 4403},
            {"the doctor of another visit", f.with_claims({{"sub", other.doctor}}), "not-found", 4403},
            {"the patient as doctor", f.with_claims({{"sub", v.patient}}), "forbidden", 4403},
            {"the doctor as admin", f.with_claims({{"role", "admin"}}), "forbidden", 4403},
            {"an admin who is not listed", f.with_claims({{"role", "admin"}, {"sub", "boss"}}), "not-found", 4403},
            {"a patient whose token names nothing", patient(json::object()), "not-found", 4403},
            {"a patient whose token names another", patient({{"appointment", other.id}}), "not-found", 4403},
            {"a patient with a prefix of the name", patient({{"appointment", v.id.substr(0, v.id.size() - 1)}}),
                "not-found", 4403},
            {"a patient whose token names an empty list", patient({{"appointment", json::array()}}), "not-found", 4403},
            {"a doctor whose token is for another visit", f.with_claims({{"appointment", other.id}}), "not-found",
                4403},
        }) {
        peer p(server());
        EXPECT_EQ(p.enter(token, v.id)["code"], code) << what;
        EXPECT_EQ(p.closed(), close_code) << what;
    }
}

/// A socket that is inside does not become somebody else by `refresh`.
TEST_P(RefusedTokens, DoNotRefreshASocket)
{
    auto const v = book_visit(server());
    silent_listener const outside;
    forger const f(server(), v);
    peer doctor(server());
    ASSERT_EQ(doctor.enter(v.doctor_token, v.id)["type"], "registered");
    for (auto const& [what, token] : forgeries(f, outside)) {
        auto const code = doctor.ask("refresh", {{"token", token}})["code"];
        EXPECT_EQ(code, token.size() > 4'096 ? "bad-field" : "unauthenticated") << what;
    }
    EXPECT_EQ(doctor.ask("refresh", {{"token", v.patient_token}})["code"], "forbidden");
    EXPECT_EQ(doctor.ask("refresh", {{"token", f.with_claims({{"role", "admin"}})}})["code"], "forbidden");
    EXPECT_EQ(doctor.ask("refresh", {{"token", f.with_claims({{"appointment", "elsewhere"}})}})["code"], "forbidden");
    EXPECT_EQ(
        doctor.ask("refresh", {{"token", f.with_claims({{"exp", forger::seconds() - 61}})}})["code"], "token-expired");
    EXPECT_EQ(doctor.ask("refresh", {{"token", f.with_claims(json::object())}})["type"], "ok")
        << "the socket lives through all that";
}

RENDEZVOUS_SHARDS(RefusedTokens);

} // namespace
} // namespace rendezvous::test
