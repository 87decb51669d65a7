// The rest of the attack list on tokens (RFC 8725): other algorithms, keys that are public, tokens
// of other kinds, keys that come and go. forged_tokens_test.cpp varies the token itself.

#include "forge.hpp"

#include "rendezvous/auth/api_key.hpp"
#include "rendezvous/auth/turn_credentials.hpp"

#include <gtest/gtest.h>

#include <openssl/hmac.h>

#include <algorithm>
#include <string>
#include <vector>

namespace rendezvous::auth {
namespace {

using testing::claims;
using testing::forge;
using testing::header_hs256;
using testing::now_s;

struct forged {
    std::string what;
    std::string token;
};

constexpr std::string_view public_pem = "-----BEGIN PUBLIC KEY-----\n"
                                        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9\n"
                                        "q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==\n"
                                        "-----END PUBLIC KEY-----\n";

std::string of_length(std::size_t size, char fill = '\0')
{
    return std::string(size, fill);
}

/// Good claims under that header with those bytes as signature.
std::string with_signature(std::string_view header, std::string_view signature)
{
    return base::base64url(header) + "." + base::base64url(claims()) + "." + base::base64url(signature);
}

std::string hmac_with(EVP_MD const* digest, std::string_view header, std::size_t size_max = EVP_MAX_MD_SIZE)
{
    auto const input = base::base64url(header) + "." + base::base64url(claims());
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(digest, testing::secret.data(), static_cast<int>(testing::secret.size()),
        reinterpret_cast<unsigned char const*>(input.data()), input.size(), out, &size);
    return with_signature(header, {reinterpret_cast<char const*>(out), std::min<std::size_t>(size, size_max)});
}

/// The bytes that a PEM wraps.
std::string der_of(std::string pem)
{
    pem = pem.substr(pem.find('\n') + 1);
    pem.resize(pem.find("-----END"));
    std::erase_if(pem, [](char c) { return c == '\n' || c == '='; });
    for (char& c : pem) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return base::from_base64url(pem).value();
}

void expect_all_refused(std::vector<forged> const& table)
{
    auto const verifier = testing::make_verifier();
    for (auto const& [what, token] : table) {
        auto const answer = verifier.verify(token, testing::now());
        ASSERT_TRUE(answer.has_error()) << what;
        EXPECT_EQ(answer.error(), base::errc::token_invalid) << what;
    }
}

TEST(ForeignTokens, OfOtherAlgorithmsAreRefused)
{
    ASSERT_TRUE(testing::make_verifier().verify(hmac_with(EVP_sha256(), header_hs256), testing::now()))
        << "what is varied below is good";
    // r and s as a DER sequence of two integers 1.
    std::string const der("\x30\x06\x02\x01\x01\x02\x01\x01", 8);
    // The point of order one: with it any message has a signature that fits.
    std::string const low_order = "\x01" + of_length(63);
    expect_all_refused({
        {"HS384 with its own digest and the right key", hmac_with(EVP_sha384(), R"({"alg":"HS384"})")},
        {"HS512 with its own digest and the right key", hmac_with(EVP_sha512(), R"({"alg":"HS512"})")},
        {"HS256 with the digest of HS512", hmac_with(EVP_sha512(), header_hs256)},
        {"HS1", hmac_with(EVP_sha1(), R"({"alg":"HS1"})")},
        {"HS256 with its digest cut to 128 bits", hmac_with(EVP_sha256(), header_hs256, 16)},
        {"ES256 with r = s = 0", with_signature(R"({"alg":"ES256"})", of_length(64))},
        {"ES256 with r = s = 1", with_signature(R"({"alg":"ES256"})", of_length(31) + "\x01" + of_length(31) + "\x01")},
        {"ES256 with r and s of all bits", with_signature(R"({"alg":"ES256"})", of_length(64, '\xff'))},
        {"ES256 in DER", with_signature(R"({"alg":"ES256"})", der)},
        {"ES384 with zeros", with_signature(R"({"alg":"ES384"})", of_length(96))},
        {"ES256K with zeros", with_signature(R"({"alg":"ES256K"})", of_length(64))},
        {"EdDSA with zeros", with_signature(R"({"alg":"EdDSA"})", of_length(64))},
        {"EdDSA with a point of low order", with_signature(R"({"alg":"EdDSA"})", low_order)},
        {"RS256 with a signature that is its padding",
            with_signature(R"({"alg":"RS256"})", std::string("\0\1", 2) + of_length(253, '\xff') + of_length(1))},
        {"RS256 with zeros", with_signature(R"({"alg":"RS256"})", of_length(256))},
        {"RS256 with 1, right for every key with e = 1", with_signature(R"({"alg":"RS256"})", of_length(255) + "\x01")},
        {"PS256 with zeros", with_signature(R"({"alg":"PS256"})", of_length(256))},
        {"dir", with_signature(R"({"alg":"dir","enc":"A256GCM"})", "x")},
        {"A256KW", with_signature(R"({"alg":"A256KW"})", "x")},
        {"PBES2 with a billion rounds",
            with_signature(R"({"alg":"PBES2-HS256+A128KW","p2c":1000000000,"p2s":"AAAA"})", "x")},
        {"none with a signature of one byte", with_signature(R"({"alg":"none"})", of_length(1))},
        {"HS256 with a signature of zeros", with_signature(header_hs256, of_length(32))},
        {"HS256 with the payload as signature", with_signature(header_hs256, claims())},
    });
}

TEST(ForeignTokens, SignedWithWhatEverybodyKnowsAreRefused)
{
    std::string const pem(public_pem);
    auto const body = pem.substr(27, pem.find("-----END") - 27);
    expect_all_refused({
        {"the public key as PEM", forge(claims(), header_hs256, pem)},
        {"the public key as PEM without the last newline",
            forge(claims(), header_hs256, pem.substr(0, pem.size() - 1))},
        {"the public key as PEM with CRLF", forge(claims(), header_hs256, "-----BEGIN PUBLIC KEY-----\r\n" + body)},
        {"the public key as DER", forge(claims(), header_hs256, der_of(pem))},
        {"the text of its base64", forge(claims(), header_hs256, body)},
        {"the public key as JWK",
            forge(claims(), header_hs256,
                R"({"kty":"EC","crv":"P-256","x":"EVs_o5-uQbTjL3chynL4","y":"q9UU8I5mEovUf86Q"})")},
        {"the name of the issuer", forge(claims(), header_hs256, "https://booking.example")},
        {"the audience", forge(claims(), header_hs256, "rendezvous")},
        {"secret", forge(claims(), header_hs256, "secret")},
        {"the secret in hexadecimal",
            forge(claims(), header_hs256, "3031323334353637383961626364656630313233343536373839616263646566")},
        {"the secret as base64url", forge(claims(), header_hs256, base::base64url(testing::secret))},
        {"the secret with a newline", forge(claims(), header_hs256, std::string(testing::secret) + "\n")},
        {"the secret without its end", forge(claims(), header_hs256, testing::secret.substr(0, 31))},
        // HMAC fills a short key with zeros, so the same key with one zero behind it is the same key
        // (RFC 2104); a longer secret is another one.
        {"the secret twice",
            forge(claims(), header_hs256, std::string(testing::secret) + std::string(testing::secret))},
    });
}

TEST(ForeignTokens, OfOtherKindsAreRefused)
{
    base::system_id_generator ids;
    auto const key = make_api_key(ids);
    auto const turn = make_turn_credentials("turn-secret", base::user_id{"user-7"},
        base::call_id{"01a1fb03-05ec-7f6f-8a3a-4780df4557d2"}, std::chrono::seconds{600}, testing::now());
    expect_all_refused({
        {"an API key", key.text},
        {"the hash of an API key", key.hash},
        {"an API key as signature", with_signature(header_hs256, key.text)},
        {"TURN credentials", turn.username + ":" + turn.credential},
        {"an invite code", base::base64url(of_length(16, '\x77'))},
        {"a resume key", base::base64url(of_length(32, '\x33'))},
        {"a session id", "1.joo32QIURuiXy5X2uv_ytQ"},
        {"Basic credentials", "dXNlcjpwYXNzd29yZA=="},
        {"a PASETO", "v4.public." + base::base64url(claims()) + base::base64url(of_length(64))},
        {"a JWS in JSON", R"({"payload":"e30","signatures":[{"protected":"e30","signature":"AA"}]})"},
        {"a token with an unprotected header in front", "e30." + forge(claims())},
        {"an access token by its type", forge(claims(), R"({"alg":"HS256","typ":"at+jwt"})")},
        {"an identity token for a browser", forge(claims(R"(,"aud":"web-client","nonce":"n")", "aud"))},
        {"a logout token by its type", forge(claims(), R"({"alg":"HS256","typ":"logout+jwt"})")},
        {"a webhook signature by its audience", forge(claims(R"(,"aud":"webhooks")", "aud"))},
    });
}

TEST(ForeignTokens, OfGreatSizeOrStrangeAlphabetAreRefused)
{
    auto const good = forge(claims());
    auto const header = [](std::string const& more) { return forge(claims(), R"({"alg":"HS256",)" + more + "}"); };
    expect_all_refused({
        {"kid of 10 KB", header(R"("kid":")" + of_length(10'000, 'k') + "\"")},
        {"kid of 3 KB, which fits", header(R"("kid":")" + of_length(2'500, 'k') + "\"")},
        {"kid an object", header(R"("kid":{"a":1})")},
        {"kid null", header(R"("kid":null)")},
        {"kid with a NUL", header(R"("kid":"a\u0000b")")},
        {"kid with a line end", header(R"("kid":"a\r\nX: y")")},
        {"sub of 10 KB", forge(claims(",\"sub\":\"" + of_length(10'000, 's') + "\"", "sub"))},
        {"padding inside", base::base64url(header_hs256) + "==" + good.substr(good.find('.'))},
        {"a line break every 64 characters", good.substr(0, 64) + "\r\n" + good.substr(64)},
        {"percent escapes", good.substr(0, 20) + "%2E" + good.substr(21)},
        {"quotes around it", "\"" + good + "\""},
        {"a comma and another", good + "," + good},
        {"full-width dots", good.substr(0, good.find('.')) + "\uff0e" + good.substr(good.find('.') + 1)},
        {"4 KiB and one byte of one part", of_length(4'097, 'A')},
        {"nothing but a signature", ".." + base::base64url(of_length(32))},
        {"an empty payload, signed", forge("")},
        {"a byte order mark in the header", forge(claims(), "\xef\xbb\xbf{\"alg\":\"HS256\"}")},
        {"a header with something behind it", forge(claims(), R"({"alg":"HS256"}{})")},
        {"a header of nested arrays",
            forge(claims(), R"({"alg":"HS256","x":)" + of_length(400, '[') + of_length(400, ']') + "}")},
    });
}

/// Rotation: both keys while they overlap, then only the new one; a key that is not there yet is none.
TEST(ForeignTokens, OfKeysThatAreGoneOrNotYetThereAreRefused)
{
    std::string const old_secret = of_length(32, 'o');
    std::string const new_secret = of_length(32, 'n');
    auto const signed_with = [](std::string const& kid, std::string const& key) {
        return forge(claims(), R"({"alg":"HS256","kid":")" + kid + "\"}", key);
    };
    auto const verifier = [](std::vector<token_key> keys) {
        return token_verifier({{"https://booking.example", std::move(keys)}}, "rendezvous");
    };
    token_key const before{token_algorithm::hs256, "old", old_secret};
    token_key const after{token_algorithm::hs256, "new", new_secret};
    struct row {
        char const* what;
        std::vector<token_key> keys;
        bool takes_old;
        bool takes_new;
    };
    for (auto const& [what, keys, takes_old, takes_new] : std::vector<row>{{"before", {before}, true, false},
             {"overlap", {before, after}, true, true}, {"after", {after}, false, true}}) {
        EXPECT_EQ(verifier(keys).verify(signed_with("old", old_secret), testing::now()).has_value(), takes_old) << what;
        EXPECT_EQ(verifier(keys).verify(signed_with("new", new_secret), testing::now()).has_value(), takes_new) << what;
        EXPECT_FALSE(verifier(keys).verify(signed_with("old", new_secret), testing::now())) << what;
        EXPECT_FALSE(verifier(keys).verify(signed_with("new", old_secret), testing::now())) << what;
        EXPECT_FALSE(verifier(keys).verify(signed_with("evil", of_length(32, 'e')), testing::now())) << what;
    }
}

TEST(ForeignTokens, OfAnotherTimeAreGoodForNothingOrForASeat)
{
    auto const ending = [](std::int64_t offset_s) {
        return forge(claims(",\"exp\":" + std::to_string(now_s + offset_s), "exp"));
    };
    auto const verifier = testing::make_verifier();
    for (auto const offset : {1, 0, -31, -59}) {
        auto const answer = verifier.verify(ending(offset), testing::now());
        ASSERT_TRUE(answer) << offset;
        EXPECT_FALSE(answer->expired) << offset << ": within the leeway";
    }
    for (auto const offset : {-60, -61, -3'600, -14'400}) {
        auto const answer = verifier.verify(ending(offset), testing::now());
        ASSERT_TRUE(answer) << offset;
        EXPECT_TRUE(answer->expired) << offset << ": for the seat it was taken with";
    }
    for (auto const offset : {-14'401, -86'400, -1'795'000'000})
        EXPECT_EQ(verifier.verify(ending(offset), testing::now()).error(), base::errc::token_expired) << offset;
}

} // namespace
} // namespace rendezvous::auth
