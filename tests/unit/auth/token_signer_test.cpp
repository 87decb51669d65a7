#include "rendezvous/auth/token_signer.hpp"

#include "forge.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace rendezvous::auth {
namespace {

using testing::now;
using namespace std::chrono_literals;

std::string const issuer = "https://localhost:8443";
std::string const key(32, 'k');

token_verifier verifier()
{
    return token_verifier({{issuer, {{token_algorithm::hs256, "", key}}}}, "rendezvous");
}

token_claims patient()
{
    return {base::user_id{"p-1"}, call::role::patient, "Ana \"A\" M\u00fcller", "de", {base::appointment_id{"A-1"}}};
}

TEST(TokenSigner, SignsWhatItsVerifierAccepts)
{
    base::seeded_id_generator ids(1);
    auto const made = token_signer(issuer, "rendezvous", key).sign(patient(), 1h, now() + 7ms, ids);
    ASSERT_TRUE(made);
    EXPECT_TRUE(base::is_uuid(made->jti));
    EXPECT_EQ(made->expires_at, now() + 1h);
    auto const read = verifier().verify(made->token, now() + 7ms);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->who.user.str(), "p-1");
    EXPECT_EQ(read->who.role, call::role::patient);
    EXPECT_EQ(read->who.name, "Ana \"A\" M\u00fcller");
    EXPECT_EQ(read->who.locale, "de");
    EXPECT_EQ(read->who.jti, made->jti);
    EXPECT_EQ(read->who.issuer, issuer);
    EXPECT_EQ(read->who.expires_at, made->expires_at);
    EXPECT_TRUE(read->who.covers(base::appointment_id{"A-1"}));
}

TEST(TokenSigner, WritesSeveralAppointmentsOrNone)
{
    base::seeded_id_generator ids(1);
    token_signer const signer(issuer, "rendezvous", key);
    auto claims = patient();
    claims.appointments.emplace_back("A-2");
    EXPECT_EQ(verifier().verify(signer.sign(claims, 1h, now(), ids)->token, now())->who.appointments.size(), 2U);
    claims.appointments.clear();
    EXPECT_TRUE(verifier().verify(signer.sign(claims, 1h, now(), ids)->token, now())->who.appointments.empty());
}

TEST(TokenSigner, NeverSignsTwoTokensAlike)
{
    base::seeded_id_generator ids(1);
    token_signer const signer(issuer, "rendezvous", key);
    EXPECT_NE(signer.sign(patient(), 1h, now(), ids)->token, signer.sign(patient(), 1h, now(), ids)->token);
}

TEST(TokenSigner, SurvivesANameThatIsNoText)
{
    base::seeded_id_generator ids(1);
    auto claims = patient();
    claims.name = "\xC3\x28";
    auto const made = token_signer(issuer, "rendezvous", key).sign(claims, 1h, now(), ids);
    ASSERT_TRUE(made);
    EXPECT_TRUE(verifier().verify(made->token, now()));
}

TEST(TokenSigner, RefusesWhatItsVerifierWouldRefuse)
{
    base::seeded_id_generator ids(1);
    token_signer const signer(issuer, "rendezvous", key);
    EXPECT_EQ(signer.sign(patient(), 0s, now(), ids).error(), base::errc::validation);
    EXPECT_EQ(signer.sign(patient(), -1h, now(), ids).error(), base::errc::validation);
    EXPECT_EQ(signer.sign(patient(), token_lifetime_max + 1s, now(), ids).error(), base::errc::validation);
    auto const longest = signer.sign(patient(), token_lifetime_max, now(), ids);
    EXPECT_TRUE(verifier().verify(longest->token, now()));
    auto claims = patient();
    for (int i = 0; i < 40; ++i) claims.appointments.emplace_back(std::string(120, 'a') + std::to_string(i));
    EXPECT_EQ(signer.sign(claims, 1h, now(), ids).error(), base::errc::validation);
    claims.appointments.assign(65, base::appointment_id{"A"});
    EXPECT_EQ(signer.sign(claims, 1h, now(), ids).error(), base::errc::validation);
}

TEST(TokenSigner, NeedsAProperKey)
{
    EXPECT_THROW(token_signer(issuer, "rendezvous", std::string(31, 'k')), std::invalid_argument);
}

} // namespace
} // namespace rendezvous::auth
