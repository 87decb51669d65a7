#include "rendezvous/app/config.hpp"

#include "certificate.hpp"
#include "issuers.hpp"
#include "secrets.hpp"

#include <system_error>
#include <unistd.h>

namespace rendezvous::app {
namespace {

constexpr std::chrono::days certificate_days_warn{14};

void check_certificate(config const& settings, base::utc_time now, config_findings& to)
{
    auto const& tls = settings.tls;
    if (auto why = certificate_problem(tls.certificate, tls.key, now)) {
        to.problems.push_back(std::move(*why));
        return;
    }
    auto const end = certificate_end(tls.certificate);
    if (end && *end < now + certificate_days_warn)
        to.warnings.push_back("tls.certificate: " + tls.certificate.string() + " ends at " + base::to_rfc3339(*end));
    std::error_code ignored;
    auto const others = std::filesystem::perms::others_all;
    if ((std::filesystem::status(tls.key, ignored).permissions() & others) != std::filesystem::perms::none)
        to.warnings.push_back("tls.key: " + tls.key.string() + ": others may read this secret; chmod 640 it");
}

void check_secret(
    std::string const& key, std::filesystem::path const& file, config const& settings, config_findings& to)
{
    try {
        auto const read = read_secret(file, settings.credentials_directory);
        if (read.warning) to.warnings.push_back(key + ": " + *read.warning);
    } catch (config_error const& error) {
        to.problems.push_back(key + ": " + error.what());
    }
}

bool is_turn(std::string const& uri)
{
    return uri.starts_with("turn:") || uri.starts_with("turns:");
}

void check_turn(config const& settings, config_findings& to)
{
    auto const& turn = settings.turn;
    bool relay = false;
    for (auto const& uri : turn.uris) relay = relay || is_turn(uri);
    if (relay && turn.secret_file.empty())
        to.problems.emplace_back("turn.secret_file: turn.uris names a TURN server, whose shared secret is missing");
    if (!turn.secret_file.empty()) check_secret("turn.secret_file", turn.secret_file, settings, to);
    if (turn.relay_only && !relay)
        to.problems.emplace_back("turn.relay_only: no call can connect without a turn: or turns: address in turn.uris");
    if (turn.uris.empty())
        to.warnings.emplace_back(
            "turn.uris: empty; people behind strict firewalls or on different mobile networks will not connect");
}

/// The nearest folder that exists must let us write, or already hold a writable file.
void check_writable(std::string const& key, std::filesystem::path const& file, config_findings& to)
{
    std::error_code ignored;
    auto folder = std::filesystem::absolute(file).lexically_normal().parent_path();
    while (!std::filesystem::exists(folder, ignored) && folder.has_relative_path()) folder = folder.parent_path();
    if (!std::filesystem::is_directory(folder, ignored))
        to.problems.push_back(key + ": " + folder.string() + " is no folder");
    else if (::access(folder.c_str(), W_OK | X_OK) != 0)
        to.problems.push_back(key + ": " + folder.string() + " is not writable");
}

} // namespace

config_findings validate_config(config const& settings, base::utc_time now)
{
    config_findings out;
    check_certificate(settings, now, out);
    for (auto const& issuer : settings.auth.issuers) check_issuer(settings, issuer, out);
    check_turn(settings, out);
    check_writable("storage.url", settings.storage.sqlite_file(), out);
    check_writable("server.control_socket", settings.server.control_socket, out);
    return out;
}

} // namespace rendezvous::app
