#include "config_keys.hpp"

#include "config_values.hpp"
#include "rendezvous/call/words.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <type_traits>

namespace rendezvous::app {
namespace {

using namespace std::string_view_literals;

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t mib = 1'048'576;

// --- what the rows of the table store -------------------------------------------------------

/// Plain members: the value goes where the pointers lead. Numbers are in range by then.
template <auto Section, auto Member>
reason put(config& to, key_value&& value)
{
    auto& member = (to.*Section).*Member;
    using type = std::remove_reference_t<decltype(member)>;
    if constexpr (std::is_same_v<type, bool>)
        member = std::get<bool>(value);
    else if constexpr (std::is_same_v<type, std::vector<std::string>>)
        member = std::get<std::vector<std::string>>(std::move(value));
    else if constexpr (std::is_constructible_v<type, std::string>)
        member = type(std::get<std::string>(std::move(value)));
    else
        member = static_cast<type>(std::get<std::int64_t>(value));
    return std::nullopt;
}

/// Durations: the unit of the member is that of the key's name.
template <auto Section, auto Member>
reason put_duration(config& to, key_value&& value)
{
    auto& member = (to.*Section).*Member;
    member = std::remove_reference_t<decltype(member)>{std::get<std::int64_t>(value)};
    return std::nullopt;
}

template <auto Member>
reason put_listen(config& to, key_value&& value)
{
    std::vector<listen_address> read;
    for (auto const& text : std::get<std::vector<std::string>>(value)) {
        auto address = parse_listen_address(text);
        if (!address) return "\"" + text + "\" is no listen address; write \"0.0.0.0:8443\" or \"[::]:8443\"";
        read.push_back(std::move(*address));
    }
    to.server.*Member = std::move(read);
    return std::nullopt;
}

reason put_main_listen(config& to, key_value&& value)
{
    if (std::get<std::vector<std::string>>(value).empty()) return "at least one address is needed";
    return put_listen<&server_config::listen>(to, std::move(value));
}

reason put_metrics_listen(config& to, key_value&& value)
{
    auto const& text = std::get<std::string>(value);
    to.metrics.listen = parse_listen_address(text);
    if (to.metrics.listen || text.empty()) return std::nullopt;
    return "\"" + text + "\" is no listen address; write \"127.0.0.1:9464\", or \"\" for none";
}

reason put_public_url(config& to, key_value&& value)
{
    auto const& text = std::get<std::string>(value);
    if (!is_origin(text, "https"))
        return "\"" + text
               + "\" is no https origin; write scheme, lower-case host and port only (no :443, no path, no final "
                 "slash), "
                 "such as \"https://calls.example:8443\"";
    to.server.public_url = text;
    return std::nullopt;
}

reason put_origins(config& to, key_value&& value)
{
    auto list = std::get<std::vector<std::string>>(std::move(value));
    for (auto const& text : list)
        if (!is_origin(text, "https") && !is_origin(text, "http"))
            return "\"" + text + "\" is no origin as browsers send it, such as \"https://www.clinic.example\"";
    to.server.allowed_origins = std::move(list);
    return std::nullopt;
}

reason put_proxies(config& to, key_value&& value)
{
    auto list = std::get<std::vector<std::string>>(std::move(value));
    for (auto const& text : list)
        if (!is_network(text)) return "\"" + text + "\" is neither an IP address nor a network such as \"10.0.0.0/8\"";
    to.server.trusted_proxies = std::move(list);
    return std::nullopt;
}

reason put_storage_url(config& to, key_value&& value)
{
    auto const& text = std::get<std::string>(value);
    if (text.starts_with("postgresql://")) return "PostgreSQL is not supported by this version; use \"sqlite:FILE\"";
    if (!text.starts_with("sqlite:") || text == "sqlite:") return "\"sqlite:FILE\" is expected";
    to.storage.url = text;
    return std::nullopt;
}

reason put_redis_url(config& to, key_value&& value)
{
    if (!std::get<std::string>(value).empty()) return "several nodes are not supported by this version; leave it empty";
    to.cluster.redis_url.clear();
    return std::nullopt;
}

reason put_audience(config& to, key_value&& value)
{
    to.auth.audience = std::get<std::string>(value);
    if (to.auth.audience.empty()) return "it must not be empty";
    return std::nullopt;
}

reason put_turn_uris(config& to, key_value&& value)
{
    auto list = std::get<std::vector<std::string>>(std::move(value));
    for (auto const& text : list) {
        auto const colon = text.find(':');
        auto const scheme = std::string_view(text).substr(0, colon);
        bool const known = scheme == "stun" || scheme == "stuns" || scheme == "turn" || scheme == "turns";
        if (!known || colon == std::string::npos || colon + 1 == text.size() || text[colon + 1] == '/')
            return "\"" + text + "\" is no TURN or STUN address, such as \"turn:turn.example:3478?transport=udp\"";
    }
    to.turn.uris = std::move(list);
    return std::nullopt;
}

reason put_retry(config& to, key_value&& value)
{
    std::vector<std::chrono::seconds> read;
    for (auto const seconds : std::get<std::vector<std::int64_t>>(value)) read.emplace_back(seconds);
    if (read.empty() || read.size() > 20) return "one to twenty delays are expected";
    to.webhooks.retry = std::move(read);
    return std::nullopt;
}

reason put_private_hosts(config& to, key_value&& value)
{
    auto list = std::get<std::vector<std::string>>(std::move(value));
    for (auto const& text : list)
        if (!is_host(text)) return "\"" + text + "\" is neither a host name nor an IP address";
    to.webhooks.allowed_private_hosts = std::move(list);
    return std::nullopt;
}

reason put_level(config& to, key_value&& value)
{
    constexpr auto words = std::to_array<std::string_view>({"debug", "info", "warn", "error", "off"});
    auto const found = std::find(words.begin(), words.end(), std::get<std::string>(value));
    if (found == words.end()) return "one of debug, info, warn, error, off is expected";
    to.log.level = static_cast<base::log::level>(found - words.begin());
    return std::nullopt;
}

reason put_format(config& to, key_value&& value)
{
    auto const& text = std::get<std::string>(value);
    if (text != "text" && text != "json") return "one of text, json is expected";
    to.log.format = text == "json" ? base::log::format::json : base::log::format::text;
    return std::nullopt;
}

template <auto Member>
reason put_issuer(issuer_config& to, key_value&& value)
{
    auto const& text = std::get<std::string>(value);
    to.*Member = std::remove_reference_t<decltype(to.*Member)>(text);
    return std::nullopt;
}

reason put_algorithms(issuer_config& to, key_value&& value)
{
    auto list = std::get<std::vector<std::string>>(std::move(value));
    if (list.empty()) return "at least one algorithm is needed";
    for (auto const& name : list) {
        if (name != "HS256" && name != "RS256" && name != "ES256")
            return "\"" + name + "\" is no algorithm of ours; HS256, RS256, ES256 are";
    }
    to.algorithms = std::move(list);
    return std::nullopt;
}

reason put_jwks_url(issuer_config& to, key_value&& value)
{
    auto const& text = std::get<std::string>(value);
    if (!text.empty() && !is_key_address(text))
        return "\"" + text + "\" is no address of keys; write https://HOST/PATH, or http:// for this machine only";
    to.jwks_url = text;
    return std::nullopt;
}

reason put_role_claim(issuer_config& to, key_value&& value)
{
    auto const& text = std::get<std::string>(value);
    if (text.empty() || text.size() > 200) return "a claim such as \"role\" or \"realm_access.roles\" is expected";
    to.role_claim = text;
    return std::nullopt;
}

reason put_role_map(issuer_config& to, key_value&& value)
{
    auto list = std::get<std::vector<std::string>>(std::move(value));
    for (auto const& line : list) {
        auto const cut = line.rfind('=');
        bool const known = cut != std::string::npos && cut > 0 && call::from_word<call::role>(line.substr(cut + 1));
        if (!known)
            return "\"" + line + "\": write \"their-word=our-role\"; ours are patient, doctor, guest, agent, admin";
    }
    to.role_map = std::move(list);
    return std::nullopt;
}

// --- the table ---------------------------------------------------------------------------------

constexpr auto srv = &config::server;
constexpr auto cli = &config::clinic;
constexpr auto rms = &config::rooms;
constexpr auto lim = &config::limits;
using base::limits;

// clang-format off
constexpr auto keys = std::to_array<config_key>({
    {"server", "public_url", key_type::text, 0, 0, put_public_url},
    {"server", "listen", key_type::texts, 0, 0, put_main_listen},
    {"server", "websocket_listen", key_type::texts, 0, 0, put_listen<&server_config::websocket_listen>},
    {"server", "control_socket", key_type::text, 0, 0, put<srv, &server_config::control_socket>},
    {"server", "shards", key_type::integer, 0, 256, put<srv, &server_config::shards>},
    {"server", "allowed_origins", key_type::texts, 0, 0, put_origins},
    {"server", "trusted_proxies", key_type::texts, 0, 0, put_proxies},
    {"clinic", "name", key_type::text, 0, 0, put<cli, &clinic_config::name>},
    {"clinic", "logo", key_type::text, 0, 0, put<cli, &clinic_config::logo>},
    {"clinic", "support_phone", key_type::text, 0, 0, put<cli, &clinic_config::support_phone>},
    {"clinic", "emergency_number", key_type::text, 0, 0, put<cli, &clinic_config::emergency_number>},
    {"clinic", "locale", key_type::text, 0, 0, put<cli, &clinic_config::locale>},
    {"tls", "certificate", key_type::text, 0, 0, put<&config::tls, &tls_config::certificate>},
    {"tls", "key", key_type::text, 0, 0, put<&config::tls, &tls_config::key>},
    {"storage", "url", key_type::text, 0, 0, put_storage_url},
    {"cluster", "redis_url", key_type::text, 0, 0, put_redis_url},
    {"auth", "audience", key_type::text, 0, 0, put_audience},
    {"turn", "uris", key_type::texts, 0, 0, put_turn_uris},
    {"turn", "secret_file", key_type::text, 0, 0, put<&config::turn, &turn_config::secret_file>},
    {"turn", "ttl_s", key_type::integer, 10, 86'400, put_duration<&config::turn, &turn_config::ttl>},
    {"turn", "relay_only", key_type::boolean, 0, 0, put<&config::turn, &turn_config::relay_only>},
    {"rooms", "heartbeat_ms", key_type::integer, 10, 60'000, put_duration<rms, &rooms_config::heartbeat>},
    {"rooms", "pong_timeout_ms", key_type::integer, 10, 60'000, put_duration<rms, &rooms_config::pong_timeout>},
    {"rooms", "grace_ms", key_type::integer, 0, day_ms, put_duration<rms, &rooms_config::grace>},
    {"rooms", "call_grace_ms", key_type::integer, 0, day_ms, put_duration<rms, &rooms_config::call_grace>},
    {"rooms", "starter_grace_ms", key_type::integer, 0, day_ms, put_duration<rms, &rooms_config::starter_grace>},
    {"rooms", "kept_call_ms", key_type::integer, 0, day_ms, put_duration<rms, &rooms_config::kept_call>},
    {"rooms", "ring_timeout_ms", key_type::integer, 10, day_ms, put_duration<rms, &rooms_config::ring_timeout>},
    {"rooms", "recovery_ms", key_type::integer, 0, day_ms, put_duration<rms, &rooms_config::recovery>},
    {"rooms", "drain_ms", key_type::integer, 0, 600'000, put_duration<rms, &rooms_config::drain>},
    {"rooms", "payment_gate", key_type::boolean, 0, 0, put<rms, &rooms_config::payment_gate>},
    {"limits", "message_bytes_max", key_type::integer, 1'024, mib, put<lim, &limits::message_bytes_max>},
    {"limits", "json_depth_max", key_type::integer, 2, 64, put<lim, &limits::json_depth_max>},
    {"limits", "messages_per_s", key_type::integer, 1, 100'000, put<lim, &limits::messages_per_s>},
    {"limits", "messages_burst", key_type::integer, 1, 100'000, put<lim, &limits::messages_burst>},
    {"limits", "signals_unanswered_max", key_type::integer, 1, 100'000, put<lim, &limits::signals_unanswered_max>},
    {"limits", "queue_bytes_max", key_type::integer, 1'024, 64 * mib, put<lim, &limits::queue_bytes_max>},
    {"limits", "write_timeout_ms", key_type::integer, 10, 600'000, put_duration<lim, &limits::write_timeout>},
    {"limits", "register_timeout_ms", key_type::integer, 10, 600'000, put_duration<lim, &limits::register_timeout>},
    {"limits", "tls_timeout_ms", key_type::integer, 10, 600'000, put_duration<lim, &limits::tls_timeout>},
    {"limits", "header_timeout_ms", key_type::integer, 10, 600'000, put_duration<lim, &limits::header_timeout>},
    {"limits", "body_bytes_max", key_type::integer, 1'024, 16 * mib, put<lim, &limits::body_bytes_max>},
    {"limits", "sockets_per_ip", key_type::integer, 1, 1'000'000, put<lim, &limits::sockets_per_ip>},
    {"limits", "sockets_per_user", key_type::integer, 1, 10'000, put<lim, &limits::sockets_per_user>},
    {"limits", "connections_per_s", key_type::integer, 1, 1'000'000, put<lim, &limits::connections_per_s>},
    {"limits", "starts_per_minute", key_type::integer, 1, 1'000'000, put<lim, &limits::starts_per_minute>},
    {"limits", "auth_failures_per_10min", key_type::integer, 1, 1'000'000, put<lim, &limits::auth_failures_per_10min>},
    {"limits", "rings_bytes_max", key_type::integer, 65'536, 65'536 * mib, put<lim, &limits::rings_bytes_max>},
    {"limits", "memory_mb_max", key_type::integer, 0, 16 * mib, put<lim, &limits::memory_mb_max>},
    {"webhooks", "allowed_private_hosts", key_type::texts, 0, 0, put_private_hosts},
    {"webhooks", "retry_s", key_type::integers, 0, 604'800, put_retry},
    {"metrics", "listen", key_type::text, 0, 0, put_metrics_listen},
    {"log", "level", key_type::text, 0, 0, put_level},
    {"log", "format", key_type::text, 0, 0, put_format},
});

constexpr auto keys_of_issuer = std::to_array<issuer_key>({
    {"issuer", key_type::text, put_issuer<&issuer_config::issuer>},
    {"algorithms", key_type::texts, put_algorithms},
    {"secret_file", key_type::text, put_issuer<&issuer_config::secret_file>},
    {"public_key_file", key_type::text, put_issuer<&issuer_config::public_key_file>},
    {"jwks_file", key_type::text, put_issuer<&issuer_config::jwks_file>},
    {"jwks_url", key_type::text, put_jwks_url},
    {"role_claim", key_type::text, put_role_claim},
    {"role_map", key_type::texts, put_role_map},
});
// clang-format on

// --- the nearest key ---------------------------------------------------------------------------

/// Levenshtein's distance: insertions, deletions and replacements.
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            auto const above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

/// How little a name looks like a known one. A name cut short (`secret`) or with something behind
/// (`listen_addresses`) is one slip, however long; of names from outside only the begin counts.
std::size_t unlikeness(std::string_view known, std::string_view name)
{
    name = name.substr(0, 64);
    if (name.size() >= 3 && name != known && (known.starts_with(name) || name.starts_with(known))) return 1;
    return distance(known, name);
}

reason check_range(config_key const& key, key_value const& value)
{
    auto const bad = [&key](std::int64_t number) { return number < key.least || number > key.most; };
    bool out = false;
    if (key.type == key_type::integer) out = bad(std::get<std::int64_t>(value));
    if (key.type == key_type::integers) {
        auto const& list = std::get<std::vector<std::int64_t>>(value);
        out = std::any_of(list.begin(), list.end(), bad);
    }
    if (!out) return std::nullopt;
    return "out of range, " + std::to_string(key.least) + " to " + std::to_string(key.most) + " is allowed";
}

} // namespace

std::span<config_key const> config_keys()
{
    return keys;
}

std::span<issuer_key const> issuer_keys()
{
    return keys_of_issuer;
}

config_key const* find_key(std::string_view section, std::string_view name)
{
    auto const found = std::find_if(
        keys.begin(), keys.end(), [&](config_key const& k) { return k.section == section && k.name == name; });
    return found == keys.end() ? nullptr : &*found;
}

issuer_key const* find_issuer_key(std::string_view name)
{
    auto const found = std::find_if(
        keys_of_issuer.begin(), keys_of_issuer.end(), [name](issuer_key const& k) { return k.name == name; });
    return found == keys_of_issuer.end() ? nullptr : &*found;
}

bool is_section(std::string_view name)
{
    return std::any_of(keys.begin(), keys.end(), [name](config_key const& k) { return k.section == name; });
}

reason apply(config_key const& key, config& to, key_value&& value)
{
    if (auto why = check_range(key, value)) return why;
    return key.store(to, std::move(value));
}

reason issuer_reason(config const& settings, std::size_t index)
{
    auto const& issuers = settings.auth.issuers;
    auto const& one = issuers[index];
    if (one.issuer.empty()) return "issuer is missing";
    if (one.issuer == settings.server.public_url) return "\"" + one.issuer + "\" is this server's own (public_url)";
    for (std::size_t i = 0; i < index; ++i)
        if (issuers[i].issuer == one.issuer) return "\"" + one.issuer + "\" is configured twice";
    auto const sources = int{!one.secret_file.empty()} + int{!one.public_key_file.empty()} + int{!one.jwks_file.empty()}
                         + int{!one.jwks_url.empty()};
    if (sources == 0)
        return "\"" + one.issuer + "\" has no key; set secret_file, public_key_file, jwks_file or jwks_url";
    if (sources > 1) return "\"" + one.issuer + "\" has its keys from two places; set only one of them";
    // A public key that is taken for a secret is known to everybody.
    bool const shared = !one.secret_file.empty();
    for (auto const& name : one.algorithms) {
        if (shared && name != "HS256") return name + " needs a public key, not secret_file";
        if (!shared && name == "HS256") return "HS256 needs secret_file, not a public key";
    }
    return std::nullopt;
}

std::string nearest_key(std::string_view section, std::string_view name)
{
    // A key in the wrong section is near too, but one of the same section is nearer.
    auto const cost = [&](config_key const& k) {
        return unlikeness(k.name, name) * 2 + (k.section == section ? 0U : 3U);
    };
    auto const best = std::min_element(
        keys.begin(), keys.end(), [&](config_key const& a, config_key const& b) { return cost(a) < cost(b); });
    return std::string(best->section) + "." + std::string(best->name);
}

std::string nearest_section(std::string_view name)
{
    auto const cost = [&](std::string_view known) { return unlikeness(known, name); };
    auto const best = std::min_element(keys.begin(), keys.end(),
        [&](config_key const& a, config_key const& b) { return cost(a.section) < cost(b.section); });
    return std::string(best->section);
}

std::string nearest_issuer_key(std::string_view name)
{
    auto const cost = [&](issuer_key const& k) { return unlikeness(k.name, name); };
    auto const best = std::min_element(keys_of_issuer.begin(), keys_of_issuer.end(),
        [&](issuer_key const& a, issuer_key const& b) { return cost(a) < cost(b); });
    return std::string(issuer_section) + "." + std::string(best->name);
}

} // namespace rendezvous::app
