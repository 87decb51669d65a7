// Tokens signed with public-key algorithms, sets of keys, and what RFC 8725 warns of about both.

#include "forge.hpp"

#include "rendezvous/auth/jwks.hpp"
#include "support/key_pair.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rendezvous::auth {
namespace {

using base::errc;
using test::key_pair;
using testing::claims;
using testing::now;

std::vector<token_algorithm> const both{token_algorithm::rs256, token_algorithm::es256};

key_pair const& rsa()
{
    static auto const made = key_pair::rsa();
    return made;
}
key_pair const& ec()
{
    static auto const made = key_pair::ec();
    return made;
}

std::string set_of(std::vector<std::string> const& keys)
{
    std::string out = R"({"keys":[)";
    for (auto const& key : keys) out += (out.ends_with('[') ? "" : ",") + key;
    return out + "]}";
}

/// `https://booking.example` with both kinds of keys, `https://other.example` with a secret.
token_verifier verifier(bool publishes = false)
{
    auto keys = parse_jwks(set_of({rsa().jwk("r1"), ec().jwk("e1")}), both).value().keys;
    return token_verifier(
        {{"https://booking.example", std::move(keys), {}, publishes},
            {"https://other.example", {{token_algorithm::hs256, "", "another secret of thirty-two bytes"}}}},
        "rendezvous");
}

std::string rs(std::string const& more = R"(,"kid":"r1")")
{
    return R"({"alg":"RS256")" + more + "}";
}
std::string es(std::string const& more = R"(,"kid":"e1")")
{
    return R"({"alg":"ES256")" + more + "}";
}

TEST(PublicKeys, VerifyWhatTheirIssuerSigned)
{
    EXPECT_EQ(verifier().verify(rsa().token(rs(), claims()), now()).value().who.user.str(), "user-7");
    EXPECT_EQ(verifier().verify(ec().token(es(), claims()), now()).value().who.issuer, "https://booking.example");
}

TEST(PublicKeys, RefuseWhatIsForged)
{
    auto const good = ec().token(es(), claims());
    auto const input = good.substr(0, good.rfind('.'));
    auto const with_signature = [](std::string const& header, std::string const& signature) {
        return base::base64url(header) + "." + base::base64url(claims()) + "." + base::base64url(signature);
    };
    auto const signed_as = [](key_pair const& key, std::string const& header, auto const& sign) {
        auto const text = base::base64url(header) + "." + base::base64url(claims());
        return text + "." + base::base64url(sign(key, text));
    };
    auto const der = [](key_pair const& key, std::string const& text) { return key.sign_der(text); };
    auto const pss = [](key_pair const& key, std::string const& text) { return key.sign_der(text, true); };
    auto const longer = [](key_pair const& key, std::string const& text) { return key.sign(text) + '\0'; };
    auto const shorter = [](key_pair const& key, std::string const& text) { return key.sign(text).substr(1); };
    auto const raw = ec().sign(input);
    auto const stranger = key_pair::rsa();
    auto const other_curve = key_pair::ec("P-384");
    auto const hs = R"({"alg":"HS256","kid":"r1"})";
    struct row {
        char const* what;
        std::string token;
    };
    std::vector<row> const table{
        {"HS256 with the public key's PEM as secret", testing::forge(claims(), hs, rsa().pem())},
        {"HS256 with the modulus as secret", testing::forge(claims(), hs, rsa().n())},
        {"HS256 with the JWK as secret", testing::forge(claims(), hs, rsa().jwk("r1"))},
        {"HS256 with nothing as secret", testing::forge(claims(), hs, "")},
        {"HS256 with the point as secret", testing::forge(claims(), R"({"alg":"HS256","kid":"e1"})", ec().x())},
        {"none", with_signature(R"({"alg":"none","kid":"r1"})", "x")},
        {"none in capitals", with_signature(R"({"alg":"NONE","kid":"r1"})", "x")},
        {"RS256 of a stranger under the same kid", stranger.token(rs(), claims())},
        {"RS256 that brings its key", stranger.token(rs(R"(,"kid":"r1","jwk":)" + stranger.jwk("r1")), claims())},
        {"RS256 that says where its keys are",
            stranger.token(rs(R"(,"kid":"r1","jku":"https://evil.example/keys")"), claims())},
        {"a good one with jku", rsa().token(rs(R"(,"kid":"r1","jku":"https://evil.example/keys")"), claims())},
        {"a good one with x5u", rsa().token(rs(R"(,"kid":"r1","x5u":"https://evil.example/c")"), claims())},
        {"a good one with x5c", rsa().token(rs(R"(,"kid":"r1","x5c":["MII"])"), claims())},
        {"a good one with jwk", rsa().token(rs(R"(,"kid":"r1","jwk":)" + rsa().jwk("r1")), claims())},
        {"a good one with crit", rsa().token(rs(R"(,"kid":"r1","crit":["exp"])"), claims())},
        {"a good one with b64", rsa().token(rs(R"(,"kid":"r1","b64":false)"), claims())},
        {"ES256 with the kid of the RSA key", ec().token(es(R"(,"kid":"r1")"), claims())},
        {"RS256 with the kid of the EC key", rsa().token(rs(R"(,"kid":"e1")"), claims())},
        {"RS256 named ES256", rsa().token(es(R"(,"kid":"r1")"), claims())},
        {"RS256 without kid: two keys could be meant", rsa().token(rs(""), claims())},
        {"ES256 without kid: two keys could be meant", ec().token(es(""), claims())},
        {"RS256 with a kid nobody has", rsa().token(rs(R"(,"kid":"r2")"), claims())},
        {"RS256 for the issuer with the secret", rsa().token(rs(), claims(R"(,"iss":"https://other.example")", "iss"))},
        {"RS384 in name", rsa().token(R"({"alg":"RS384","kid":"r1"})", claims())},
        {"PS256", signed_as(rsa(), R"({"alg":"PS256","kid":"r1"})", pss)},
        {"PSS named RS256", signed_as(rsa(), rs(), pss)},
        {"RS256 with a byte behind the signature", signed_as(rsa(), rs(), longer)},
        {"RS256 with a byte less", signed_as(rsa(), rs(), shorter)},
        {"RS256 with zeros", with_signature(rs(), std::string(256, '\0'))},
        {"RS256 with one", with_signature(rs(), std::string(255, '\0') + '\1')},
        {"ES256 in DER", signed_as(ec(), es(), der)},
        {"ES256 with 65 bytes", signed_as(ec(), es(), longer)},
        {"ES256 with 63 bytes", signed_as(ec(), es(), shorter)},
        {"ES256 with r = s = 0", with_signature(es(), std::string(64, '\0'))},
        {"ES256 with s = 0", with_signature(es(), raw.substr(0, 32) + std::string(32, '\0'))},
        {"ES256 with r and s of all bits", with_signature(es(), std::string(64, '\xff'))},
        {"ES256 with s and r", with_signature(es(), raw.substr(32) + raw.substr(0, 32))},
        {"ES384", signed_as(other_curve, R"({"alg":"ES384","kid":"e1"})", der)},
        {"P-384 named ES256", signed_as(other_curve, es(), der)},
        {"ES256K", ec().token(R"({"alg":"ES256K","kid":"e1"})", claims())},
        {"a good one with padding", good + "="},
        {"a good one with a line end", good + "\n"},
        {"other claims under a good signature",
            base::base64url(es()) + "." + base::base64url(claims(R"(,"x":1)")) + "." + base::base64url(raw)},
    };
    ASSERT_TRUE(verifier().verify(good, now())) << "what is varied is good";
    for (auto const& [what, token] : table) EXPECT_EQ(verifier().verify(token, now()).has_value(), false) << what;
}

TEST(PublicKeys, AreMadeOfStrongKeysOfKnownKindsOnly)
{
    EXPECT_EQ(public_key::from_pem(rsa().pem())->algorithm(), token_algorithm::rs256);
    EXPECT_EQ(public_key::from_pem(ec().pem())->algorithm(), token_algorithm::es256);
    EXPECT_EQ(public_key::from_pem(key_pair::rsa(1024).pem()), nullptr);
    EXPECT_EQ(public_key::from_pem(key_pair::ec("P-384").pem()), nullptr);
    EXPECT_EQ(public_key::from_pem(key_pair::ec("secp256k1").pem()), nullptr);
    EXPECT_EQ(public_key::from_pem(rsa().private_pem()), nullptr);
    EXPECT_EQ(public_key::from_pem(ec().private_pem()), nullptr);
    EXPECT_EQ(public_key::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), nullptr);
    EXPECT_EQ(public_key::from_pem(""), nullptr);

    ASSERT_TRUE(public_key::from_rsa(rsa().n(), rsa().e()));
    EXPECT_FALSE(public_key::from_rsa(rsa().n(), "\x01")) << "every message its own signature";
    EXPECT_FALSE(public_key::from_rsa(rsa().n(), "\x04"));
    EXPECT_FALSE(public_key::from_rsa(rsa().n(), ""));
    EXPECT_FALSE(public_key::from_rsa(rsa().n(), std::string(9, '\x03')));
    EXPECT_FALSE(public_key::from_rsa(key_pair::rsa(1024).n(), rsa().e()));
    EXPECT_FALSE(public_key::from_rsa(std::string(2'000, '\xff'), rsa().e()));

    ASSERT_TRUE(public_key::from_p256(ec().x(), ec().y()));
    EXPECT_FALSE(public_key::from_p256(ec().y(), ec().x())) << "not on the curve";
    EXPECT_FALSE(public_key::from_p256(std::string(32, '\0'), std::string(32, '\0')));
    EXPECT_FALSE(public_key::from_p256(ec().x().substr(1), ec().y()));
    EXPECT_FALSE(public_key::from_p256('\0' + ec().x(), ec().y()));
}

TEST(KeySets, KeepWhatCanVerifyAndSkipTheRest)
{
    auto const secret = R"({"kty":"oct","kid":"s","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"})";
    auto const edwards = R"({"kty":"OKP","crv":"Ed25519","kid":"o","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
    auto const got = parse_jwks(
        "\n "
            + set_of({rsa().jwk("r1", R"(,"use":"sig","alg":"RS256","x5t":"x")"), rsa().jwk("r2", R"(,"use":"enc")"),
                rsa().jwk("r3", R"(,"alg":"RS512")"), rsa().jwk("r4", R"(,"alg":"RSA-OAEP")"),
                rsa().jwk("r5", R"(,"key_ops":["encrypt"])"), rsa().jwk("r6", R"(,"key_ops":["verify"])"),
                rsa().jwk("r7", R"(,"d":"AAAA")"), rsa().jwk("r8/..", ""), key_pair::rsa(1024).jwk("r9"), secret,
                edwards, ec().jwk("e1"), R"({"kty":"EC","crv":"P-256","kid":"e2","x":"AA","y":"AA"})",
                R"({"kty":"RSA","kid":"r10","n":"AQAB==","e":"AQAB"})", "7", "{}"}),
        both);
    ASSERT_TRUE(got);
    std::string names;
    for (auto const& key : got->keys) names += key.kid + " ";
    EXPECT_EQ(names, "r1 r6 e1 ");
    EXPECT_EQ(got->skipped, 13u);
    EXPECT_EQ(parse_jwks(set_of({rsa().jwk("r1"), ec().jwk("e1")}), {token_algorithm::es256})->keys.size(), 1u);
}

TEST(KeySets, AreRefusedAsAWholeWhenNotInOrder)
{
    auto const error = [](std::string const& text) {
        auto const got = parse_jwks(text, both);
        return got ? errc::ok : base::to_errc(got.error());
    };
    EXPECT_EQ(error(R"({"keys":[]})"), errc::ok);
    EXPECT_EQ(error(""), errc::bad_json);
    EXPECT_EQ(error("[]"), errc::bad_json);
    EXPECT_EQ(error(R"({"keys":[]} x)"), errc::bad_json);
    EXPECT_EQ(error(R"({"keys":[],"keys":[]})"), errc::bad_json);
    EXPECT_EQ(error("<html>"), errc::bad_json);
    EXPECT_EQ(error(R"({"keys":{}})"), errc::validation);
    EXPECT_EQ(error("{}"), errc::validation);
    EXPECT_EQ(error(set_of({rsa().jwk("a"), ec().jwk("a")})), errc::validation) << "one kid twice";
    EXPECT_EQ(error(set_of({rsa().jwk(""), ec().jwk("a")})), errc::validation) << "one of two without name";
    EXPECT_EQ(error(set_of({rsa().jwk("a"), ec().jwk("a", R"(,"use":"enc")")})), errc::ok) << "only one is used";
    EXPECT_EQ(error(set_of(std::vector<std::string>(64, "{}"))), errc::ok);
    EXPECT_EQ(error(set_of(std::vector<std::string>(65, "{}"))), errc::too_large);
    EXPECT_EQ(error(R"({"keys":[],"x":")" + std::string(10'000'000, 'x') + "\"}"), errc::too_large);
    EXPECT_EQ(error(R"({"keys":[]})" + std::string(256 * 1024, ' ')), errc::too_large);
}

TEST(KeySets, OfOneKeyWithoutNameServeEveryKid)
{
    auto keys = parse_jwks(set_of({ec().jwk("")}), both).value().keys;
    token_verifier const one({{"https://booking.example", std::move(keys)}}, "rendezvous");
    EXPECT_TRUE(one.verify(ec().token(es(""), claims()), now()));
    EXPECT_TRUE(one.verify(ec().token(es(R"(,"kid":"any")"), claims()), now()));
}

TEST(PublishedKeys, AreAskedForOnlyByTokensThatNameAnUnknownOne)
{
    auto const asks = [](std::string const& token, bool publishes = true) {
        return verifier(publishes).issuer_to_ask(token);
    };
    auto const fresh = ec().token(es(R"(,"kid":"e2")"), claims());
    EXPECT_EQ(asks(fresh), "https://booking.example");
    EXPECT_EQ(asks(fresh, false), "") << "its keys come from a file";
    EXPECT_EQ(asks(ec().token(es(), claims())), "") << "that key is known";
    EXPECT_EQ(asks(ec().token(es(""), claims())), "") << "no kid";
    EXPECT_EQ(asks(testing::forge(claims(), R"({"alg":"HS256","kid":"e2"})")), "");
    EXPECT_EQ(asks(ec().token(es(R"(,"kid":"e2","jku":"https://evil.example")"), claims())), "");
    EXPECT_EQ(asks(ec().token(es(R"(,"kid":"e2")"), claims(R"(,"iss":"https://evil.example")", "iss"))), "");
    EXPECT_EQ(asks(ec().token(es(R"(,"kid":"e2")"), claims(R"(,"iss":"https://other.example")", "iss"))), "");
    EXPECT_EQ(asks("nonsense"), "");
    token_verifier const nothing_yet({{"https://booking.example", {}, {}, true}}, "rendezvous");
    EXPECT_EQ(nothing_yet.issuer_to_ask(ec().token(es(), claims())), "https://booking.example");
    EXPECT_FALSE(nothing_yet.verify(ec().token(es(), claims()), now()));
    EXPECT_THROW(token_verifier({{"https://booking.example", {}}}, "rendezvous"), std::invalid_argument);
}

TEST(PublishedKeys, OfTheWrongAlgorithmAreABug)
{
    auto const key = public_key::from_pem(ec().pem());
    EXPECT_THROW(token_verifier({{"a", {{token_algorithm::rs256, "", "", key}}}}, "rendezvous"), std::invalid_argument);
    EXPECT_THROW(token_verifier({{"a", {{token_algorithm::es256, "", ""}}}}, "rendezvous"), std::invalid_argument);
}

/// What the token of an issuer with those rules makes of somebody; nothing if it is refused.
std::string role_by(role_rules rules, std::string const& more, std::string const& without = "role")
{
    token_verifier const one(
        {{"https://booking.example", {{token_algorithm::hs256, "", std::string(testing::secret)}}, std::move(rules)}},
        "rendezvous");
    auto const got = one.verify(testing::forge(claims(more, without)), now());
    return got ? std::string(call::to_word(got->who.role)) : "";
}

TEST(RoleRules, FindTheRoleWhereTheIssuerPutsIt)
{
    role_rules const keycloak{"realm_access.roles", {}};
    auto const realm = [](std::string const& value) { return R"(,"realm_access":{"roles":)" + value + "}"; };
    EXPECT_EQ(role_by({}, R"(,"role":"doctor")"), "doctor");
    EXPECT_EQ(role_by({}, R"(,"role":["agent","doctor"])"), "doctor");
    EXPECT_EQ(role_by(keycloak, realm(R"(["offline_access","patient","uma_authorization"])")), "patient");
    EXPECT_EQ(role_by(keycloak, realm(R"(["patient","guest"])")), "guest");
    EXPECT_EQ(role_by(keycloak, realm(R"(["guest","agent"])")), "agent");
    EXPECT_EQ(role_by(keycloak, realm(R"(["doctor","agent","admin"])")), "admin");
    EXPECT_EQ(role_by(keycloak, realm(R"("agent")")), "agent");
    EXPECT_EQ(role_by({"https://clinic.example/role", {}}, R"(,"https://clinic.example/role":"doctor")"), "doctor");
    EXPECT_EQ(role_by({"a.b.c", {}}, R"(,"a":{"b":{"c":"doctor"}})"), "doctor");
}

TEST(RoleRules, RefuseWhoHasNoKnownRole)
{
    role_rules const keycloak{"realm_access.roles", {}};
    for (auto const* value : {R"([])", R"(["offline_access"])", R"([7,null,{}])", R"({"doctor":true})", "7", "null",
             R"("Doctor")", R"("superuser")", R"([["doctor"]])"})
        EXPECT_EQ(role_by(keycloak, std::string(R"(,"realm_access":{"roles":)") + value + "}"), "") << value;
    EXPECT_EQ(role_by(keycloak, R"(,"realm_access":"doctor")"), "");
    EXPECT_EQ(role_by(keycloak, R"(,"role":"doctor")"), "") << "only the configured claim counts";
    EXPECT_EQ(role_by({}, ""), "");
}

TEST(RoleRules, TakeTheIssuersWordsForOurs)
{
    role_rules const mapped{"groups", {{"physicians", call::role::doctor}, {"reception", call::role::agent}}};
    EXPECT_EQ(role_by(mapped, R"(,"groups":["staff","physicians"])"), "doctor");
    EXPECT_EQ(role_by(mapped, R"(,"groups":"reception")"), "agent");
    EXPECT_EQ(role_by(mapped, R"(,"groups":["admin","doctor"])"), "") << "their admin is not ours";
}

} // namespace
} // namespace rendezvous::auth
