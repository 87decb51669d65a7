#include "issuers.hpp"

#include "rendezvous/auth/jwks.hpp"
#include "secrets.hpp"

#include <algorithm>

namespace rendezvous::app {
namespace {

[[noreturn]] void refuse(std::filesystem::path const& file, std::string const& key, std::string const& why)
{
    throw config_error(file.string() + ": auth.issuer." + key + ": " + why);
}

/// What may be wanted of public keys; an issuer without a word takes both kinds.
std::vector<auth::token_algorithm> wanted_by(issuer_config const& issuer)
{
    std::vector<auth::token_algorithm> out;
    for (auto const each : {auth::token_algorithm::rs256, auth::token_algorithm::es256}) {
        auto const name = auth::name_of(each);
        auto const& list = issuer.algorithms;
        if (list.empty() || std::find(list.begin(), list.end(), name) != list.end()) out.push_back(each);
    }
    return out;
}

auth::role_rules roles_of(issuer_config const& issuer)
{
    auth::role_rules out{issuer.role_claim, {}};
    for (auto const& line : issuer.role_map) {
        auto const cut = line.rfind('=');
        out.words.emplace_back(line.substr(0, cut), *call::from_word<call::role>(line.substr(cut + 1)));
    }
    return out;
}

auth::token_key shared_secret(config const& settings, issuer_config const& issuer)
{
    auto key = read_secret(issuer.secret_file, settings.credentials_directory);
    if (key.bytes.size() < auth::token_secret_bytes_min)
        refuse(issuer.secret_file, "secret_file",
            "holds less than " + std::to_string(auth::token_secret_bytes_min) + " bytes, too short for HS256");
    return {auth::token_algorithm::hs256, "", std::move(key.bytes)};
}

auth::token_key one_public_key(config const& settings, issuer_config const& issuer)
{
    auto const& file = issuer.public_key_file;
    auto key = auth::public_key::from_pem(read_public_file(file, settings.credentials_directory, 65'536));
    if (!key) refuse(file, "public_key_file", "no public key in PEM, of RSA with 2048 bits at least or EC P-256");
    auto const wanted = wanted_by(issuer);
    auto const algorithm = key->algorithm();
    if (std::find(wanted.begin(), wanted.end(), algorithm) == wanted.end())
        refuse(file, "public_key_file",
            "this key is one for " + std::string(auth::name_of(algorithm)) + ", which is not among the algorithms");
    return {algorithm, "", {}, std::move(key)};
}

std::vector<auth::token_key> set_of_keys(config const& settings, issuer_config const& issuer)
{
    auto const& file = issuer.jwks_file;
    auto const text = read_public_file(file, settings.credentials_directory, auth::jwks_bytes_max);
    auto set = auth::parse_jwks(text, wanted_by(issuer));
    if (!set)
        refuse(file, "jwks_file",
            "no set of keys (RFC 7517) that can be used: not JSON as it should be, more than "
                + std::to_string(auth::jwks_keys_max) + " keys, or two of one kid");
    if (set->keys.empty())
        refuse(file, "jwks_file", "none of the keys is one for signatures with the algorithms of this issuer");
    return std::move(set->keys);
}

std::vector<auth::token_key> keys_of(config const& settings, issuer_config const& issuer)
{
    if (!issuer.secret_file.empty()) return {shared_secret(settings, issuer)};
    if (!issuer.public_key_file.empty()) return {one_public_key(settings, issuer)};
    if (!issuer.jwks_file.empty()) return set_of_keys(settings, issuer);
    return {};
}

} // namespace

std::vector<auth::token_issuer> load_issuers(config const& settings, std::string const& signing_key)
{
    std::vector<auth::token_issuer> out;
    out.push_back({settings.server.public_url, {{auth::token_algorithm::hs256, "", signing_key}}});
    for (auto const& issuer : settings.auth.issuers)
        out.push_back({issuer.issuer, keys_of(settings, issuer), roles_of(issuer), !issuer.jwks_url.empty()});
    return out;
}

std::vector<published_keys::source> key_sources(config const& settings)
{
    std::vector<published_keys::source> out;
    for (auto const& issuer : settings.auth.issuers)
        if (!issuer.jwks_url.empty()) out.push_back({issuer.issuer, issuer.jwks_url, wanted_by(issuer)});
    return out;
}

void check_issuer(config const& settings, issuer_config const& issuer, config_findings& to)
{
    try {
        keys_of(settings, issuer);
        if (issuer.secret_file.empty()) return;
        auto const read = read_secret(issuer.secret_file, settings.credentials_directory);
        if (read.warning) to.warnings.push_back("auth.issuer.secret_file: " + *read.warning);
    } catch (config_error const& error) {
        to.problems.emplace_back(error.what());
    }
}

} // namespace rendezvous::app
