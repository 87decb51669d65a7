#include "rendezvous/auth/public_key.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <string>

namespace rendezvous::auth {
namespace {

constexpr int rsa_bits_min = 2048; // RFC 7518 section 3.3
constexpr int rsa_bits_max = 8192; // beyond it, checking a signature costs too much
constexpr std::size_t exponent_bytes_max = 8;
constexpr std::size_t coordinate_bytes = 32;

template <class T, void (*Free)(T*)>
struct freed_by {
    void operator()(T* what) const { Free(what); }
};
template <class T, void (*Free)(T*)>
using owned = std::unique_ptr<T, freed_by<T, Free>>;
using pkey = owned<EVP_PKEY, EVP_PKEY_free>;
using context = owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using number = owned<BIGNUM, BN_free>;
using builder = owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using parameters = owned<OSSL_PARAM, OSSL_PARAM_free>;
using certificate = owned<X509, X509_free>;

struct close_bio {
    void operator()(BIO* what) const { BIO_free(what); }
};
using bio = std::unique_ptr<BIO, close_bio>;

unsigned char const* as_unsigned(std::string_view bytes)
{
    return reinterpret_cast<unsigned char const*>(bytes.data());
}

number number_of(std::string_view bytes)
{
    return number(BN_bin2bn(as_unsigned(bytes), static_cast<int>(bytes.size()), nullptr));
}

pkey make(char const* kind, OSSL_PARAM_BLD* from)
{
    parameters const values(OSSL_PARAM_BLD_to_param(from));
    context const ctx(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* made = nullptr;
    if (!values || !ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1
        || EVP_PKEY_fromdata(ctx.get(), &made, EVP_PKEY_PUBLIC_KEY, values.get()) != 1)
        return nullptr;
    return pkey(made);
}

/// The point lies on the curve and is not at infinity; modulus and exponent are plausible.
bool is_sound(EVP_PKEY* key)
{
    context const ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    return ctx && EVP_PKEY_public_check(ctx.get()) == 1;
}

bool is_p256(EVP_PKEY* key)
{
    std::array<char, 64> group{};
    std::size_t size = 0;
    return EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1
           && std::string_view(group.data(), size) == SN_X9_62_prime256v1;
}

/// r and s as OpenSSL wants them, in DER.
std::string in_der(std::string_view raw)
{
    owned<ECDSA_SIG, ECDSA_SIG_free> const both(ECDSA_SIG_new());
    auto r = number_of(raw.substr(0, coordinate_bytes));
    auto s = number_of(raw.substr(coordinate_bytes));
    if (!both || !r || !s || ECDSA_SIG_set0(both.get(), r.get(), s.get()) != 1) return {};
    static_cast<void>(r.release());
    static_cast<void>(s.release());
    unsigned char* bytes = nullptr;
    auto const size = i2d_ECDSA_SIG(both.get(), &bytes);
    if (size <= 0) return {};
    std::string out(reinterpret_cast<char const*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return out;
}

/// What OpenSSL notes about bad input must not be found by whoever looks at the queue next.
struct forget_errors {
    ~forget_errors() { ERR_clear_error(); }
};

} // namespace

struct public_key::evp {
    pkey key;
};

std::string_view name_of(token_algorithm algorithm) noexcept
{
    switch (algorithm) {
    case token_algorithm::hs256: return "HS256";
    case token_algorithm::rs256: return "RS256";
    case token_algorithm::es256: return "ES256";
    }
    return {};
}

public_key::public_key(std::unique_ptr<evp> key, token_algorithm algorithm)
    : key_(std::move(key)),
      algorithm_(algorithm)
{}

public_key::~public_key() = default;

std::shared_ptr<public_key const> public_key::checked(std::unique_ptr<evp> key)
{
    auto* const raw = key->key.get();
    if (!raw) return nullptr;
    auto algorithm = token_algorithm::rs256;
    auto const bits = EVP_PKEY_get_bits(raw);
    if (EVP_PKEY_is_a(raw, "RSA")) {
        if (bits < rsa_bits_min || bits > rsa_bits_max) return nullptr;
    } else if (EVP_PKEY_is_a(raw, "EC") && is_p256(raw)) {
        algorithm = token_algorithm::es256;
    } else {
        return nullptr;
    }
    if (!is_sound(raw)) return nullptr;
    return std::shared_ptr<public_key const>(new public_key(std::move(key), algorithm));
}

std::shared_ptr<public_key const> public_key::from_pem(std::string_view pem)
{
    forget_errors const at_the_end;
    bio const text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    pkey key(text ? PEM_read_bio_PUBKEY(text.get(), nullptr, nullptr, nullptr) : nullptr);
    if (!key && text && BIO_reset(text.get()) == 1) {
        certificate const wrapped(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
        key.reset(wrapped ? X509_get_pubkey(wrapped.get()) : nullptr);
    }
    return checked(std::make_unique<evp>(evp{std::move(key)}));
}

std::shared_ptr<public_key const> public_key::from_rsa(std::string_view modulus, std::string_view exponent)
{
    forget_errors const at_the_end;
    if (modulus.size() > rsa_bits_max / 8 + 1 || exponent.empty() || exponent.size() > exponent_bytes_max)
        return nullptr;
    auto const n = number_of(modulus);
    auto const e = number_of(exponent);
    // With e = 1 every message is its own signature.
    if (!n || !e || BN_is_one(e.get()) || !BN_is_odd(e.get()) || !BN_is_odd(n.get())) return nullptr;
    builder const from(OSSL_PARAM_BLD_new());
    bool const filled = from && OSSL_PARAM_BLD_push_BN(from.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1
                        && OSSL_PARAM_BLD_push_BN(from.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1;
    if (!filled) return nullptr;
    return checked(std::make_unique<evp>(evp{make("RSA", from.get())}));
}

std::shared_ptr<public_key const> public_key::from_p256(std::string_view x, std::string_view y)
{
    forget_errors const at_the_end;
    if (x.size() != coordinate_bytes || y.size() != coordinate_bytes) return nullptr;
    auto const point = std::string("\x04").append(x).append(y);
    builder const from(OSSL_PARAM_BLD_new());
    bool const filled =
        from && OSSL_PARAM_BLD_push_utf8_string(from.get(), OSSL_PKEY_PARAM_GROUP_NAME, SN_X9_62_prime256v1, 0) == 1
        && OSSL_PARAM_BLD_push_octet_string(from.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1;
    if (!filled) return nullptr;
    return checked(std::make_unique<evp>(evp{make("EC", from.get())}));
}

bool public_key::verifies(std::string_view signed_bytes, std::string_view signature) const
{
    forget_errors const at_the_end;
    std::string der;
    if (algorithm_ == token_algorithm::es256) {
        if (signature.size() != 2 * coordinate_bytes) return false;
        der = in_der(signature);
        signature = der;
    } else if (signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(key_->key.get()))) {
        return false;
    }
    owned<EVP_MD_CTX, EVP_MD_CTX_free> const ctx(EVP_MD_CTX_new());
    // PKCS #1 v1.5 is what OpenSSL takes for RSA unless told otherwise: RS256 and never PS256.
    return ctx && EVP_DigestVerifyInit(ctx.get(), nullptr, EVP_sha256(), nullptr, key_->key.get()) == 1
           && EVP_DigestVerify(
                  ctx.get(), as_unsigned(signature), signature.size(), as_unsigned(signed_bytes), signed_bytes.size())
                  == 1;
}

} // namespace rendezvous::auth
