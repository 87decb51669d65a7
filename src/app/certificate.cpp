#include "certificate.hpp"

#include "secrets.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace rendezvous::app {
namespace {

constexpr long days_valid = 825; // what browsers and phones still accept
constexpr std::chrono::days days_left_min{7};
constexpr std::chrono::hours start_in_past{1}; // for clocks that differ

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* object) const
    {
        Free(object);
    }
};
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using pkey_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;
using file_ptr = std::unique_ptr<std::FILE, freed_by<std::fclose>>;

void must(bool good, char const* doing)
{
    if (!good) throw std::runtime_error(std::string("certificate: OpenSSL failed at ") + doing);
}

bool is_ip(std::string const& host)
{
    std::array<unsigned char, 16> bytes{};
    return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

/// The host goes into an extension text of OpenSSL's own small language.
void check_host(std::string const& host)
{
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
    bool const name = !host.empty() && host.size() <= 253 && host.find_first_not_of(allowed) == std::string::npos;
    if (!name && !is_ip(host)) throw std::runtime_error("\"" + host + "\" is neither a host name nor an IP address");
}

x509_ptr read_certificate(std::filesystem::path const& file)
{
    bio_ptr const in(BIO_new_file(file.c_str(), "r"));
    return x509_ptr(in ? PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr) : nullptr);
}

/// OpenSSL would ask the terminal for the password of an encrypted key; a server has nobody to ask.
int no_password(char*, int, int, void*)
{
    return 0;
}

pkey_ptr read_key(std::filesystem::path const& file)
{
    bio_ptr const in(BIO_new_file(file.c_str(), "r"));
    return pkey_ptr(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr) : nullptr);
}

bool covers(X509* certificate, std::string const& host)
{
    if (is_ip(host)) return X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
    return X509_check_host(certificate, host.c_str(), host.size(), 0, nullptr) == 1;
}

base::utc_time end_of(X509 const* certificate)
{
    // Counted from 1970 by OpenSSL, without the machine's time zone.
    std::unique_ptr<ASN1_TIME, freed_by<ASN1_TIME_free>> const epoch(ASN1_TIME_set(nullptr, 0));
    int days = 0;
    int seconds = 0;
    must(ASN1_TIME_diff(&days, &seconds, epoch.get(), X509_get0_notAfter(certificate)) == 1, "reading its end");
    return base::utc_time{std::chrono::days{days} + std::chrono::seconds{seconds}};
}

bool still_good(std::filesystem::path const& certificate_file, std::filesystem::path const& key_file,
    std::string const& host, base::utc_time now)
{
    auto const certificate = read_certificate(certificate_file);
    auto const key = read_key(key_file);
    return certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1
           && covers(certificate.get(), host) && covers(certificate.get(), "localhost")
           && end_of(certificate.get()) > now + days_left_min;
}

void add_extension(X509* to, int nid, std::string const& value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, to, to, nullptr, nullptr, 0);
    extension_ptr const extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    must(extension && X509_add_ext(to, extension.get(), -1) == 1, "adding an extension");
}

std::string alternative_names(std::string const& host)
{
    std::string out;
    if (host != "localhost" && host != "127.0.0.1" && host != "::1") out = (is_ip(host) ? "IP:" : "DNS:") + host + ",";
    return out + "DNS:localhost,IP:127.0.0.1,IP:::1";
}

void set_serial(X509* certificate)
{
    std::array<unsigned char, 16> random{};
    must(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1, "drawing a serial number");
    random[0] = static_cast<unsigned char>((random[0] & 0x7f) | 0x40); // positive, and never shorter
    std::unique_ptr<BIGNUM, freed_by<BN_free>> const number(
        BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
    must(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)), "its serial number");
}

void set_names_and_time(X509* certificate, base::utc_time now)
{
    auto* name = X509_get_subject_name(certificate);
    constexpr std::string_view text = "Rendezvous development";
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<unsigned char const*>(text.data()),
             static_cast<int>(text.size()), -1, 0)
             == 1,
        "its name");
    must(X509_set_issuer_name(certificate, name) == 1, "its issuer");
    auto begin =
        static_cast<time_t>(std::chrono::floor<std::chrono::seconds>(now - start_in_past).time_since_epoch().count());
    must(X509_time_adj_ex(X509_getm_notBefore(certificate), 0, 0, &begin)
             && X509_time_adj_ex(X509_getm_notAfter(certificate), days_valid, -1, &begin),
        "its time");
}

x509_ptr make_certificate(EVP_PKEY* key, std::string const& host, base::utc_time now)
{
    x509_ptr made(X509_new());
    must(made && X509_set_version(made.get(), X509_VERSION_3) == 1, "creating");
    set_serial(made.get());
    set_names_and_time(made.get(), now);
    must(X509_set_pubkey(made.get(), key) == 1, "its key");
    add_extension(made.get(), NID_subject_alt_name, alternative_names(host));
    add_extension(made.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(made.get(), NID_ext_key_usage, "serverAuth");
    add_extension(made.get(), NID_subject_key_identifier, "hash");
    must(X509_sign(made.get(), key, EVP_sha256()) > 0, "signing");
    return made;
}

/// Writes a private file beside `file` and puts it in its place at once.
template <class Write>
void replace_file(std::filesystem::path const& file, Write const& write)
{
    make_private_folder(file.parent_path());
    auto const beside = file.string() + ".new";
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    int const fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "creating " + beside);
    file_ptr out(::fdopen(fd, "w"));
    if (!out) {
        ::close(fd);
        throw std::system_error(errno, std::generic_category(), "creating " + beside);
    }
    must(write(out.get()) == 1 && std::fflush(out.get()) == 0, "writing");
    out.reset();
    std::filesystem::rename(beside, file);
}

} // namespace

bool ensure_development_certificate(std::filesystem::path const& certificate, std::filesystem::path const& key,
    std::string const& host, base::utc_time now)
{
    check_host(host);
    if (still_good(certificate, key, host, now)) return false;
    pkey_ptr const made_key(EVP_EC_gen("P-256"));
    must(made_key != nullptr, "making a key");
    auto const made = make_certificate(made_key.get(), host, now);
    replace_file(key, [&](std::FILE* out) {
        return PEM_write_PrivateKey(out, made_key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    replace_file(certificate, [&](std::FILE* out) { return PEM_write_X509(out, made.get()); });
    return true;
}

std::optional<std::string> certificate_problem(
    std::filesystem::path const& certificate, std::filesystem::path const& key, base::utc_time now)
{
    auto const unreadable = [](std::filesystem::path const& file) -> std::optional<std::string> {
        if (::access(file.c_str(), R_OK) == 0) return std::nullopt;
        return "cannot be read: " + std::generic_category().message(errno);
    };
    if (auto const why = unreadable(certificate)) return "tls.certificate: " + certificate.string() + " " + *why;
    if (auto const why = unreadable(key)) return "tls.key: " + key.string() + " " + *why;
    auto const read = read_certificate(certificate);
    if (!read) return "tls.certificate: " + certificate.string() + " holds no PEM certificate";
    auto const read_private = read_key(key);
    if (!read_private) return "tls.key: " + key.string() + " holds no PEM private key, or one with a password";
    if (X509_check_private_key(read.get(), read_private.get()) != 1)
        return "tls.key: " + key.string() + " is not the key of " + certificate.string();
    if (end_of(read.get()) <= now) return "tls.certificate: " + certificate.string() + " has expired";
    return std::nullopt;
}

std::optional<base::utc_time> certificate_end(std::filesystem::path const& certificate)
{
    auto const read = read_certificate(certificate);
    if (!read) return std::nullopt;
    return end_of(read.get());
}

} // namespace rendezvous::app
