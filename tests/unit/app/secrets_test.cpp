#include "app/issuers.hpp"
#include "app/secrets.hpp"

#include "app/certificate.hpp"
#include "folder.hpp"

#include "support/key_pair.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sys/stat.h>
#include <thread>

namespace rendezvous::app {
namespace {

using namespace std::chrono_literals;

std::string const long_secret = "a secret that is long enough for it";

base::utc_time now()
{
    return base::utc_time{1'795'183'200s};
}

std::string error_of(std::filesystem::path const& file)
{
    try {
        read_secret(file, {});
    } catch (config_error const& error) {
        return error.what();
    }
    return "accepted";
}

TEST(Secrets, LoseOneLineEnd)
{
    testing::folder const here;
    EXPECT_EQ(read_secret(here.write("a", "secret"), {}).bytes, "secret");
    EXPECT_EQ(read_secret(here.write("a", "secret\n"), {}).bytes, "secret");
    EXPECT_EQ(read_secret(here.write("a", "secret\r\n"), {}).bytes, "secret");
    EXPECT_EQ(read_secret(here.write("a", " secret \n\n"), {}).bytes, " secret \n");
}

TEST(Secrets, WarnWhenOthersMayReadThem)
{
    testing::folder const here;
    auto const file = here.write("a", "secret");
    EXPECT_FALSE(read_secret(file, {}).warning);
    for (auto const mode : {0640, 0604, 0660}) {
        std::filesystem::permissions(file, static_cast<std::filesystem::perms>(mode));
        auto const read = read_secret(file, {});
        ASSERT_TRUE(read.warning) << mode;
        EXPECT_NE(read.warning->find("chmod 600"), std::string::npos) << *read.warning;
    }
}

TEST(Secrets, AreRefusedWithTheReason)
{
    testing::folder const here;
    EXPECT_NE(error_of(here / "none").find("No such file"), std::string::npos);
    EXPECT_NE(error_of(here.write("empty", "\n")).find("is empty"), std::string::npos);
    EXPECT_NE(error_of(here.write("big", std::string(70'000, 'x'))).find("64 KiB"), std::string::npos);
    EXPECT_NE(error_of(here.path()).find("no regular file"), std::string::npos);
    ASSERT_EQ(::mkfifo((here / "pipe").c_str(), 0600), 0);
    EXPECT_NE(error_of(here / "pipe").find("no regular file"), std::string::npos);
}

TEST(Secrets, ComeFromSystemdFirstWhenNamedWithoutFolder)
{
    testing::folder const credentials;
    testing::folder const here;
    credentials.write("rendezvous-test.secret", "from systemd");
    EXPECT_EQ(read_secret("rendezvous-test.secret", credentials.path()).bytes, "from systemd");
    auto const file = here.write("rendezvous-test.secret", "from the folder");
    EXPECT_EQ(read_secret(file, credentials.path()).bytes, "from the folder");
    EXPECT_THROW(read_secret("rendezvous-test.secret", {}), config_error);
}

TEST(SigningKey, IsMadeOnceAndKept)
{
    testing::folder const here;
    auto const file = here / "var/rendezvous.key";
    auto const made = load_or_make_signing_key(file);
    EXPECT_EQ(made.size(), 32U);
    EXPECT_EQ(testing::mode_of(file), 0600U);
    EXPECT_EQ(load_or_make_signing_key(file), made);
    EXPECT_EQ(testing::read_file(file), made);
    auto const entries = std::filesystem::directory_iterator(here / "var");
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
    EXPECT_NE(load_or_make_signing_key(here / "other.key"), made);
}

TEST(SigningKey, IsTheSameForAllWhoStartAtOnce)
{
    testing::folder const here;
    std::vector<std::string> seen(8);
    std::vector<std::thread> threads;
    for (auto& one : seen) threads.emplace_back([&one, &here] { one = load_or_make_signing_key(here / "r.key"); });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 1U);
}

TEST(SigningKey, IsNotUsedWhenBrokenAndClosedWhenOpen)
{
    testing::folder const here;
    EXPECT_THROW(load_or_make_signing_key(here.write("short", std::string(31, 'k'))), config_error);
    auto const file = here.write("open", std::string(32, 'k'));
    std::filesystem::permissions(file, static_cast<std::filesystem::perms>(0644));
    EXPECT_EQ(load_or_make_signing_key(file), std::string(32, 'k'));
    EXPECT_EQ(testing::mode_of(file), 0600U);
}

TEST(Issuers, AreThoseOfTheConfigurationAndOurselves)
{
    testing::folder const here;
    config settings;
    settings.auth.issuers.push_back(
        {"https://booking.example", {"HS256"}, here.write("b", long_secret + "\n"), {}, {}, ""});
    auto const issuers = load_issuers(settings, std::string(32, 'k'));
    ASSERT_EQ(issuers.size(), 2U);
    EXPECT_EQ(issuers[0].issuer, "https://localhost:8443");
    EXPECT_EQ(issuers[0].keys.at(0).secret, std::string(32, 'k'));
    EXPECT_EQ(issuers[1].issuer, "https://booking.example");
    EXPECT_EQ(issuers[1].keys.at(0).secret, long_secret);
    here.write("b", std::string(31, 'x') + "\n");
    EXPECT_THROW(load_issuers(settings, std::string(32, 'k')), config_error);
}

/// What `load_issuers` says against an issuer with that change.
std::string refusal_of(void (*change)(issuer_config&, std::filesystem::path const&), std::string const& content)
{
    testing::folder const here;
    config settings;
    settings.auth.issuers.push_back({"https://a.example", {}, {}, {}, {}, ""});
    change(settings.auth.issuers.back(), here.write("k", content));
    config_findings found;
    check_issuer(settings, settings.auth.issuers.back(), found);
    try {
        load_issuers(settings, std::string(32, 'k'));
        EXPECT_TRUE(found.problems.empty()) << found.problems.front();
        return "";
    } catch (config_error const& e) {
        EXPECT_EQ(found.problems, std::vector<std::string>{e.what()});
        return e.what();
    }
}

void as_pem(issuer_config& to, std::filesystem::path const& file)
{
    to.public_key_file = file;
}
void as_ec_pem(issuer_config& to, std::filesystem::path const& file)
{
    to.public_key_file = file;
    to.algorithms = {"ES256"};
}
void as_set(issuer_config& to, std::filesystem::path const& file)
{
    to.jwks_file = file;
}

TEST(Issuers, HaveTheirPublicKeysFromFiles)
{
    auto const rsa = test::key_pair::rsa();
    auto const set = [](std::string const& keys) { return R"({"keys":[)" + keys + "]}\n"; };
    EXPECT_EQ(refusal_of(as_pem, rsa.pem()), "");
    EXPECT_EQ(refusal_of(as_set, set(rsa.jwk("a"))), "");
    EXPECT_EQ(refusal_of(as_set, set(rsa.jwk("a") + R"(,{"kty":"oct","k":"AA"})")), "");
    auto const says = [](std::string const& said, std::string const& words) {
        return said.find(words) != std::string::npos;
    };
    EXPECT_TRUE(says(refusal_of(as_pem, rsa.private_pem()), "k: auth.issuer.public_key_file: no public key"));
    EXPECT_TRUE(says(refusal_of(as_pem, test::key_pair::rsa(1024).pem()), "2048 bits"));
    EXPECT_TRUE(says(refusal_of(as_ec_pem, rsa.pem()), "one for RS256, which is not among"));
    EXPECT_TRUE(says(refusal_of(as_set, rsa.pem()), "no set of keys"));
    EXPECT_TRUE(says(refusal_of(as_set, set(R"({"kty":"oct","k":"AA"})")), "none of the keys"));
    EXPECT_TRUE(says(refusal_of(as_set, set(rsa.jwk("a") + "," + test::key_pair::ec().jwk("a"))), "two of one kid"));
    EXPECT_TRUE(says(refusal_of(as_set, std::string(10'000'000, ' ')), "larger than 256 KiB"));
    EXPECT_TRUE(says(refusal_of(as_set, ""), "is empty"));
}

TEST(TurnSecret, IsEmptyWithoutAFile)
{
    testing::folder const here;
    config settings;
    EXPECT_EQ(load_turn_secret(settings), "");
    settings.turn.secret_file = here.write("t", "north\n");
    EXPECT_EQ(load_turn_secret(settings), "north");
}

class ValidateConfig : public ::testing::Test {
protected:
    ValidateConfig()
    {
        settings.tls = {here / "cert.pem", here / "key.pem"};
        settings.storage.url = "sqlite:" + (here / "var/rendezvous.db").string();
        settings.server.control_socket = here / "var/control.sock";
        settings.turn.uris = {"stun:turn.example:3478"};
        ensure_development_certificate(settings.tls.certificate, settings.tls.key, "localhost", now());
    }

    /// All problems, one a line.
    std::string problems(base::utc_time at = now()) const
    {
        std::string out;
        for (auto const& line : validate_config(settings, at).problems) out += line + "\n";
        return out;
    }
    std::string warnings(base::utc_time at = now()) const
    {
        std::string out;
        for (auto const& line : validate_config(settings, at).warnings) out += line + "\n";
        return out;
    }

    testing::folder here;
    config settings;
};

TEST_F(ValidateConfig, FindsNothingInAGoodOne)
{
    EXPECT_EQ(problems(), "");
    EXPECT_EQ(warnings(), "");
    EXPECT_FALSE(std::filesystem::exists(here / "var"));
}

TEST_F(ValidateConfig, FindsCertificatesAndSecretsThatAreMissing)
{
    settings.tls.certificate = here / "none.pem";
    settings.auth.issuers.push_back({"https://a.example", {"HS256"}, here / "none.secret", {}, {}, ""});
    settings.auth.issuers.push_back({"https://b.example", {"HS256"}, here.write("b", "short"), {}, {}, ""});
    auto const found = problems();
    EXPECT_NE(found.find("tls.certificate: "), std::string::npos) << found;
    EXPECT_NE(found.find("none.secret: cannot be read"), std::string::npos) << found;
    EXPECT_NE(found.find("less than 32 bytes"), std::string::npos) << found;
    EXPECT_EQ(std::count(found.begin(), found.end(), '\n'), 3) << found;
    EXPECT_EQ(found.find("short\n"), std::string::npos) << found;
}

TEST_F(ValidateConfig, FindsTurnServersWithoutSecret)
{
    settings.turn.uris = {"turn:turn.example:3478"};
    EXPECT_TRUE(problems().starts_with("turn.secret_file: "));
    settings.turn.secret_file = here.write("t", "north");
    EXPECT_EQ(problems(), "");
    settings.turn.uris = {"stun:turn.example:3478"};
    settings.turn.relay_only = true;
    EXPECT_TRUE(problems().starts_with("turn.relay_only: "));
}

TEST_F(ValidateConfig, FindsFoldersThatAreNone)
{
    here.write("file", "");
    settings.storage.url = "sqlite:" + (here / "file/rendezvous.db").string();
    EXPECT_TRUE(problems().starts_with("storage.url: ")) << problems();
}

TEST_F(ValidateConfig, WarnsOfWhatSomebodyShouldKnow)
{
    settings.turn.uris.clear();
    EXPECT_TRUE(warnings().starts_with("turn.uris: empty"));
    settings.turn.uris = {"stun:turn.example:3478"};
    std::filesystem::permissions(settings.tls.key, static_cast<std::filesystem::perms>(0644));
    EXPECT_TRUE(warnings().starts_with("tls.key: ")) << warnings();
    std::filesystem::permissions(settings.tls.key, static_cast<std::filesystem::perms>(0600));
    auto const end = certificate_end(settings.tls.certificate).value();
    EXPECT_NE(warnings(end - std::chrono::days{13}).find("ends at"), std::string::npos);
    EXPECT_EQ(problems(end - std::chrono::days{13}), "");
    EXPECT_NE(problems(end).find("has expired"), std::string::npos);
}

} // namespace
} // namespace rendezvous::app
