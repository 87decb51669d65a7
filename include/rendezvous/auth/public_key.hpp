#pragma once

#include <memory>
#include <string_view>

namespace rendezvous::auth {

/// Signature algorithms of JWS (RFC 7518) that can be verified. `none` is none of them.
enum class token_algorithm { hs256, rs256, es256 };

/// `HS256`, `RS256`, `ES256`.
std::string_view name_of(token_algorithm algorithm) noexcept;

/// The public half of an issuer's key: RSA of 2048 to 8192 bits, which serves RS256, or a point on
/// P-256, which serves ES256. What is weaker or of another kind cannot be made.
/// Thread: any; immutable.
class public_key {
public:
    /// A PEM file (`PUBLIC KEY`, `RSA PUBLIC KEY` or a certificate, whose dates and issuer are not
    /// looked at). Null for anything else, private keys too.
    static std::shared_ptr<public_key const> from_pem(std::string_view pem);
    /// Modulus and exponent as big-endian bytes (RFC 7518 section 6.3.1), or null.
    static std::shared_ptr<public_key const> from_rsa(std::string_view modulus, std::string_view exponent);
    /// Both coordinates of a point on P-256, 32 bytes each (RFC 7518 section 6.2.1), or null.
    static std::shared_ptr<public_key const> from_p256(std::string_view x, std::string_view y);

    ~public_key();
    public_key(public_key const&) = delete;
    public_key& operator=(public_key const&) = delete;

    token_algorithm algorithm() const noexcept { return algorithm_; }
    /// ES256 signatures are r and s, 32 bytes each (RFC 7518 section 3.4); nothing else fits.
    bool verifies(std::string_view signed_bytes, std::string_view signature) const;

private:
    struct evp;
    explicit public_key(std::unique_ptr<evp> key, token_algorithm algorithm);
    static std::shared_ptr<public_key const> checked(std::unique_ptr<evp> key);

    std::unique_ptr<evp> key_;
    token_algorithm algorithm_;
};

} // namespace rendezvous::auth
