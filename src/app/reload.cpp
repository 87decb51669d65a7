#include "reload.hpp"

#include "certificate.hpp"
#include "issuers.hpp"
#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"
#include "secrets.hpp"

#include <sys/stat.h>

#include <csignal>

namespace rendezvous::app {
namespace {

namespace metrics = base::metrics;

constexpr milliseconds look_every{1'000};
/// A storm of signals becomes one reload.
constexpr milliseconds signal_pause{100};

struct fixed_key {
    std::string_view name;
    bool (*same)(config const& a, config const& b);
};

template <auto Section, auto Member>
bool same(config const& a, config const& b)
{
    return (a.*Section).*Member == (b.*Section).*Member;
}

constexpr auto srv = &config::server;
constexpr auto cli = &config::clinic;
constexpr auto trn = &config::turn;
constexpr auto rms = &config::rooms;
constexpr auto lim = &config::limits;
using base::limits;

// clang-format off
constexpr auto fixed_keys = std::to_array<fixed_key>({
    {"server.public_url", same<srv, &server_config::public_url>},
    {"server.listen", same<srv, &server_config::listen>},
    {"server.websocket_listen", same<srv, &server_config::websocket_listen>},
    {"server.control_socket", same<srv, &server_config::control_socket>},
    {"server.shards", same<srv, &server_config::shards>},
    {"clinic.name", same<cli, &clinic_config::name>},
    {"clinic.logo", same<cli, &clinic_config::logo>},
    {"clinic.support_phone", same<cli, &clinic_config::support_phone>},
    {"clinic.emergency_number", same<cli, &clinic_config::emergency_number>},
    {"clinic.locale", same<cli, &clinic_config::locale>},
    {"storage.url", same<&config::storage, &storage_config::url>},
    {"auth.audience", same<&config::auth, &auth_config::audience>},
    {"turn.uris", same<trn, &turn_config::uris>},
    {"turn.secret_file", same<trn, &turn_config::secret_file>},
    {"turn.ttl_s", same<trn, &turn_config::ttl>},
    {"turn.relay_only", same<trn, &turn_config::relay_only>},
    {"rooms.heartbeat_ms", same<rms, &rooms_config::heartbeat>},
    {"rooms.pong_timeout_ms", same<rms, &rooms_config::pong_timeout>},
    {"rooms.grace_ms", same<rms, &rooms_config::grace>},
    {"rooms.call_grace_ms", same<rms, &rooms_config::call_grace>},
    {"rooms.starter_grace_ms", same<rms, &rooms_config::starter_grace>},
    {"rooms.kept_call_ms", same<rms, &rooms_config::kept_call>},
    {"rooms.ring_timeout_ms", same<rms, &rooms_config::ring_timeout>},
    {"rooms.recovery_ms", same<rms, &rooms_config::recovery>},
    {"rooms.drain_ms", same<rms, &rooms_config::drain>},
    {"rooms.payment_gate", same<rms, &rooms_config::payment_gate>},
    {"limits.signals_unanswered_max", same<lim, &limits::signals_unanswered_max>},
    {"limits.sockets_per_user", same<lim, &limits::sockets_per_user>},
    {"limits.starts_per_minute", same<lim, &limits::starts_per_minute>},
    {"webhooks.allowed_private_hosts", same<&config::webhooks, &webhooks_config::allowed_private_hosts>},
    {"webhooks.retry_s", same<&config::webhooks, &webhooks_config::retry>},
    {"metrics.listen", same<&config::metrics, &metrics_config::listen>},
    {"log.format", same<&config::log, &log_config::format>},
});
// clang-format on

} // namespace

config with_reloadable(config to, config const& from)
{
    to.tls = from.tls;
    to.server.allowed_origins = from.server.allowed_origins;
    to.server.trusted_proxies = from.server.trusted_proxies;
    to.auth.issuers = from.auth.issuers;
    to.log.level = from.log.level;
    auto const kept = to.limits;
    to.limits = from.limits;
    to.limits.signals_unanswered_max = kept.signals_unanswered_max;
    to.limits.sockets_per_user = kept.sockets_per_user;
    to.limits.starts_per_minute = kept.starts_per_minute;
    return to;
}

std::vector<std::string> needs_restart(config const& running, config const& fresh)
{
    std::vector<std::string> out;
    for (auto const& key : fixed_keys)
        if (!key.same(running, fresh)) out.emplace_back(key.name);
    return out;
}

net::server_options options_of(config const& c)
{
    net::server_options out;
    for (auto const& a : c.server.listen) out.listen.push_back(to_text(a));
    for (auto const& a : c.server.websocket_listen) out.websocket_listen.push_back(to_text(a));
    out.certificate = c.tls.certificate;
    out.key = c.tls.key;
    out.public_url = c.server.public_url;
    out.allowed_origins = c.server.allowed_origins;
    out.trusted_proxies = c.server.trusted_proxies;
    out.web_root = resource_folder("web");
    out.limits = c.limits;
    return out;
}

reloader::reloader(house& h, net::server& door, service_manager const& manager, source read)
    : house_(h),
      door_(door),
      manager_(manager),
      read_(std::move(read)),
      running_(h.settings()),
      hangups_(h.shards().context(0)),
      soon_(h.shards().context(0), [this] { reload(); }),
      every_second_(h.shards().context(0), [this] { look_at_files(); }),
      in_force_(marks_now()),
      seen_(in_force_)
{
    if (read_) hangups_.add(SIGHUP);
}

void reloader::on_open()
{
    every_second_.set(look_every);
    if (read_) wait_for_signal();
}

void reloader::stop()
{
    boost::system::error_code ignored;
    // Not given back to the system: a late SIGHUP would end the process.
    hangups_.cancel(ignored);
    soon_.set(std::nullopt);
    every_second_.set(std::nullopt);
}

void reloader::wait_for_signal()
{
    hangups_.async_wait([this](boost::system::error_code ec, int) {
        if (ec) return;
        soon_.set(signal_pause);
        wait_for_signal();
    });
}

/// Certificate and key are two files, and are not replaced in one moment: a change counts once it
/// looks the same twice.
void reloader::look_at_files()
{
    every_second_.set(look_every);
    auto const now = marks_now();
    bool const steady = now == std::exchange(seen_, now);
    if (!steady || now == in_force_) return;
    in_force_ = now;
    reload_certificate();
}

reloader::marks reloader::marks_now() const
{
    marks out;
    for (auto const& file : {running_.tls.certificate, running_.tls.key}) {
        struct stat about {};
        file_mark mark;
        if (::stat(file.c_str(), &about) == 0)
            mark = {std::int64_t{about.st_mtim.tv_sec} * 1'000'000'000 + about.st_mtim.tv_nsec, about.st_size,
                about.st_ino};
        out.push_back(mark);
    }
    return out;
}

void reloader::reload()
{
    manager_.reloading();
    try {
        auto fresh = read_();
        auto const found = validate_config(fresh, house_.clock().now().utc);
        if (!found.problems.empty()) return refuse(found.problems.front());
        for (auto const& line : found.warnings) base::log::warn("config_warning", {{"text", line}});
        for (auto const& key : needs_restart(running_, fresh)) base::log::warn("needs_restart", {{"key", key}});
        take_over(with_reloadable(running_, fresh));
    } catch (std::exception const& e) {
        refuse(e.what());
    }
}

/// Everything that may fail stands before the first change.
void reloader::take_over(config fresh)
{
    auto const key = load_or_make_signing_key(fresh.storage.signing_key_file());
    auth::token_verifier verifier(load_issuers(fresh, key), fresh.auth.audience);
    if (auto const why = door_.reload(options_of(fresh))) return refuse(*why);
    house_.issuer_keys().take_over(key_sources(fresh), std::move(verifier));
    house_.issuer_keys().on_time();
    house_.credentials().use_failures_max(fresh.limits.auth_failures_per_10min);
    net::use_limits(house_.context(), fresh.limits);
    base::log::set_level(fresh.log.level);
    running_ = std::move(fresh);
    in_force_ = seen_ = marks_now();
    done("configuration");
}

void reloader::reload_certificate()
{
    manager_.reloading();
    auto const why = certificate_problem(running_.tls.certificate, running_.tls.key, house_.clock().now().utc);
    if (why) return refuse(*why);
    if (auto const reason = door_.reload(options_of(running_))) return refuse(*reason);
    done("certificate");
}

void reloader::refuse(std::string const& why)
{
    base::log::error("reload_refused", {{"reason", why}});
    metrics::reloads.add(metrics::reload_outcome::refused);
    manager_.ready("serving; the last reload was refused, all is as before: " + why);
}

void reloader::done(std::string_view what)
{
    auto const end = certificate_end(running_.tls.certificate);
    if (end) metrics::certificate_expiry.set(static_cast<double>(base::to_ms(*end)) / 1e3);
    base::log::info("reloaded", {{"what", what}, {"certificateEnds", end ? base::to_rfc3339(*end) : std::string()}});
    metrics::reloads.add(metrics::reload_outcome::done);
    manager_.ready("serving");
}

} // namespace rendezvous::app
