#pragma once
// The program: configuration, secrets, wiring, commands. Only here are services constructed and
// files of the operator read; each folder below gets its plain struct and never sees the file.

#include "rendezvous/base/limits.hpp"
#include "rendezvous/base/log.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace rendezvous::app {

using base::milliseconds;

/// Where to listen: an IP address without brackets, and a port (0 = any free one).
struct listen_address {
    std::string host;
    std::uint16_t port = 0;
    friend bool operator==(listen_address const&, listen_address const&) = default;
};

/// `1.2.3.4:80` or `[::1]:80`.
std::string to_text(listen_address const& address);

// One struct per section of config/rendezvous.toml, which explains every key. Durations carry
// their unit in the file (`_ms`, `_s`) and are std::chrono here.

struct server_config {
    std::string public_url = "https://localhost:8443"; ///< an https origin; also our own `iss`
    std::vector<listen_address> listen = {{"0.0.0.0", 8443}};
    std::vector<listen_address> websocket_listen = {{"0.0.0.0", 8444}};
    std::filesystem::path control_socket = "var/control.sock";
    std::size_t shards = 0; ///< 0 = one per core
    std::vector<std::string> allowed_origins;
    std::vector<std::string> trusted_proxies; ///< IP addresses or networks (`10.0.0.0/8`)
    friend bool operator==(server_config const&, server_config const&) = default;
};

struct clinic_config {
    std::string name;
    std::string logo;
    std::string support_phone;
    std::string emergency_number;
    std::string locale = "en";
    friend bool operator==(clinic_config const&, clinic_config const&) = default;
};

struct tls_config {
    std::filesystem::path certificate = "cert.pem";
    std::filesystem::path key = "key.pem";
    friend bool operator==(tls_config const&, tls_config const&) = default;
};

struct storage_config {
    std::string url = "sqlite:var/rendezvous.db";
    /// The database file of a `sqlite:` url.
    std::filesystem::path sqlite_file() const;
    /// Where the server's signing key lives: beside the database.
    std::filesystem::path signing_key_file() const;
    friend bool operator==(storage_config const&, storage_config const&) = default;
};

struct cluster_config {
    std::string redis_url; ///< empty = one node
    friend bool operator==(cluster_config const&, cluster_config const&) = default;
};

struct issuer_config {
    std::string issuer;
    /// Empty: HS256 with a secret, RS256 and ES256 with public keys.
    std::vector<std::string> algorithms;
    std::filesystem::path secret_file;
    std::filesystem::path public_key_file;
    std::filesystem::path jwks_file;
    std::string jwks_url;
    std::string role_claim = "role";   ///< a claim's name, or names with dots between them
    std::vector<std::string> role_map{}; ///< `their-word=our-role`; empty: their words are ours
    friend bool operator==(issuer_config const&, issuer_config const&) = default;
};

struct auth_config {
    std::string audience = "rendezvous";
    std::vector<issuer_config> issuers;
    friend bool operator==(auth_config const&, auth_config const&) = default;
};

struct turn_config {
    std::vector<std::string> uris; ///< `stun:`, `turn:`, `turns:`
    std::filesystem::path secret_file;
    std::chrono::seconds ttl{600};
    bool relay_only = false;
    friend bool operator==(turn_config const&, turn_config const&) = default;
};

struct rooms_config {
    milliseconds heartbeat{10'000};
    milliseconds pong_timeout{10'000};
    milliseconds grace{120'000};
    milliseconds call_grace{60'000};
    milliseconds starter_grace{300'000};
    milliseconds kept_call{900'000};
    milliseconds ring_timeout{90'000};
    milliseconds recovery{90'000};
    milliseconds drain{10'000};
    bool payment_gate = true;
    friend bool operator==(rooms_config const&, rooms_config const&) = default;
};

struct webhooks_config {
    std::vector<std::string> allowed_private_hosts;
    std::vector<std::chrono::seconds> retry = {std::chrono::seconds{0}, std::chrono::seconds{5},
        std::chrono::seconds{300}, std::chrono::seconds{1800}, std::chrono::seconds{7200}, std::chrono::seconds{18000},
        std::chrono::seconds{36000}, std::chrono::seconds{50400}, std::chrono::seconds{72000},
        std::chrono::seconds{86400}};
    friend bool operator==(webhooks_config const&, webhooks_config const&) = default;
};

struct metrics_config {
    std::optional<listen_address> listen = listen_address{"127.0.0.1", 9464}; ///< nothing = no metrics
    friend bool operator==(metrics_config const&, metrics_config const&) = default;
};

struct log_config {
    base::log::level level = base::log::level::info;
    base::log::format format = base::log::format::text;
    friend bool operator==(log_config const&, log_config const&) = default;
};

/// Everything an operator can say. `config{}` is every key at its default.
/// Relative paths are those of the working directory.
struct config {
    server_config server;
    clinic_config clinic;
    tls_config tls;
    storage_config storage;
    cluster_config cluster;
    auth_config auth;
    turn_config turn;
    rooms_config rooms;
    base::limits limits;
    webhooks_config webhooks;
    metrics_config metrics;
    log_config log;
    /// `$CREDENTIALS_DIRECTORY` of systemd, empty without: a secret file named without folder is
    /// looked for there first.
    std::filesystem::path credentials_directory;
};

/// A configuration that cannot be used; `what()` is one line for the operator,
/// `FILE:LINE: KEY: REASON`. Commands print it and exit 78.
class config_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Environment variables by name.
using environment = std::map<std::string, std::string>;

/// The variables of this process that concern us: `RENDEZVOUS__*` and `CREDENTIALS_DIRECTORY`.
/// Call before threads exist.
environment read_environment();

/// Reads the file, then lays the environment over it: `RENDEZVOUS__SECTION__KEY`, lists comma
/// separated, issuers as `RENDEZVOUS__AUTH__ISSUER__0__KEY`. Looks at no other file.
/// Throws config_error for the first thing that is wrong.
config load_config(std::filesystem::path const& file, environment const& variables);

/// Defaults and environment without a file, for `demo`. Throws config_error.
config load_config(environment const& variables);

/// What the file system says to a configuration: one line per finding.
struct config_findings {
    std::vector<std::string> problems; ///< the service cannot start
    std::vector<std::string> warnings; ///< it can, but somebody should know
};

/// Checks certificate and key, secret files and the database folder; for `check-config` and
/// `serve`. Reads files, creates none. Never puts a secret into a line.
config_findings validate_config(config const& settings, base::utc_time now);

} // namespace rendezvous::app
