#include "app/certificate.hpp"

#include "folder.hpp"

#include <gtest/gtest.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

namespace rendezvous::app {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::days year{365};

base::utc_time now()
{
    return base::utc_time{1'795'183'200s};
}

struct x509_deleter {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
using x509_ptr = std::unique_ptr<X509, x509_deleter>;

x509_ptr read(std::filesystem::path const& file)
{
    std::unique_ptr<BIO, int (*)(BIO*)> const in(BIO_new_file(file.c_str(), "r"), BIO_free);
    return x509_ptr(in ? PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr) : nullptr);
}

class Certificate : public ::testing::Test {
protected:
    bool ensure(std::string const& host, base::utc_time at = now())
    {
        return ensure_development_certificate(certificate, key, host, at);
    }

    testing::folder here;
    std::filesystem::path certificate = here / "var/cert.pem";
    std::filesystem::path key = here / "var/key.pem";
};

TEST_F(Certificate, CoversItsHostAndThisMachine)
{
    EXPECT_TRUE(ensure("calls.clinic.example"));
    auto const made = read(certificate);
    ASSERT_TRUE(made);
    for (auto const* name : {"calls.clinic.example", "localhost"})
        EXPECT_EQ(X509_check_host(made.get(), name, 0, 0, nullptr), 1) << name;
    for (auto const* address : {"127.0.0.1", "::1"}) EXPECT_EQ(X509_check_ip_asc(made.get(), address, 0), 1) << address;
    EXPECT_EQ(X509_check_host(made.get(), "other.example", 0, 0, nullptr), 0);
    EXPECT_EQ(X509_check_ip_asc(made.get(), "192.0.2.1", 0), 0);
}

TEST_F(Certificate, CoversAnAddress)
{
    for (auto const* address : {"192.0.2.7", "2001:db8::7"}) {
        EXPECT_TRUE(ensure(address));
        EXPECT_EQ(X509_check_ip_asc(read(certificate).get(), address, 0), 1) << address;
    }
}

TEST_F(Certificate, IsAP256ServerCertificateSignedByItself)
{
    ensure("localhost");
    auto const made = read(certificate);
    auto* public_key = X509_get0_pubkey(made.get());
    EXPECT_EQ(EVP_PKEY_get_base_id(public_key), EVP_PKEY_EC);
    EXPECT_EQ(EVP_PKEY_get_bits(public_key), 256);
    EXPECT_EQ(X509_verify(made.get(), public_key), 1);
    EXPECT_EQ(X509_get_version(made.get()), X509_VERSION_3);
    EXPECT_EQ(X509_check_purpose(made.get(), X509_PURPOSE_SSL_SERVER, 0), 1);
    EXPECT_EQ(X509_check_purpose(made.get(), X509_PURPOSE_SSL_SERVER, 1), 0);
}

TEST_F(Certificate, IsValidFromNowOnAndAtMost825Days)
{
    ensure("localhost");
    auto const made = read(certificate);
    auto first = static_cast<time_t>(now().time_since_epoch() / 1s);
    EXPECT_EQ(X509_cmp_time(X509_get0_notBefore(made.get()), &first), -1);
    int days = 0;
    int seconds = 0;
    ASSERT_EQ(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(made.get()), X509_get0_notAfter(made.get())), 1);
    EXPECT_LT(days, 825);
    EXPECT_GT(days, 820);
    EXPECT_GT(certificate_end(certificate), now() + 2 * year);
}

TEST_F(Certificate, IsReadableByItsOwnerOnly)
{
    ensure("localhost");
    EXPECT_EQ(testing::mode_of(key), 0600U);
    EXPECT_EQ(testing::mode_of(certificate), 0600U);
}

TEST_F(Certificate, IsKeptWhileItIsGood)
{
    EXPECT_TRUE(ensure("calls.example"));
    auto const before = testing::read_file(certificate);
    EXPECT_FALSE(ensure("calls.example"));
    EXPECT_FALSE(ensure("localhost"));
    EXPECT_FALSE(ensure("127.0.0.1"));
    EXPECT_FALSE(ensure("calls.example", now() + 2 * year));
    EXPECT_EQ(testing::read_file(certificate), before);
}

TEST_F(Certificate, IsMadeAnewForAnotherHostOrSevenDaysBeforeItsEnd)
{
    EXPECT_TRUE(ensure("one.example"));
    EXPECT_TRUE(ensure("two.example"));
    auto const end = certificate_end(certificate).value();
    EXPECT_FALSE(ensure("two.example", end - std::chrono::days{7} - 1s));
    EXPECT_TRUE(ensure("two.example", end - std::chrono::days{7}));
}

TEST_F(Certificate, IsMadeAnewWhenTheFilesAreBroken)
{
    ensure("localhost");
    here.write("var/key.pem", "nonsense");
    EXPECT_TRUE(ensure("localhost"));
    here.write("var/cert.pem", "");
    EXPECT_TRUE(ensure("localhost"));
    EXPECT_EQ(certificate_problem(certificate, key, now()), std::nullopt);
}

TEST_F(Certificate, RefusesHostsThatAreNone)
{
    for (auto const* host : {"", "a b", "a,DNS:evil.example", "a/b", "*.example", "https://a"})
        EXPECT_THROW(ensure(host), std::runtime_error) << host;
    EXPECT_FALSE(std::filesystem::exists(certificate));
}

TEST_F(Certificate, ProblemsAreNamed)
{
    auto const problem = [&] { return certificate_problem(certificate, key, now()).value_or("none"); };
    EXPECT_TRUE(problem().starts_with("tls.certificate: ")) << problem();
    ensure("localhost");
    EXPECT_EQ(problem(), "none");
    ensure_development_certificate(here / "other.pem", here / "other.key", "localhost", now());
    EXPECT_NE(
        certificate_problem(certificate, here / "other.key", now())->find("is not the key of"), std::string::npos);
    EXPECT_NE(certificate_problem(certificate, key, now() + 3 * year)->find("has expired"), std::string::npos);
    EXPECT_NE(certificate_problem(key, key, now())->find("no PEM certificate"), std::string::npos);
    EXPECT_NE(certificate_problem(certificate, certificate, now())->find("no PEM private key"), std::string::npos);
    EXPECT_TRUE(certificate_problem(certificate, here / "none.key", now())->starts_with("tls.key: "));
}

} // namespace
} // namespace rendezvous::app
