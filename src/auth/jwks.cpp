#include "rendezvous/auth/jwks.hpp"

#include "rendezvous/base/ids.hpp"

#include "claims.hpp"
#include "strict_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace rendezvous::auth {
namespace {

using base::errc;
using nlohmann::json;

std::string const* find_text(json const& object, char const* name)
{
    auto const found = object.find(name);
    return found == object.end() ? nullptr : found->get_ptr<std::string const*>();
}

/// A member that may be absent, but if it is there says `value`.
bool absent_or(json const& key, char const* name, std::string_view value)
{
    if (!key.contains(name)) return true;
    auto const* text = find_text(key, name);
    return text && *text == value;
}

bool may_verify(json const& key)
{
    auto const ops = key.find("key_ops");
    if (ops == key.end()) return absent_or(key, "use", "sig");
    bool const verifies = ops->is_array() && std::find(ops->begin(), ops->end(), "verify") != ops->end();
    return verifies && absent_or(key, "use", "sig");
}

std::optional<std::string> bytes_of(json const& key, char const* name)
{
    auto const* text = find_text(key, name);
    return text ? base::from_base64url(*text) : std::nullopt;
}

std::shared_ptr<public_key const> read_public(json const& key)
{
    auto const* kind = find_text(key, "kty");
    if (!kind || key.contains("d")) return nullptr; // a private key in public is nobody's any more
    if (*kind == "RSA") {
        auto const n = bytes_of(key, "n");
        auto const e = bytes_of(key, "e");
        return n && e ? public_key::from_rsa(*n, *e) : nullptr;
    }
    auto const* curve = find_text(key, "crv");
    if (*kind != "EC" || !curve || *curve != "P-256") return nullptr;
    auto const x = bytes_of(key, "x");
    auto const y = bytes_of(key, "y");
    return x && y ? public_key::from_p256(*x, *y) : nullptr;
}

std::optional<token_key> read_key(json const& key, std::vector<token_algorithm> const& wanted)
{
    if (!key.is_object() || !may_verify(key)) return std::nullopt;
    auto const kid = header_kid(key); // a name that no token may use is the name of no key
    auto made = kid ? read_public(key) : nullptr;
    if (!made || std::find(wanted.begin(), wanted.end(), made->algorithm()) == wanted.end()) return std::nullopt;
    if (!absent_or(key, "alg", name_of(made->algorithm()))) return std::nullopt;
    return token_key{made->algorithm(), *kid, {}, std::move(made)};
}

/// Every key can be told from the others by its name.
bool unambiguous(std::vector<token_key> const& keys)
{
    std::set<std::string> names;
    for (auto const& key : keys)
        if (!names.insert(key.kid).second || (key.kid.empty() && keys.size() > 1)) return false;
    return true;
}

} // namespace

base::result<key_set> parse_jwks(std::string_view text, std::vector<token_algorithm> const& wanted)
{
    if (text.size() > jwks_bytes_max) return errc::too_large;
    while (text.starts_with(' ') || text.starts_with('\n') || text.starts_with('\r') || text.starts_with('\t'))
        text.remove_prefix(1);
    auto const set = parse_strict_object(text);
    if (!set) return errc::bad_json;
    auto const list = set->find("keys");
    if (list == set->end() || !list->is_array()) return errc::validation;
    if (list->size() > jwks_keys_max) return errc::too_large;
    key_set out;
    for (auto const& key : *list) {
        auto made = read_key(key, wanted);
        if (made)
            out.keys.push_back(std::move(*made));
        else
            ++out.skipped;
    }
    if (!unambiguous(out.keys)) return errc::validation;
    return out;
}

} // namespace rendezvous::auth
