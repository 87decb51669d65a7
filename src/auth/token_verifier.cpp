#include "rendezvous/auth/token_verifier.hpp"

#include "rendezvous/auth/hash.hpp"
#include "rendezvous/base/limits.hpp"

#include "claims.hpp"
#include "strict_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace rendezvous::auth {
namespace {

using base::errc;

/// The three parts of a JWS in compact form (RFC 7515 section 7.1), decoded.
struct compact_jws {
    std::string_view signing_input;
    std::string header;
    std::string payload;
    std::string signature;
};

std::optional<compact_jws> split(std::string_view token)
{
    auto const first = token.find('.');
    auto const second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
    auto header = base::from_base64url(token.substr(0, first));
    auto payload = base::from_base64url(token.substr(first + 1, second - first - 1));
    auto signature = base::from_base64url(token.substr(second + 1));
    if (!header || !payload || !signature || signature->empty()) return std::nullopt;
    return compact_jws{token.substr(0, second), std::move(*header), std::move(*payload), std::move(*signature)};
}

bool signature_good(token_key const& key, compact_jws const& jws)
{
    switch (key.algorithm) {
    case token_algorithm::hs256: return equal_constant_time(hmac_sha256(key.secret, jws.signing_input), jws.signature);
    case token_algorithm::rs256:
    case token_algorithm::es256: return key.verifying->verifies(jws.signing_input, jws.signature);
    }
    return false;
}

/// The one key that serves this `kid`; none if there is no such key, or several.
token_key const* choose_key(token_issuer const& issuer, std::string const& kid)
{
    token_key const* chosen = nullptr;
    for (auto const& key : issuer.keys) {
        if (!key.kid.empty() && !kid.empty() && key.kid != kid) continue;
        if (chosen) return nullptr;
        chosen = &key;
    }
    return chosen;
}

void check_key(token_key const& key, std::string const& issuer)
{
    bool const shared = key.algorithm == token_algorithm::hs256;
    if (shared && key.secret.size() < token_secret_bytes_min)
        throw std::invalid_argument(
            "the secret of issuer " + issuer + " is shorter than " + std::to_string(token_secret_bytes_min) + " bytes");
    if (!shared && (!key.verifying || key.verifying->algorithm() != key.algorithm))
        throw std::invalid_argument("a key of issuer " + issuer + " is not of its algorithm");
}

void check_issuer(token_issuer const& issuer)
{
    if (issuer.issuer.empty()) throw std::invalid_argument("an issuer has no name");
    if (issuer.keys.empty() && !issuer.publishes_keys)
        throw std::invalid_argument("issuer " + issuer.issuer + " has no key");
    for (auto const& key : issuer.keys) check_key(key, issuer.issuer);
}

/// A token taken apart, of which nothing is verified.
struct opened_token {
    compact_jws jws;
    nlohmann::json header;
    nlohmann::json claims;
    std::string kid;
    std::string issuer;
};

std::optional<opened_token> open(std::string_view token)
{
    if (token.size() > base::limits::token_bytes_max) return std::nullopt;
    auto jws = split(token);
    auto header = jws ? parse_strict_object(jws->header) : std::nullopt;
    auto claims = header ? parse_strict_object(jws->payload) : std::nullopt;
    if (!claims) return std::nullopt;
    auto const named = claims->find("iss");
    auto const* name = named == claims->end() ? nullptr : named->get_ptr<std::string const*>();
    auto kid = name ? header_kid(*header) : std::nullopt;
    if (!kid) return std::nullopt;
    auto issuer = *name;
    return opened_token{std::move(*jws), std::move(*header), std::move(*claims), std::move(*kid), std::move(issuer)};
}

} // namespace

token_verifier::token_verifier(std::vector<token_issuer> issuers, std::string audience)
    : issuers_(std::move(issuers)),
      audience_(std::move(audience))
{
    for (auto const& issuer : issuers_) {
        check_issuer(issuer);
        if (find_issuer(issuer.issuer) != &issuer)
            throw std::invalid_argument("issuer " + issuer.issuer + " is named twice");
    }
}

token_issuer const* token_verifier::find_issuer(std::string_view issuer) const
{
    auto const found = std::find_if(
        issuers_.begin(), issuers_.end(), [issuer](token_issuer const& known) { return known.issuer == issuer; });
    return found == issuers_.end() ? nullptr : &*found;
}

base::result<verified_token> token_verifier::verify(std::string_view token, base::utc_time now) const
{
    auto const opened = open(token);
    // The unverified `iss` only says which key has to fit.
    auto const* issuer = opened ? find_issuer(opened->issuer) : nullptr;
    auto const* key = issuer ? choose_key(*issuer, opened->kid) : nullptr;
    if (!key || !header_acceptable(opened->header, name_of(key->algorithm)) || !signature_good(*key, opened->jws))
        return errc::token_invalid;

    auto who = read_claims(opened->claims, audience_, issuer->roles, now);
    if (!who) return errc::token_invalid;
    who->issuer = issuer->issuer;
    if (now > who->expires_at + token_seat_extension) return errc::token_expired;
    bool const expired = now >= who->expires_at + token_leeway;
    return verified_token{std::move(*who), expired, sha256_hex(token)};
}

token_verifier token_verifier::with_keys(std::string_view issuer, std::vector<token_key> keys) const
{
    auto issuers = issuers_;
    for (auto& one : issuers)
        if (one.issuer == issuer && one.publishes_keys) one.keys = std::move(keys);
    return {std::move(issuers), audience_};
}

std::string token_verifier::issuer_to_ask(std::string_view token) const
{
    auto const opened = open(token);
    auto const* issuer = opened ? find_issuer(opened->issuer) : nullptr;
    if (!issuer || !issuer->publishes_keys) return {};
    bool const plausible = header_acceptable(opened->header, name_of(token_algorithm::rs256))
                           || header_acceptable(opened->header, name_of(token_algorithm::es256));
    auto const named = [&kid = opened->kid](token_key const& key) { return key.kid == kid; };
    bool const unknown =
        issuer->keys.empty() || (!opened->kid.empty() && std::none_of(issuer->keys.begin(), issuer->keys.end(), named));
    return plausible && unknown ? issuer->issuer : std::string{};
}

} // namespace rendezvous::auth
