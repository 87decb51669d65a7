#include "key_server.hpp"
#include "support/key_pair.hpp"
#include "system_fixture.hpp"

#include <csignal>
#include <fstream>

// Rights that are given and taken back while everything runs: tokens, PINs, scopes, keys of issuers.

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

class Credentials : public system_test {
protected:
    /// A token of the server's own for somebody of that visit.
    json mint(std::string const& user, std::string const& role, visit const& v, json more = json::object())
    {
        json body{{"sub", user}, {"role", role}, {"appointment", v.id}};
        body.update(more);
        auto const made = server().book("POST", "/api/tokens", body);
        EXPECT_EQ(made.status, 201u) << made.body;
        return body_of(made);
    }
    unsigned read_status(visit const& v, std::string const& token)
    {
        return server().rest("GET", v.path(), token).status;
    }
    http_answer redeem(std::string const& code, json const& body = json::object())
    {
        return server().rest("POST", "/api/invites/" + code + "/redeem", "", body.dump());
    }
    std::string key_with(std::string const& scope)
    {
        auto const made = server().folder().run({"api-key", "create", "--name", "scoped", "--scope", scope});
        EXPECT_EQ(made.exit_code, 0) << made.err;
        return made.out.substr(0, made.out.find('\n'));
    }
};
RENDEZVOUS_SHARDS(Credentials);

TEST_P(Credentials, MintedTokensEnterAndSayWhenTheyEnd)
{
    auto const v = book_visit(server());
    auto const made = mint(v.patient, "patient", v, {{"name", "Ann"}, {"ttlS", 600}});
    EXPECT_EQ(made["jti"].get<std::string>().size(), 36u);
    peer inside(server());
    EXPECT_EQ(inside.enter(made["token"], v.id)["type"], "registered");
    auto const bad = [&](json const& body) { return server().book("POST", "/api/tokens", body); };
    auto const pointers = [&](json const& body) {
        auto const got = bad(body);
        EXPECT_EQ(got.status, 422u) << got.body;
        std::string out;
        auto const problem = body_of(got);
        for (auto const& e : problem["errors"]) out += e["pointer"].get<std::string>() + " ";
        return out;
    };
    EXPECT_EQ(pointers({{"sub", "p"}, {"role", "patient"}}), "/appointment ");
    EXPECT_EQ(pointers({{"sub", "p"}, {"role", "guest"}, {"appointment", json::array()}}), "/appointment ");
    EXPECT_EQ(pointers({{"sub", "p q"}, {"role", "surgeon"}, {"ttlS", 43'201}, {"x", 1}}), "/sub /role /ttlS /x ");
    EXPECT_EQ(pointers({{"sub", "p"}, {"role", "doctor"}, {"appointment", {"a", "b/c"}}}), "/appointment/1 ");
    EXPECT_EQ(bad({{"sub", "dr"}, {"role", "doctor"}, {"ttlS", 43'200}}).status, 201u);
    EXPECT_EQ(server().rest("POST", "/api/tokens", v.doctor_token, R"({"sub":"x","role":"admin"})").status, 403u);
    EXPECT_EQ(server().rest("POST", "/api/tokens", admin_token(), R"({"sub":"x","role":"admin"})").status, 403u);
}

TEST_P(Credentials, RevokedTokensLoseTheirSocketWithinASecondAndAllTheirRights)
{
    auto const v = book_visit(server());
    auto const made = mint(v.patient, "patient", v);
    auto const other = mint(v.patient, "patient", v);
    auto call = connect_pair(server(), v);
    peer inside(server());
    ASSERT_EQ(inside.enter(made["token"], v.id)["type"], "registered");
    EXPECT_EQ(read_status(v, made["token"]), 200u);
    auto const begin = steady::now();
    auto const path = "/api/tokens/" + made["jti"].get<std::string>();
    EXPECT_EQ(server().rest("DELETE", path, server().api_key()).status, 204u);
    EXPECT_EQ(inside.closed(), 4201);
    EXPECT_LT(steady::now() - begin, 1s);
    EXPECT_EQ(inside.bye()["code"], 4201);
    EXPECT_EQ(read_status(v, made["token"]), 401u);
    EXPECT_EQ(read_status(v, other["token"]), 200u) << "another token of the same person";
    EXPECT_EQ(call.patient.ask("ice")["type"], "ok") << "and their other socket";
    peer again(server());
    EXPECT_EQ(again.enter(made["token"], v.id)["type"], "error");
    EXPECT_EQ(again.closed(), 4201);
    EXPECT_EQ(server().rest("DELETE", path, server().api_key()).status, 204u) << "twice is as good";
    EXPECT_EQ(server().rest("DELETE", path, v.doctor_token).status, 403u);
}

TEST_P(Credentials, RevokingAPersonEndsAllOfTheirTokensUntilTheNext)
{
    auto const v = book_visit(server());
    auto const made = mint(v.patient, "patient", v);
    auto call = connect_pair(server(), v);
    auto const begin = steady::now();
    auto const done = server().book("POST", "/api/tokens/revoke", {{"sub", v.patient}});
    EXPECT_EQ(done.status, 204u) << done.body;
    EXPECT_EQ(call.patient.closed(), 4201) << "seated, and with a token of the booking system";
    EXPECT_LT(steady::now() - begin, 1s);
    EXPECT_EQ(read_status(v, made["token"]), 401u);
    EXPECT_EQ(read_status(v, v.patient_token), 401u);
    EXPECT_EQ(read_status(v, v.doctor_token), 200u);
    EXPECT_EQ(call.doctor.ask("ice")["type"], "ok");
    auto const fresh = mint(v.patient, "patient", v);
    EXPECT_EQ(read_status(v, fresh["token"]), 200u) << "given in the same second";
    peer back(server());
    EXPECT_EQ(back.enter(fresh["token"], v.id)["type"], "registered");
    EXPECT_EQ(code_of(server().book("POST", "/api/tokens/revoke", json::object())), "validation");
}

TEST_P(Credentials, RevocationsOutliveTheProcess)
{
    running_server own(GetParam());
    auto const v = book_visit(own);
    EXPECT_EQ(own.book("POST", "/api/tokens/revoke", {{"sub", v.patient}}).status, 204u);
    own.kill();
    own.start();
    EXPECT_EQ(own.rest("GET", v.path(), v.patient_token).status, 401u);
    EXPECT_EQ(own.rest("GET", v.path(), v.doctor_token).status, 200u);
}

TEST_P(Credentials, TokensAreRenewedByTheirHolderButNotForEver)
{
    auto const v = book_visit(server());
    auto const made = mint(v.patient, "patient", v, {{"ttlS", 60}});
    auto const renewed = server().rest("POST", "/api/tokens/renew", made["token"]);
    ASSERT_EQ(renewed.status, 201u) << renewed.body;
    auto const fresh = body_of(renewed);
    EXPECT_NE(fresh["jti"], made["jti"]);
    EXPECT_GT(fresh["expiresAt"].get<std::string>(), made["expiresAt"].get<std::string>());
    EXPECT_EQ(read_status(v, fresh["token"]), 200u);
    EXPECT_EQ(code_of(server().rest("POST", "/api/tokens/renew", v.patient_token)), "forbidden")
        << "of the booking system, which renews its own";
    EXPECT_EQ(server().rest("POST", "/api/tokens/renew", server().api_key()).status, 403u);
    EXPECT_EQ(server().rest("POST", "/api/tokens/renew", "").status, 401u);
}

TEST_P(Credentials, WrongPinsLockAnInvitationUntilItIsSentAnew)
{
    auto const v = book_visit(server());
    auto const made = body_of(server().book("POST", v.path("/invites"), {{"userId", v.patient}, {"pin", "2468"}}));
    auto const code = made["code"].get<std::string>();
    auto const asked = redeem(code);
    EXPECT_EQ(code_of(asked), "forbidden") << "no PIN";
    EXPECT_EQ(body_of(asked)["triesLeft"], 5);
    for (int left : {4, 3, 2, 1, 0}) {
        auto const wrong = redeem(code, {{"pin", "1357"}});
        EXPECT_EQ(code_of(wrong), "forbidden");
        EXPECT_EQ(body_of(wrong)["triesLeft"], left);
        EXPECT_EQ(body_of(wrong)["locked"], left == 0);
    }
    auto const sixth = redeem(code, {{"pin", "2468"}});
    EXPECT_EQ(code_of(sixth), "forbidden") << "the right one comes too late";
    EXPECT_EQ(body_of(sixth)["locked"], true);
    auto const list = [&] { return body_of(server().rest("GET", v.path("/invites"), server().api_key())); };
    EXPECT_EQ(list()[0]["status"], "locked");

    auto const resend = v.path("/invites/" + made["inviteId"].get<std::string>() + "/resend");
    auto const sent = server().rest("POST", resend, server().api_key());
    ASSERT_EQ(sent.status, 200u) << sent.body;
    auto const fresh = body_of(sent);
    EXPECT_EQ(fresh["inviteId"], made["inviteId"]);
    EXPECT_NE(fresh["code"], code);
    EXPECT_EQ(redeem(code, {{"pin", "2468"}}).status, 404u) << "the old code is dead";
    EXPECT_EQ(list()[0]["status"], "pending");
    auto const good = redeem(fresh["code"], {{"pin", "2468"}});
    ASSERT_EQ(good.status, 200u) << good.body;
    EXPECT_EQ(read_status(v, body_of(good)["token"]), 200u);
    EXPECT_EQ(list()[0]["status"], "redeemed");
    EXPECT_EQ(list()[0]["redeemedCount"], 1);
    for (auto const* pin : {"123", "1234567890123", "12a4", ""})
        EXPECT_EQ(
            code_of(server().book("POST", v.path("/invites"), {{"userId", v.patient}, {"pin", pin}})), "validation");
}

TEST_P(Credentials, RevokingAnInvitationTakesItsTokensBack)
{
    auto const v = book_visit(server());
    auto const made = body_of(server().book("POST", v.path("/invites"), {{"userId", v.patient}}));
    auto const token = body_of(redeem(made["code"]))["token"].get<std::string>();
    auto const renewed = body_of(server().rest("POST", "/api/tokens/renew", token))["token"].get<std::string>();
    peer inside(server());
    ASSERT_EQ(inside.enter(token, v.id)["type"], "registered");
    auto const path = v.path("/invites/" + made["inviteId"].get<std::string>());
    EXPECT_EQ(server().rest("DELETE", path, server().api_key()).status, 204u);
    EXPECT_EQ(inside.closed(), 4201);
    EXPECT_EQ(read_status(v, token), 401u);
    EXPECT_EQ(read_status(v, renewed), 401u);
    EXPECT_EQ(read_status(v, v.patient_token), 200u) << "another way in";
    EXPECT_EQ(redeem(made["code"]).status, 410u);
    EXPECT_EQ(code_of(server().rest("POST", path + "/resend", server().api_key())), "gone");
}

TEST_P(Credentials, KeysWithScopesDoThatAndNothingElse)
{
    auto const v = book_visit(server());
    struct row {
        char const* method;
        std::string target;
        std::string body;
        std::string scope;
    };
    std::vector<row> const table{
        {"GET", v.path(), "", "appointments"},
        {"GET", "/api/appointments", "", "appointments"},
        {"GET", v.path("/invites"), "", "appointments"},
        {"POST", "/api/tokens", R"({"sub":"dr","role":"doctor"})", "tokens"},
        {"DELETE", "/api/tokens/nobody", "", "tokens"},
        {"GET", "/api/calls", "", "history"},
    };
    for (std::string const scope : {"appointments", "tokens", "history", "audit"}) {
        auto const key = key_with(scope);
        for (auto const& r : table) {
            auto const got = server().rest(r.method, r.target, key, r.body);
            if (r.scope == scope)
                EXPECT_LT(got.status, 300u) << scope << " " << r.target << got.body;
            else
                EXPECT_EQ(code_of(got), "forbidden") << scope << " " << r.target;
        }
    }
    auto const two = key_with("appointments,history");
    EXPECT_EQ(server().rest("GET", v.path(), two).status, 200u);
    EXPECT_EQ(server().rest("GET", "/api/calls", two).status, 200u);
    EXPECT_EQ(server().rest("POST", "/api/tokens", two, "{}").status, 403u);
    EXPECT_EQ(server().folder().run({"api-key", "create", "--name", "x", "--scope", "everything"}).exit_code, 64);
    auto const revoked = server().folder().run({"api-key", "revoke", "--name", two.substr(0, 11)});
    EXPECT_EQ(revoked.out, "revoked 1\n");
    EXPECT_EQ(server().rest("GET", v.path(), two).status, 401u);
}

/// The keys of an issuer that signs for itself.
class IssuerKeys : public ::testing::TestWithParam<unsigned> {
protected:
    void write_keys(std::vector<std::string> const& keys)
    {
        std::string all;
        for (auto const& key : keys) all += (all.empty() ? "" : ",") + key;
        std::ofstream(own_.folder().path() / "keys.json") << R"({"keys":[)" << all << "]}";
    }
    void follow(std::string const& where = "jwks_file = \"keys.json\"")
    {
        std::ofstream(own_.folder().config(), std::ios::app)
            << "[[auth.issuer]]\nissuer = \"https://id.test\"\n"
            << where << "\n"
            << "role_claim = \"realm_access.roles\"\nrole_map = [\"physicians=doctor\"]\n";
    }
    void reload()
    {
        constexpr auto done = "rendezvous_reloads_total{outcome=\"done\"}";
        auto const before = metric(own_.folder(), done);
        own_.process().signal(SIGHUP);
        auto const until = steady::now() + patience;
        while (metric(own_.folder(), done) == before && steady::now() < until) {
        }
        ASSERT_EQ(metric(own_.folder(), done), before + 1) << own_.process().err();
    }
    static std::string token(key_pair const& key, std::string const& kid, std::string const& user)
    {
        auto const now =
            std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
                .count();
        json const claims{{"iss", "https://id.test"}, {"aud", {"account", "rendezvous"}}, {"sub", user}, {"iat", now},
            {"exp", now + 600}, {"realm_access", {{"roles", {"offline_access", "physicians"}}}}};
        return key.token(
            json{{"alg", key.is_rsa() ? "RS256" : "ES256"}, {"kid", kid}, {"typ", "JWT"}}.dump(), claims.dump());
    }

    running_server own_{GetParam()};
};
RENDEZVOUS_SHARDS(IssuerKeys);

TEST_P(IssuerKeys, AreExchangedWithoutADisconnect)
{
    auto const v = book_visit(own_);
    auto const old_key = key_pair::rsa();
    auto const new_key = key_pair::ec();
    auto const of_old = token(old_key, "old", v.doctor);
    auto const of_new = token(new_key, "new", v.doctor);
    auto const status = [&](std::string const& text) { return own_.rest("GET", v.path(), text).status; };
    EXPECT_EQ(status(of_old), 401u) << "nobody knows that issuer";
    write_keys({old_key.jwk("old")});
    follow();
    reload();
    EXPECT_EQ(status(of_old), 200u);
    EXPECT_EQ(status(of_new), 401u);
    peer inside(own_);
    ASSERT_EQ(inside.enter(of_old, v.id)["type"], "registered");
    write_keys({old_key.jwk("old"), new_key.jwk("new")});
    reload();
    EXPECT_EQ(status(of_old), 200u);
    EXPECT_EQ(status(of_new), 200u);
    write_keys({new_key.jwk("new")});
    reload();
    EXPECT_EQ(status(of_old), 401u);
    EXPECT_EQ(status(of_new), 200u);
    EXPECT_EQ(inside.ask("ice")["type"], "ok") << "who is inside stays so";
    EXPECT_EQ(inside.ask("refresh", {{"token", of_new}})["type"], "ok");
}

TEST_P(IssuerKeys, ArePublishedAndFetchedOnceForWhoeverNamesAnUnknownOne)
{
    key_server published;
    auto const v = book_visit(own_);
    auto const key = key_pair::ec();
    auto const stranger = key_pair::ec();
    auto const status = [&](std::string const& text) { return own_.rest("GET", v.path(), text).status; };
    // What nobody could use is like no answer; ten million bytes are not even read.
    published.publish(R"({"keys":[)" + key.jwk("a") + R"(],"x":")" + std::string(10'000'000, 'x') + "\"}");
    follow("jwks_url = \"" + published.url() + "\"");
    reload();
    ASSERT_TRUE(own_.process().waits_for_err("issuer_keys_unavailable"));
    EXPECT_EQ(published.requests(), 1u);
    EXPECT_EQ(status(token(key, "a", v.doctor)), 401u);
    EXPECT_EQ(published.requests(), 1u) << "asked a moment ago";

    own_.kill();
    published.publish(R"({"keys":[)" + key.jwk("a") + "]}");
    own_.start();
    peer inside(own_);
    EXPECT_EQ(inside.enter(token(key, "a", v.doctor), v.id)["type"], "registered") << "it waits for the keys";
    EXPECT_EQ(status(token(key, "a", v.doctor)), 200u);
    EXPECT_EQ(status(token(stranger, "a", v.doctor)), 401u);
    EXPECT_EQ(status(token(stranger, "b", v.doctor)), 401u);
    EXPECT_EQ(status(token(stranger, "c", v.doctor)), 401u);
    EXPECT_EQ(published.requests(), 2u) << "no token causes more within the minute";
}

} // namespace
} // namespace rendezvous::test
