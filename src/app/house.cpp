#include "house.hpp"

#include "issuers.hpp"
#include "rendezvous/base/log.hpp"
#include "rendezvous/outbound/target.hpp"
#include "rendezvous/store/open.hpp"
#include "secrets.hpp"

#include <future>

namespace rendezvous::app {
namespace {

constexpr milliseconds heartbeat_slack{5'000};

call::room_rules rules_of(config const& c)
{
    call::room_rules out;
    out.grace = c.rooms.grace;
    out.call_grace = c.rooms.call_grace;
    out.starter_grace = c.rooms.starter_grace;
    out.kept_call = c.rooms.kept_call;
    out.recovery = c.rooms.recovery;
    out.payment_gate = c.rooms.payment_gate;
    out.signals_unanswered_max = c.limits.signals_unanswered_max;
    return out;
}

protocol::webrtc_config page_config_of(config const& c)
{
    protocol::webrtc_config out;
    out.features = {"appointments", "invites", "history"};
    out.clinic_name = c.clinic.name;
    out.clinic_logo = c.clinic.logo;
    out.support_phone = c.clinic.support_phone;
    out.emergency_number = c.clinic.emergency_number;
    out.locale = c.clinic.locale;
    return out;
}

outbound::webhook_options webhook_options_of(config const& c)
{
    outbound::webhook_options out;
    out.source = c.server.public_url;
    out.retry.assign(c.webhooks.retry.begin(), c.webhooks.retry.end());
    out.private_hosts = c.webhooks.allowed_private_hosts;
    return out;
}

std::size_t shard_count(config const& c)
{
    if (c.server.shards > 0) return c.server.shards;
    return std::max(1U, std::thread::hardware_concurrency());
}

std::unique_ptr<access> make_access(config const& c, auth::token_signer const& signer, base::id_generator& ids)
{
    auto const key = load_or_make_signing_key(c.storage.signing_key_file());
    auth::token_verifier verifier({{c.server.public_url, {{auth::token_algorithm::hs256, "", key}}}}, c.auth.audience);
    access::turn turn{c.turn.uris, load_turn_secret(c), c.turn.ttl};
    return std::make_unique<access>(std::move(verifier), signer, std::move(turn), c.limits.auth_failures_per_10min, ids,
        c.server.public_url, auth::pin_keeper(key));
}

} // namespace

std::filesystem::path resource_folder(std::string const& name)
{
    std::filesystem::path const checkout = std::filesystem::path(RENDEZVOUS_SOURCE_DIR) / name;
    std::error_code ec;
    if (std::filesystem::is_directory(checkout, ec)) return checkout;
    return std::filesystem::path("/usr/share/rendezvous") / name;
}

auth::token_signer make_signer(config const& settings)
{
    auto key = load_or_make_signing_key(settings.storage.signing_key_file());
    return {settings.server.public_url, settings.auth.audience, std::move(key)};
}

house::house(config settings)
    : settings_(std::move(settings)),
      rules_(rules_of(settings_)),
      signer_(make_signer(settings_)),
      http_(std::make_unique<outbound::curl_client>()),
      access_(make_access(settings_, signer_, ids_)),
      keys_(*http_, clock_, [this](auth::token_verifier fresh) { access_->use_verifier(std::move(fresh)); }),
      shards_(std::make_unique<service::shards>(shard_count(settings_)))
{
    access_->use_published(keys_);
    use_issuers(settings_);
    store_ = store::open_store(settings_.storage.url, resource_folder("migrations"), clock_);
    auto tables = net::make_session_tables(*shards_);
    calls_ = std::make_unique<service::calls>(
        *shards_, *store_, *store_, net::sinks_of(tables), clock_, rules_, settings_.limits);
    auto const& rooms = settings_.rooms;
    protocol::heartbeat_times const beat{
        rooms.heartbeat, rooms.pong_timeout, rooms.heartbeat + rooms.pong_timeout + heartbeat_slack};
    context_.reset(new net::session_context{*shards_, *calls_, *store_, *store_, *access_, clock_, ids_, rules_,
        std::vector<base::limits>(shards_->count(), settings_.limits), beat, settings_.server.public_url,
        page_config_of(settings_), std::move(tables), settings_.turn.relay_only, ids_.secret(6)});
    context_->audit = store_.get();
    context_->subjects = store_.get();
    context_->tokens = store_.get();
    context_->events = store_.get();
    context_->check_webhook_url = [hosts = settings_.webhooks.allowed_private_hosts](
                                      std::string const& url) -> base::result<void> {
        auto const target = outbound::check_target(url, hosts);
        if (!target) return target.error();
        return {};
    };
    net::start_heartbeats(*context_);
}

void house::use_issuers(config const& c)
{
    auto const key = load_or_make_signing_key(c.storage.signing_key_file());
    keys_.take_over(key_sources(c), {load_issuers(c, key), c.auth.audience});
}

house::~house()
{
    stop(milliseconds{0});
    webhooks_.reset();
    // Whoever waits for an answer from outside is still there.
    http_.reset();
    // The store's last answers post to shards and rooms, so it ends while they are still there.
    store_.reset();
}

void house::start()
{
    loops_ = std::thread([this] { shards_->run(); });
    webhooks_ = std::make_unique<outbound::webhook_worker>(
        *store_, *http_, clock_, outbound::system_jitter(), webhook_options_of(settings_));
}

void house::recover()
{
    load_revocations();
    std::promise<base::result<std::size_t>> recovered;
    calls_->recover([&](base::result<std::size_t> ended) { recovered.set_value(ended); });
    auto const ended = recovered.get_future().get();
    if (!ended) throw std::runtime_error("the store does not answer: " + ended.error().message());
    if (*ended > 0) base::log::warn("calls_lost", {{"count", std::uint64_t{*ended}}});
    calls_->start_judging();
}

/// Before anybody can come: what was taken back stays so.
void house::load_revocations()
{
    std::promise<base::result<std::vector<service::revocation>>> loaded;
    store_->list_revocations(
        clock_.now().utc, auth::revocations::entries_max, [&](auto rows) { loaded.set_value(std::move(rows)); });
    auto const rows = loaded.get_future().get();
    if (!rows) throw std::runtime_error("the store does not answer: " + rows.error().message());
    for (auto const& each : *rows) access_->revoke(each);
}

void house::look_after_credentials()
{
    keys_.on_time();
    access_->forget_revocations(clock_.now().utc);
}

void house::stop(milliseconds patience)
{
    if (!loops_.joinable()) return;
    std::promise<bool> settled;
    calls_->settle(patience, [&](bool all) { settled.set_value(all); });
    if (!settled.get_future().get() && patience.count() > 0) base::log::error("not_all_stored");
    shards_->stop();
    loops_.join();
}

void house::wait()
{
    if (loops_.joinable()) loops_.join();
}

} // namespace rendezvous::app
