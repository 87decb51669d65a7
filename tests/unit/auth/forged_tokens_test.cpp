#include "forge.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
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

std::string without_signature(std::string const& token)
{
    return token.substr(0, token.rfind('.') + 1);
}

std::string with_header(std::string_view header)
{
    return forge(claims(), header);
}

std::string with_exp(std::string const& text)
{
    return forge(claims(R"(,"exp":)" + text, "exp"));
}

std::string with(std::string_view name, std::string const& text)
{
    return forge(claims(",\"" + std::string(name) + "\":" + text, name));
}

std::string at(std::int64_t offset_s)
{
    return std::to_string(now_s + offset_s);
}

std::string repeated(std::string_view text, int times)
{
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

/// The good token with one bit of its signature turned over.
std::string flipped_signature()
{
    auto token = forge(claims());
    auto const begin = token.rfind('.') + 1;
    token[begin] = token[begin] == 'A' ? 'B' : 'A';
    return token;
}

std::string swapped(std::size_t a, std::size_t b)
{
    auto const token = forge(claims());
    auto const first = token.find('.');
    auto const second = token.find('.', first + 1);
    std::vector<std::string> parts{
        token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1)};
    std::swap(parts[a], parts[b]);
    return parts[0] + "." + parts[1] + "." + parts[2];
}

/// The last character of the signature carries two bits that no byte takes; set, they make another
/// text for the same bytes.
std::string loose_tail()
{
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    auto token = forge(claims());
    token.back() = alphabet[alphabet.find(token.back()) | 1U];
    return token;
}

std::string nested()
{
    auto const inner = forge(claims());
    return forge(inner, R"({"alg":"HS256","typ":"JWT","cty":"JWT"})");
}

constexpr std::string_view public_pem = "-----BEGIN PUBLIC KEY-----\n"
                                        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9\n"
                                        "q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==\n"
                                        "-----END PUBLIC KEY-----\n";

std::vector<forged> structure()
{
    auto const good = forge(claims());
    auto const padded = good + "=";
    auto plus = forge(claims(R"(,"name":"???>>>~~~")"));
    for (char& c : plus) c = c == '_' ? '/' : c == '-' ? '+' : c;
    return {
        {"empty", ""},
        {"no dot", "abc"},
        {"one dot", "abc.def"},
        {"only dots", ".."},
        {"four dots as in a JWE", "a.b.c.d.e"},
        {"extra dot", good + "."},
        {"empty signature", without_signature(good)},
        {"signature cut", good.substr(0, good.size() - 4)},
        {"signature of another key", forge(claims(), header_hs256, "ffffffffffffffffffffffffffffffff")},
        {"signature of the empty key", forge(claims(), header_hs256, "")},
        {"signature flipped", flipped_signature()},
        {"payload changed",
            with("sub", "\"admin\"").substr(0, good.find('.')) + "." + "e30" + good.substr(good.rfind('.'))},
        {"header and payload swapped", swapped(0, 1)},
        {"payload and signature swapped", swapped(1, 2)},
        {"padded", padded},
        {"two paddings", good + "=="},
        {"plain base64 alphabet", plus + "+/"},
        {"loose last bits", loose_tail()},
        {"leading space", " " + good},
        {"trailing newline", good + "\n"},
        {"Bearer in front", "Bearer " + good},
        {"space inside", good.substr(0, 10) + " " + good.substr(10)},
        {"NUL inside", good.substr(0, 10) + std::string(1, '\0') + good.substr(10)},
        {"one megabyte", std::string(1'048'576, 'A')},
        {"one megabyte of dots", std::string(1'048'576, '.')},
        {"one megabyte with a good signature", forge(claims(R"(,"pad":")" + std::string(750'000, 'x') + "\""))},
        {"just beyond 4 KiB", forge(claims(R"(,"pad":")" + std::string(3'000, 'x') + "\""))},
        {"nested token", nested()},
        {"payload is a token", forge(forge(claims()))},
        {"payload is an array", forge("[" + claims() + "]")},
        {"payload is a text", forge("\"x\"")},
        {"payload empty", forge("")},
        {"payload with a byte order mark", forge("\xEF\xBB\xBF" + claims())},
        {"payload with something behind", forge(claims() + "{}")},
        {"payload with a comment", forge("{/**/" + claims().substr(1))},
        {"payload not UTF-8", forge(claims(",\"name\":\"\xC3\x28\""))},
        {"payload with NaN", forge(claims(R"(,"x":NaN)"))},
        {"payload nested deeply", forge(claims(",\"x\":" + repeated("[", 500) + repeated("]", 500)))},
        {"payload never closed", forge(repeated("[", 2'500))},
    };
}

std::vector<forged> headers()
{
    auto const with_more = [](std::string const& more) { return with_header(R"({"alg":"HS256",)" + more + "}"); };
    return {
        {"alg none", with_header(R"({"alg":"none","typ":"JWT"})")},
        {"alg none without signature", without_signature(with_header(R"({"alg":"none"})"))},
        {"alg None", with_header(R"({"alg":"None"})")},
        {"alg nOnE", without_signature(with_header(R"({"alg":"nOnE"})"))},
        {"alg missing", with_header(R"({"typ":"JWT"})")},
        {"alg empty", with_header(R"({"alg":""})")},
        {"alg null", with_header(R"({"alg":null})")},
        {"alg an array", with_header(R"({"alg":["HS256"]})")},
        {"alg lower case", with_header(R"({"alg":"hs256"})")},
        {"alg with NUL", with_header(R"({"alg":"HS256\u0000"})")},
        {"alg HS384 with the right key", with_header(R"({"alg":"HS384"})")},
        {"alg RS256 with the HS key", with_header(R"({"alg":"RS256","typ":"JWT"})")},
        {"alg ES256 with the HS key", with_header(R"({"alg":"ES256"})")},
        {"HS256 signed with a public key", forge(claims(), header_hs256, public_pem)},
        {"alg twice", with_header(R"({"alg":"none","alg":"HS256"})")},
        {"alg twice, escaped", with_header(R"({"alg":"HS256","\u0061lg":"HS256"})")},
        {"typ of another kind", with_more(R"("typ":"refresh+jwt")")},
        {"typ a number", with_more(R"("typ":1)")},
        {"cty nested", with_more(R"("cty":"JWT")")},
        {"crit", with_more(R"("crit":["exp"])")},
        {"crit empty", with_more(R"("crit":[])")},
        {"b64 false", with_more(R"("b64":false,"crit":["b64"])")},
        {"jku", with_more(R"("jku":"http://127.0.0.1:9/keys")")},
        {"x5u", with_more(R"("x5u":"http://127.0.0.1:9/cert")")},
        {"x5c", with_more(R"("x5c":["AAAA"])")},
        {"jwk embedded", with_more(R"("jwk":{"kty":"oct","k":"AAAA"})")},
        {"zip", with_more(R"("zip":"DEF")")},
        {"enc", with_more(R"("enc":"A256GCM")")},
        {"kid a path", with_more(R"("kid":"../../dev/null")")},
        {"kid an absolute path", with_more(R"("kid":"/proc/self/environ")")},
        {"kid a path signed with nothing", forge(claims(), R"({"alg":"HS256","kid":"../../dev/null"})", "")},
        {"kid SQL", with_more(R"("kid":"x' UNION SELECT 'key' --")")},
        {"kid a number", with_more(R"("kid":1)")},
        {"kid empty", with_more(R"("kid":"")")},
        {"kid long", with_more(R"("kid":")" + std::string(129, 'k') + "\"")},
        {"header an array", with_header("[]")},
        {"header empty", with_header("")},
        {"header not JSON", with_header("alg=HS256")},
    };
}

std::vector<forged> times()
{
    return {
        {"exp missing", forge(claims("", "exp"))},
        {"exp a text", with_exp("\"" + at(900) + "\"")},
        {"exp a float", with_exp(at(900) + ".5")},
        {"exp a whole float", with_exp(at(900) + ".0")},
        {"exp with exponent", with_exp("2e9")},
        {"exp 1e308", with_exp("1e308")},
        {"exp 1e999", with_exp("1e999")},
        {"exp negative", with_exp("-1")},
        {"exp null", with_exp("null")},
        {"exp true", with_exp("true")},
        {"exp an array", with_exp("[" + at(900) + "]")},
        {"exp in milliseconds", with_exp(at(900) + "000")},
        {"exp beyond 63 bits", with_exp("9223372036854775808")},
        {"exp beyond 64 bits", with_exp("18446744073709551616")},
        {"exp in ten years", with_exp(at(10LL * 366 * 86'400))},
        {"exp twice", forge(claims(R"(,"exp":)" + at(1'000)))},
        {"nbf in 61 seconds", with("nbf", at(61))},
        {"nbf a text", with("nbf", "\"0\"")},
        {"nbf a float", with("nbf", "0.5")},
        {"nbf null", with("nbf", "null")},
        {"iat in 61 seconds", with("iat", at(61))},
        {"iat negative", with("iat", "-1")},
        {"iat a text", with("iat", "\"" + at(0) + "\"")},
    };
}

std::vector<forged> claims_of_people()
{
    std::string many = "[";
    for (int i = 0; i < 65; ++i) many += (i ? ",\"" : "\"") + std::to_string(i) + "\"";
    many += "]";
    return {
        {"iss missing", forge(claims("", "iss"))},
        {"iss unknown", with("iss", "\"https://evil.example\"")},
        {"iss with final slash", with("iss", "\"https://booking.example/\"")},
        {"iss in capitals", with("iss", "\"https://BOOKING.example\"")},
        {"iss of another issuer", with("iss", "\"https://other.example\"")},
        {"iss an array", with("iss", R"(["https://booking.example"])")},
        {"iss null", with("iss", "null")},
        {"iss twice", forge(claims(R"(,"iss":"https://other.example")"))},
        {"aud missing", forge(claims("", "aud"))},
        {"aud of another", with("aud", "\"billing\"")},
        {"aud a prefix", with("aud", "\"rendez\"")},
        {"aud longer", with("aud", "\"rendezvous2\"")},
        {"aud in capitals", with("aud", "\"Rendezvous\"")},
        {"aud with NUL", with("aud", R"("rendezvous\u0000")")},
        {"aud a list without us", with("aud", R"(["billing","rendezvous2"])")},
        {"aud an empty list", with("aud", "[]")},
        {"aud a list with a number", with("aud", R"(["rendezvous",1])")},
        {"aud a list in a list", with("aud", R"([["rendezvous"]])")},
        {"aud an object", with("aud", R"({"rendezvous":true})")},
        {"aud null", with("aud", "null")},
        {"sub missing", forge(claims("", "sub"))},
        {"sub empty", with("sub", "\"\"")},
        {"sub a number", with("sub", "7")},
        {"sub with NUL", with("sub", R"("user\u0000-7")")},
        {"sub with space", with("sub", "\"user 7\"")},
        {"sub of look-alike letters", with("sub", "\"us\u0435r-7\"")},
        {"sub long", with("sub", "\"" + std::string(256, 'u') + "\"")},
        {"sub twice", forge(claims(R"(,"sub":"admin")"))},
        {"sub twice, escaped", forge(claims(R"(,"s\u0075b":"admin")"))},
        {"role missing", forge(claims("", "role"))},
        {"role unknown", with("role", "\"supervisor\"")},
        {"role in capitals", with("role", "\"Doctor\"")},
        {"role a list of unknown ones", with("role", R"(["Doctor","superuser"])")},
        {"role an empty list", with("role", "[]")},
        {"role an object", with("role", R"({"doctor":true})")},
        {"role null", with("role", "null")},
        {"role twice", forge(claims(R"(,"role":"admin")"))},
        {"appointment a number", with("appointment", "7")},
        {"appointment an object", with("appointment", R"({"id":"A-1"})")},
        {"appointment null", with("appointment", "null")},
        {"appointment empty", with("appointment", "\"\"")},
        {"appointment a path", with("appointment", "\"../A-1\"")},
        {"appointment two dots", with("appointment", "\"..\"")},
        {"appointment a list with a number", with("appointment", R"(["A-1",7])")},
        {"appointment a list with a bad id", with("appointment", R"(["A-1","a b"])")},
        {"appointment a list of 65", with("appointment", many)},
        {"name a number", with("name", "7")},
        {"locale a list", with("locale", "[]")},
        {"jti a number", with("jti", "7")},
        {"jti empty", with("jti", "\"\"")},
        {"jti long", with("jti", "\"" + std::string(129, 'j') + "\"")},
        {"scope a list", with("scope", R"(["call"])")},
        {"scope with two spaces", with("scope", "\"call  chat\"")},
        {"a claim twice inside another", forge(claims(R"(,"x":{"a":1,"a":2})"))},
    };
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

// What the tables vary is good: else they would all be refused for the same unrelated reason.
TEST(ForgedTokens, StartFromTokensThatAreAccepted)
{
    auto const verifier = testing::make_verifier();
    EXPECT_TRUE(verifier.verify(forge(claims()), testing::now()));
    EXPECT_TRUE(verifier.verify(with_exp(at(900)), testing::now()));
    EXPECT_TRUE(verifier.verify(with("aud", R"(["billing","rendezvous"])"), testing::now()));
    EXPECT_TRUE(verifier.verify(with_header(R"({"alg":"HS256","kid":"2026-11"})"), testing::now()));
    EXPECT_TRUE(verifier.verify(forge(claims(R"(,"pad":")" + std::string(2'700, 'x') + "\"")), testing::now()));
    EXPECT_TRUE(verifier.verify(forge(claims(R"(,"x":{"a":[{}]})")), testing::now()));
}

TEST(ForgedTokens, AreRefusedForTheirStructure)
{
    expect_all_refused(structure());
}

TEST(ForgedTokens, AreRefusedForTheirHeader)
{
    expect_all_refused(headers());
}

TEST(ForgedTokens, AreRefusedForTheirTimes)
{
    expect_all_refused(times());
}

TEST(ForgedTokens, AreRefusedForTheirClaims)
{
    expect_all_refused(claims_of_people());
}

TEST(ForgedTokens, AreRefusedWithEveryCharacterChanged)
{
    auto const verifier = testing::make_verifier();
    auto const good = forge(claims());
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto changed = good;
        changed[i] = changed[i] == 'x' ? 'y' : 'x';
        auto const answer = verifier.verify(changed, testing::now());
        EXPECT_TRUE(answer.has_error()) << "character " << i;
    }
}

TEST(ForgedTokens, AreRefusedWhereverTheyAreCut)
{
    auto const verifier = testing::make_verifier();
    auto const good = forge(claims());
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_TRUE(verifier.verify(good.substr(0, size), testing::now()).has_error()) << size;
}

} // namespace
} // namespace rendezvous::auth
