#pragma once

#include "rendezvous/base/ids.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rendezvous::test {

/// A key pair as an issuer has it: signs tokens, and publishes its public half.
class key_pair {
public:
    static key_pair rsa(unsigned bits = 2048) { return key_pair(EVP_RSA_gen(bits)); }
    static key_pair ec(char const* curve = "P-256") { return key_pair(EVP_EC_gen(curve)); }

    bool is_rsa() const { return EVP_PKEY_is_a(key_.get(), "RSA") == 1; }

    std::string pem() const
    {
        return written([this](BIO* to) { PEM_write_bio_PUBKEY(to, key_.get()); });
    }
    std::string private_pem() const
    {
        return written(
            [this](BIO* to) { PEM_write_bio_PrivateKey(to, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    }

    std::string number(char const* name) const
    {
        BIGNUM* read = nullptr;
        if (EVP_PKEY_get_bn_param(key_.get(), name, &read) != 1) throw std::runtime_error(name);
        std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> const value(read, BN_free);
        std::string out(static_cast<std::size_t>(BN_num_bytes(read)), '\0');
        BN_bn2bin(read, reinterpret_cast<unsigned char*>(out.data()));
        return out;
    }
    std::string coordinate(char const* name) const
    {
        auto out = number(name);
        return std::string(32 - out.size(), '\0') + out;
    }
    std::string n() const { return number(OSSL_PKEY_PARAM_RSA_N); }
    std::string e() const { return number(OSSL_PKEY_PARAM_RSA_E); }
    std::string x() const { return coordinate(OSSL_PKEY_PARAM_EC_PUB_X); }
    std::string y() const { return coordinate(OSSL_PKEY_PARAM_EC_PUB_Y); }

    /// The public half as a JWK; `more` stands in it as well (`,"use":"sig"`).
    std::string jwk(std::string const& kid, std::string const& more = "") const
    {
        auto const named = kid.empty() ? std::string() : R"("kid":")" + kid + R"(",)";
        if (is_rsa())
            return "{" + named + R"("kty":"RSA","n":")" + base::base64url(n()) + R"(","e":")" + base::base64url(e())
                   + "\"" + more + "}";
        return "{" + named + R"("kty":"EC","crv":"P-256","x":")" + base::base64url(x()) + R"(","y":")"
               + base::base64url(y()) + "\"" + more + "}";
    }

    /// RS256, or ES256 as r and s.
    std::string sign(std::string_view bytes) const
    {
        auto const out = sign_der(bytes);
        if (is_rsa()) return out;
        auto const* at = reinterpret_cast<unsigned char const*>(out.data());
        std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> const both(
            d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(out.size())), ECDSA_SIG_free);
        std::string raw(64, '\0');
        auto* const to = reinterpret_cast<unsigned char*>(raw.data());
        BN_bn2binpad(ECDSA_SIG_get0_r(both.get()), to, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(both.get()), to + 32, 32);
        return raw;
    }
    /// As OpenSSL gives it: RSA PKCS #1 v1.5 or, `pss`, PSS; ECDSA in DER.
    std::string sign_der(std::string_view bytes, bool pss = false) const
    {
        std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> const ctx(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        EVP_PKEY_CTX* how = nullptr;
        auto const* from = reinterpret_cast<unsigned char const*>(bytes.data());
        std::size_t size = 0;
        if (EVP_DigestSignInit(ctx.get(), &how, EVP_sha256(), nullptr, key_.get()) != 1)
            throw std::runtime_error("signing");
        if (pss) EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING);
        EVP_DigestSign(ctx.get(), nullptr, &size, from, bytes.size());
        std::string out(size, '\0');
        if (EVP_DigestSign(ctx.get(), reinterpret_cast<unsigned char*>(out.data()), &size, from, bytes.size()) != 1)
            throw std::runtime_error("signing");
        out.resize(size);
        return out;
    }

    /// A token with that header and payload.
    std::string token(std::string_view header, std::string_view payload) const
    {
        auto const input = base::base64url(header) + "." + base::base64url(payload);
        return input + "." + base::base64url(sign(input));
    }

private:
    explicit key_pair(EVP_PKEY* made) : key_(made, EVP_PKEY_free)
    {
        if (!made) throw std::runtime_error("no key");
    }
    template <class Write>
    static std::string written(Write write)
    {
        std::unique_ptr<BIO, int (*)(BIO*)> const to(BIO_new(BIO_s_mem()), BIO_free);
        write(to.get());
        char* data = nullptr;
        auto const size = BIO_get_mem_data(to.get(), &data);
        return {data, static_cast<std::size_t>(size)};
    }

    std::shared_ptr<EVP_PKEY> key_;
};

} // namespace rendezvous::test
