#pragma once

#include "published_keys.hpp"
#include "rendezvous/auth/failure_limit.hpp"
#include "rendezvous/auth/pin.hpp"
#include "rendezvous/auth/revocations.hpp"
#include "rendezvous/auth/token_signer.hpp"
#include "rendezvous/auth/token_verifier.hpp"
#include "rendezvous/service/access.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

namespace rendezvous::app {

/// The port to credentials, made real with the tools of auth/. What a reload replaces (issuers,
/// limits) may be replaced from any thread while others check tokens.
class access final : public service::access {
public:
    struct turn {
        std::vector<std::string> uris;
        std::string secret; ///< empty: servers without credentials
        std::chrono::seconds ttl{600};
    };

    /// `own_issuer` is the `iss` of the signer; PINs are kept with `pins`.
    access(auth::token_verifier verifier, auth::token_signer signer, turn servers, std::uint32_t failures_max,
        base::id_generator& ids, std::string own_issuer = {}, auth::pin_keeper pins = auth::pin_keeper({}));

    base::result<service::bearer> check_token(std::string_view token, base::utc_time now) const override;
    bool await_keys(std::string_view token, std::function<void()> then) override;
    base::result<service::minted_token> mint_token(service::token_wish const& wish, base::utc_time now) const override;
    bool revoked(service::bearer const& who) const override;
    bool is_revoked(std::string_view token, base::utc_time now) const override;
    bool revoke(service::revocation const& what) override;
    bool may_revoke() const override;
    std::string pin_hash(std::string_view pin) const override;
    bool pin_matches(std::string_view pin, std::string_view kept) const override;
    std::vector<service::ice_entry> ice_servers(
        base::user_id const& user, base::call_id const& call, base::utc_time now) const override;
    std::string hash(std::string_view text) const override;
    std::optional<std::string> api_key_hash(std::string_view text) const override;
    base::milliseconds failure_wait(std::string_view ip, base::instant now) override;
    base::milliseconds record_failure(
        std::string_view ip, base::instant now, std::string_view appointment = {}) override;

    /// Whose keys may be waited for; must outlive the shards. Before they run.
    void use_published(published_keys& keys) { published_ = &keys; }
    /// Drops the revocations that are over.
    void forget_revocations(base::utc_time now);
    /// For tokens checked from now on.
    void use_verifier(auth::token_verifier fresh);
    void use_failures_max(std::uint32_t failures_max);

private:
    service::bearer bearer_of(auth::verified_token verified) const;
    std::shared_ptr<auth::token_verifier const> verifier() const;

    mutable std::mutex verifier_guard_;
    std::shared_ptr<auth::token_verifier const> verifier_;
    auth::token_signer signer_;
    std::string const own_issuer_;
    auth::pin_keeper const pins_;
    published_keys* published_ = nullptr;
    mutable std::shared_mutex revoked_guard_;
    auth::revocations revoked_;
    turn turn_;
    base::id_generator& ids_;
    std::mutex failures_guard_; ///< one count for all shards
    auth::failure_limit failures_;
    auth::failure_limit appointment_failures_;
};

} // namespace rendezvous::app
