#pragma once

#include "access.hpp"
#include "rendezvous/app/config.hpp"
#include "rendezvous/net/doors.hpp"
#include "rendezvous/outbound/curl_client.hpp"
#include "rendezvous/outbound/webhook_worker.hpp"
#include "rendezvous/store/store_thread.hpp"

#include <memory>
#include <thread>

namespace rendezvous::app {

/// Everything behind the doors, built from the configuration: store, credentials, shards, rooms.
/// `serve` and `demo` open doors to it; commands use it without. Nothing else constructs services.
class house {
public:
    /// Opens the store (and applies migrations). Throws config_error, store::open_error.
    explicit house(config settings);
    ~house();
    house(house const&) = delete;
    house& operator=(house const&) = delete;

    /// From now on the issuers of `c`, with the keys that their files hold now. Throws config_error,
    /// and then everything is as it was.
    void use_issuers(config const& c);
    /// Starts the shards' threads and the delivery of events.
    void start();
    /// Ends the calls that a service before this one left open. After `start`; throws
    /// std::runtime_error if the store does not answer.
    void recover();
    /// Fetches keys of issuers that are due, forgets what nobody needs; about every half minute.
    void look_after_credentials();
    /// Ends the shards' loops and waits for them; what is not stored yet gets `patience`.
    void stop(milliseconds patience);
    /// Waits until somebody else stops the shards.
    void wait();

    config const& settings() const { return settings_; }
    net::session_context& context() { return *context_; }
    access& credentials() { return *access_; }
    published_keys& issuer_keys() { return keys_; }
    store::store_thread& store() { return *store_; }
    service::shards& shards() { return *shards_; }
    service::calls& calls() { return *calls_; }
    base::system_clock& clock() { return clock_; }
    base::system_id_generator& ids() { return ids_; }
    service::http_client& http() { return *http_; }
    auth::token_signer const& signer() const { return signer_; }

private:
    void load_revocations();

    config settings_;
    base::system_clock clock_;
    base::system_id_generator ids_;
    call::room_rules rules_;
    auth::token_signer signer_;
    std::unique_ptr<outbound::curl_client> http_;
    std::unique_ptr<access> access_;
    published_keys keys_;
    std::unique_ptr<service::shards> shards_;
    std::unique_ptr<net::session_context> context_;
    std::unique_ptr<service::calls> calls_;
    std::unique_ptr<store::store_thread> store_;
    std::unique_ptr<outbound::webhook_worker> webhooks_;
    std::thread loops_;
};

/// Where the parts of the program lie that are no code: in the checkout it was built in, or under
/// /usr/share/rendezvous.
std::filesystem::path resource_folder(std::string const& name);

/// The signer of the server's own tokens; makes the signing key at the first call.
auth::token_signer make_signer(config const& settings);

} // namespace rendezvous::app
