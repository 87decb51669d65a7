#include "rendezvous/auth/token_verifier.hpp"

#include "forge.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace rendezvous::auth {
namespace {

using base::errc;
using testing::claims;
using testing::forge;
using testing::now;
using testing::now_s;
using namespace std::chrono_literals;

base::result<verified_token> verify(std::string const& token, base::utc_time at = now())
{
    return testing::make_verifier().verify(token, at);
}

TEST(TokenVerifier, ReadsWhatTheTokenSays)
{
    auto const token = forge(claims(R"(,"name":"Ana M\u00fcller","locale":"pt-BR","jti":"j-1","scope":"call chat",)"
                                    R"("nbf":0,"iat":1795183200,"department":"cardiology")"));
    auto const answer = verify(token);
    ASSERT_TRUE(answer);
    EXPECT_FALSE(answer->expired);
    EXPECT_EQ(answer->token_hash, sha256_hex(token));
    auto const& who = answer->who;
    EXPECT_EQ(who.user.str(), "user-7");
    EXPECT_EQ(who.role, call::role::patient);
    EXPECT_EQ(who.name, "Ana M\u00fcller");
    EXPECT_EQ(who.locale, "pt-BR");
    EXPECT_EQ(who.issuer, "https://booking.example");
    EXPECT_EQ(who.jti, "j-1");
    EXPECT_EQ(who.expires_at, now() + 900s);
    EXPECT_EQ(who.scopes, (std::vector<std::string>{"call", "chat"}));
    ASSERT_EQ(who.appointments.size(), 1U);
    EXPECT_EQ(who.appointments[0].str(), "A-1");
}

TEST(TokenVerifier, KnowsEveryRole)
{
    for (auto const word : call::word_table<call::role>::words) {
        auto const answer = verify(forge(claims(",\"role\":\"" + std::string(word) + "\"", "role")));
        ASSERT_TRUE(answer) << word;
        EXPECT_EQ(call::to_word(answer->who.role), word);
    }
}

TEST(TokenVerifier, LimitsPatientsAndGuestsToTheirAppointments)
{
    base::appointment_id const first{"A-1"};
    base::appointment_id const other{"A-2"};
    auto const patient = verify(forge(claims()));
    EXPECT_TRUE(patient->who.covers(first));
    EXPECT_FALSE(patient->who.covers(other));
    auto const nothing = verify(forge(claims("", "appointment")));
    EXPECT_TRUE(nothing->who.limited_to_appointments);
    EXPECT_FALSE(nothing->who.covers(first));
    auto const several = verify(forge(claims(R"(,"appointment":["A-1","A-2","A-1"])", "appointment")));
    EXPECT_EQ(several->who.appointments.size(), 2U);
    EXPECT_TRUE(several->who.covers(other));
}

TEST(TokenVerifier, LimitsStaffOnlyIfTheTokenNamesAppointments)
{
    std::string const doctor =
        R"({"iss":"https://booking.example","aud":["rendezvous"],"sub":"d","role":"doctor","exp":)"
        + std::to_string(now_s + 900);
    auto const free = verify(forge(doctor + "}"));
    EXPECT_FALSE(free->who.limited_to_appointments);
    EXPECT_TRUE(free->who.covers(base::appointment_id{"A-9"}));
    auto const narrowed = verify(forge(doctor + R"(,"appointment":"A-1"})"));
    EXPECT_TRUE(narrowed->who.limited_to_appointments);
    EXPECT_FALSE(narrowed->who.covers(base::appointment_id{"A-9"}));
}

TEST(TokenVerifier, AcceptsSixtyFourAppointments)
{
    std::string list = "[";
    for (int i = 0; i < 64; ++i) list += (i ? ",\"" : "\"") + std::to_string(i) + "\"";
    auto const answer = verify(forge(claims(",\"appointment\":" + list + "]", "appointment")));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->who.appointments.size(), 64U);
}

TEST(TokenVerifier, TellsExpiredFromForgottenTokens)
{
    auto const token = forge(claims());
    auto const end = now() + 900s;
    EXPECT_FALSE(verify(token, end)->expired);
    EXPECT_FALSE(verify(token, end + 60s - 1ms)->expired);
    EXPECT_TRUE(verify(token, end + 60s)->expired);
    EXPECT_TRUE(verify(token, end + 4h)->expired);
    auto const late = verify(token, end + 4h + 1ms);
    ASSERT_TRUE(late.has_error());
    EXPECT_EQ(late.error(), errc::token_expired);
}

TEST(TokenVerifier, NeverCallsAForgedTokenExpired)
{
    auto const old = claims(R"(,"exp":1)", "exp");
    EXPECT_EQ(verify(forge(old)).error(), errc::token_expired);
    EXPECT_EQ(
        verify(forge(old, testing::header_hs256, "ffffffffffffffffffffffffffffffff")).error(), errc::token_invalid);
    EXPECT_EQ(verify(forge(claims(R"(,"exp":1,"aud":"x")", "exp"))).error(), errc::token_invalid);
}

TEST(TokenVerifier, GivesClocksAMinute)
{
    auto const at = [](std::int64_t offset) { return std::to_string(now_s + offset); };
    EXPECT_TRUE(verify(forge(claims(",\"nbf\":" + at(60)))));
    EXPECT_TRUE(verify(forge(claims(",\"iat\":" + at(60)))));
    EXPECT_FALSE(verify(forge(claims(",\"nbf\":" + at(61)))));
    EXPECT_TRUE(verify(forge(claims(",\"nbf\":" + at(61))), now() + 1s));
}

TEST(TokenVerifier, CutsNamesBetweenCharactersAndDropsControls)
{
    std::string name;
    for (int i = 0; i < 101; ++i) name += "\u00fc"; // 202 bytes
    EXPECT_EQ(verify(forge(claims(",\"name\":\"x" + name + "\"")))->who.name.size(), 199U);
    EXPECT_EQ(verify(forge(claims(R"(,"name":"A\u0000n\na\u007f")")))->who.name, "Ana");
}

TEST(TokenVerifier, LeavesOutALocaleThatIsNone)
{
    EXPECT_EQ(verify(forge(claims(R"(,"locale":"de_DE")")))->who.locale, "de_DE");
    for (auto const* odd : {"", "../de", "-de", "de<"})
        EXPECT_EQ(verify(forge(claims(std::string(",\"locale\":\"") + odd + "\"")))->who.locale, std::nullopt) << odd;
}

TEST(TokenVerifier, AcceptsHeadersThatAddNothingDangerous)
{
    EXPECT_TRUE(verify(forge(claims(), R"({"alg":"HS256"})")));
    EXPECT_TRUE(verify(forge(claims(), R"({"typ":"jwt","alg":"HS256"})")));
    EXPECT_TRUE(verify(forge(claims(), R"({"alg":"HS256","x5t":"AAAA"})")));
}

TEST(TokenVerifier, ChoosesTheKeyByKidAndRefusesAmbiguity)
{
    std::string const old_secret(32, 'o');
    std::string const new_secret(32, 'n');
    std::string const issuer = "https://booking.example";
    token_verifier const verifier(
        {{issuer, {{token_algorithm::hs256, "old", old_secret}, {token_algorithm::hs256, "new", new_secret}}}},
        "rendezvous");
    auto const header = [](std::string const& kid) { return R"({"alg":"HS256","kid":")" + kid + "\"}"; };
    EXPECT_TRUE(verifier.verify(forge(claims(), header("old"), old_secret), now()));
    EXPECT_TRUE(verifier.verify(forge(claims(), header("new"), new_secret), now()));
    EXPECT_FALSE(verifier.verify(forge(claims(), header("old"), new_secret), now()));
    EXPECT_FALSE(verifier.verify(forge(claims(), header("gone"), new_secret), now()));
    EXPECT_FALSE(verifier.verify(forge(claims(), testing::header_hs256, new_secret), now()));
}

TEST(TokenVerifier, IsRefusedWithoutProperKeys)
{
    using issuers = std::vector<token_issuer>;
    token_key const good{token_algorithm::hs256, "", std::string(32, 'k')};
    token_key const shorter{token_algorithm::hs256, "", std::string(31, 'k')};
    EXPECT_NO_THROW(token_verifier(issuers{{"a", {good}}}, "rendezvous"));
    EXPECT_THROW(token_verifier(issuers{{"a", {shorter}}}, "rendezvous"), std::invalid_argument);
    EXPECT_THROW(token_verifier(issuers{{"a", {}}}, "rendezvous"), std::invalid_argument);
    EXPECT_THROW(token_verifier(issuers{{"", {good}}}, "rendezvous"), std::invalid_argument);
    EXPECT_THROW(token_verifier(issuers{{"a", {good}}, {"a", {good}}}, "rendezvous"), std::invalid_argument);
}

} // namespace
} // namespace rendezvous::auth
