#include "claims.hpp"

#include "rendezvous/auth/token_verifier.hpp"
#include "rendezvous/base/limits.hpp"

#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace rendezvous::auth {
namespace {

using nlohmann::json;

/// The last second of the year 9999, beyond which no date of ours is written.
constexpr std::int64_t seconds_max = 253'402'300'799;

constexpr std::size_t kid_chars_max = 128;
constexpr std::size_t jti_chars_max = 128;
constexpr std::size_t scopes_max = 32;

json const* find(json const& object, char const* name)
{
    auto const found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

std::string const* find_text(json const& object, char const* name)
{
    auto const* value = find(object, name);
    return value ? value->get_ptr<std::string const*>() : nullptr;
}

/// A NumericDate (RFC 7519 section 2), whole seconds only.
std::optional<base::utc_time> read_date(json const& value)
{
    if (!value.is_number_integer()) return std::nullopt;
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(seconds_max))
        return std::nullopt;
    auto const seconds = value.get<std::int64_t>();
    if (seconds < 0 || seconds > seconds_max) return std::nullopt;
    return base::utc_time{std::chrono::seconds{seconds}};
}

/// `nbf` or `iat`: absent, or not in the future.
bool read_past(json const& claims, char const* name, base::utc_time now, std::optional<base::utc_time>& to)
{
    auto const* value = find(claims, name);
    if (!value) return true;
    to = read_date(*value);
    return to && *to <= now + token_leeway;
}

bool names_audience(json const& claims, std::string_view audience)
{
    auto const* value = find(claims, "aud");
    if (!value) return false;
    if (auto const* one = value->get_ptr<std::string const*>()) return *one == audience;
    if (!value->is_array() || !std::all_of(value->begin(), value->end(), [](json const& e) { return e.is_string(); }))
        return false;
    return std::any_of(value->begin(), value->end(),
        [audience](json const& e) { return e.get_ref<std::string const&>() == audience; });
}

bool add_appointment(json const& value, std::vector<base::appointment_id>& to)
{
    auto const* text = value.get_ptr<std::string const*>();
    auto id = text ? base::parse_appointment_id(*text) : std::nullopt;
    if (!id) return false;
    if (std::find(to.begin(), to.end(), *id) == to.end()) to.push_back(std::move(*id));
    return true;
}

bool read_appointments(json const& claims, std::vector<base::appointment_id>& to)
{
    auto const* value = find(claims, "appointment");
    if (!value) return true;
    if (!value->is_array()) return add_appointment(*value, to);
    if (value->size() > token_appointments_max) return false;
    return std::all_of(value->begin(), value->end(), [&to](json const& e) { return add_appointment(e, to); });
}

/// A long or oddly typed name must not keep a patient out: control characters go, and what does
/// not fit is cut between two characters.
std::string display_name(std::string const& text)
{
    std::string out;
    for (char c : text)
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
    if (out.size() <= base::limits::name_bytes_max) return out;
    auto end = base::limits::name_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;
    out.resize(end);
    return out;
}

/// Roughly BCP 47; what is none is left out, since it only picks a language.
bool is_language_tag(std::string_view text)
{
    if (text.empty() || text.size() > 35 || !all_of_chars(text.substr(0, 1), alphanumeric)) return false;
    return all_of_chars(text, std::string(alphanumeric) + "-_");
}

bool read_display(json const& claims, identity& who)
{
    if (auto const* name = find(claims, "name")) {
        auto const* text = name->get_ptr<std::string const*>();
        if (!text) return false;
        who.name = display_name(*text);
    }
    if (auto const* locale = find(claims, "locale")) {
        auto const* text = locale->get_ptr<std::string const*>();
        if (!text) return false;
        if (is_language_tag(*text)) who.locale = *text;
    }
    return true;
}

/// `scope`: words separated by single spaces (RFC 8693 section 4.2).
bool read_scopes(json const& claims, std::vector<std::string>& to)
{
    auto const* value = find(claims, "scope");
    if (!value) return true;
    auto const* text = value->get_ptr<std::string const*>();
    if (!text) return false;
    std::string_view rest = *text;
    while (!rest.empty()) {
        auto const end = rest.find(' ');
        to.emplace_back(rest.substr(0, end));
        if (to.back().empty() || to.size() > scopes_max) return false;
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    return true;
}

bool read_jti(json const& claims, std::string& to)
{
    if (!find(claims, "jti")) return true;
    auto const* text = find_text(claims, "jti");
    if (!text || text->size() > jti_chars_max || !base::parse_user_id(*text)) return false;
    to = *text;
    return true;
}

/// What our own tokens say of their past. Others may use these names as they like.
void read_history(json const& claims, identity& who)
{
    if (auto const* at = find(claims, "auth_time")) who.first_issued_at = read_date(*at);
    auto const* invite = find_text(claims, "invite");
    if (invite && base::is_uuid(*invite)) who.invite = *invite;
}

/// The claim of that whole name (names with dots in them are addresses, as a rule), or the one
/// that the names between the dots lead to.
json const* find_path(json const& claims, std::string_view path)
{
    if (auto const whole = claims.find(path); whole != claims.end()) return &*whole;
    auto const* at = &claims;
    while (at) {
        auto const dot = path.find('.');
        if (!at->is_object()) return nullptr;
        auto const found = at->find(path.substr(0, dot));
        if (found == at->end()) return nullptr;
        at = &*found;
        if (dot == std::string_view::npos) return at;
        path = path.substr(dot + 1);
    }
    return nullptr;
}

std::optional<call::role> role_of(std::string const& word, role_rules const& roles)
{
    if (roles.words.empty()) return call::from_word<call::role>(word);
    for (auto const& [theirs, ours] : roles.words)
        if (theirs == word) return ours;
    return std::nullopt;
}

bool equal_ignoring_case(std::string_view a, std::string_view b)
{
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [lower](char x, char y) { return lower(x) == lower(y); });
}

} // namespace

bool header_acceptable(json const& header, std::string_view algorithm)
{
    auto const* alg = find_text(header, "alg");
    if (!alg || *alg != algorithm) return false;
    if (auto const* typ = find(header, "typ")) {
        auto const* text = typ->get_ptr<std::string const*>();
        if (!text || !equal_ignoring_case(*text, "JWT")) return false;
    }
    // What changes the meaning of the token (RFC 7515 4.1.11, RFC 7797, encryption, nesting) or
    // brings a key of its own (RFC 8725 section 3.10).
    constexpr auto refused =
        std::to_array<char const*>({"crit", "b64", "jku", "jwk", "x5u", "x5c", "cty", "zip", "enc"});
    return std::none_of(refused.begin(), refused.end(), [&](char const* name) { return header.contains(name); });
}

std::optional<std::string> header_kid(json const& header)
{
    if (!header.contains("kid")) return std::string{};
    auto const* text = find_text(header, "kid");
    if (!text || text->empty() || text->size() > kid_chars_max) return std::nullopt;
    // It is only ever compared; names of files, queries and addresses are refused all the same.
    if (text->find_first_not_of(std::string(alphanumeric) + "-_.:@+=~") != std::string::npos) return std::nullopt;
    return *text;
}

std::optional<call::role> read_role(json const& claims, role_rules const& roles)
{
    auto const* value = find_path(claims, roles.claim);
    if (!value) return std::nullopt;
    if (auto const* word = value->get_ptr<std::string const*>()) return role_of(*word, roles);
    if (!value->is_array()) return std::nullopt;
    using enum call::role;
    constexpr auto order = std::to_array({admin, doctor, agent, guest, patient});
    auto best = order.end();
    for (auto const& each : *value) {
        auto const* word = each.get_ptr<std::string const*>();
        auto const role = word ? role_of(*word, roles) : std::nullopt;
        if (role) best = std::min(best, std::find(order.begin(), order.end(), *role));
    }
    if (best == order.end()) return std::nullopt;
    return *best;
}

std::optional<identity> read_claims(
    json const& claims, std::string_view audience, role_rules const& roles, base::utc_time now)
{
    identity who;
    auto const* sub = find_text(claims, "sub");
    auto user = sub ? base::parse_user_id(*sub) : std::nullopt;
    auto const role = read_role(claims, roles);
    auto const* exp = find(claims, "exp");
    auto const expires_at = exp ? read_date(*exp) : std::nullopt;
    if (!user || !role || !expires_at || *expires_at > now + token_lifetime_max) return std::nullopt;
    who.user = std::move(*user);
    who.role = *role;
    who.expires_at = *expires_at;
    std::optional<base::utc_time> not_before;
    bool const good = names_audience(claims, audience) && read_past(claims, "nbf", now, not_before)
                      && read_past(claims, "iat", now, who.issued_at) && read_appointments(claims, who.appointments)
                      && read_display(claims, who) && read_scopes(claims, who.scopes) && read_jti(claims, who.jti);
    if (!good) return std::nullopt;
    read_history(claims, who);
    who.limited_to_appointments = !call::is_staff(who.role) || !who.appointments.empty();
    return who;
}

} // namespace rendezvous::auth
