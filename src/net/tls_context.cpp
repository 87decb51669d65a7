#include "tls_context.hpp"

#include "rendezvous/net/tls.hpp"

#include <boost/system/system_error.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace rendezvous::net {
namespace {

struct file_closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
struct x509_freer {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
struct pkey_freer {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using file_handle = std::unique_ptr<std::FILE, file_closer>;

/// A key with a passphrase must not make the server ask for it on the terminal.
int no_passphrase(char*, int, int, void*)
{
    return 0;
}

constexpr unsigned char alpn_http11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_alpn(SSL*, unsigned char const** out, unsigned char* out_size, unsigned char const* offered,
    unsigned offered_size, void*)
{
    unsigned char* chosen = nullptr;
    int const outcome =
        SSL_select_next_proto(&chosen, out_size, alpn_http11, sizeof alpn_http11, offered, offered_size);
    // Who offers only other protocols goes on without one: HTTP/1.1 is then what both may assume.
    if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

} // namespace

std::optional<std::string> check_tls_files(std::string const& certificate, std::string const& key)
{
    ERR_clear_error();
    file_handle const chain(std::fopen(certificate.c_str(), "re"));
    if (!chain) return "certificate " + certificate + ": " + std::strerror(errno);
    std::unique_ptr<X509, x509_freer> const leaf(PEM_read_X509(chain.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!leaf) return "certificate " + certificate + ": no PEM certificate in it";
    file_handle const key_file(std::fopen(key.c_str(), "re"));
    if (!key_file) return "key " + key + ": " + std::strerror(errno);
    std::unique_ptr<EVP_PKEY, pkey_freer> const secret(
        PEM_read_PrivateKey(key_file.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!secret) return "key " + key + ": no PEM private key without passphrase in it";
    bool const match = X509_check_private_key(leaf.get(), secret.get()) == 1;
    ERR_clear_error();
    if (!match) return "key " + key + " does not belong to certificate " + certificate;
    if (X509_cmp_current_time(X509_get0_notAfter(leaf.get())) <= 0)
        return "certificate " + certificate + " has expired";
    return std::nullopt;
}

std::shared_ptr<boost::asio::ssl::context> make_tls_context(std::string const& certificate, std::string const& key)
{
    if (auto const reason = check_tls_files(certificate, key)) throw std::runtime_error(*reason);
    auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_server);
    auto* const raw = context->native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET
                                 | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_SINGLE_ECDH_USE);
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_cipher_list(raw,
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305");
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    // A ticket is as old as the key that sealed it: whoever gets that key reads what was said
    // before. Pages keep one connection for hours, so resumption would save them nothing.
    SSL_CTX_set_num_tickets(raw, 0);
    constexpr std::string_view session_context = "rendezvous";
    SSL_CTX_set_session_id_context(raw, reinterpret_cast<unsigned char const*>(session_context.data()),
        static_cast<unsigned>(session_context.size()));
    SSL_CTX_set_alpn_select_cb(raw, choose_alpn, nullptr);
    try {
        context->use_certificate_chain_file(certificate);
        context->use_private_key_file(key, boost::asio::ssl::context::pem);
    } catch (boost::system::system_error const& e) {
        throw std::runtime_error("certificate " + certificate + ": " + e.code().message());
    }
    return context;
}

} // namespace rendezvous::net
