#pragma once

#include "rendezvous/auth/failure_limit.hpp"
#include "rendezvous/auth/token_signer.hpp"
#include "rendezvous/auth/token_verifier.hpp"
#include "rendezvous/service/access.hpp"

#include <chrono>
#include <memory>
#include <mutex>
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

    access(auth::token_verifier verifier, auth::token_signer signer, turn servers, std::uint32_t failures_max,
        base::id_generator& ids);

    base::result<service::bearer> check_token(std::string_view token, base::utc_time now) const override;
    base::result<service::minted_token> mint_token(base::user_id const& user, call::role role, std::string const& name,
        base::appointment_id const& appointment, std::chrono::seconds ttl, base::utc_time now) const override;
    std::vector<service::ice_entry> ice_servers(
        base::user_id const& user, base::call_id const& call, base::utc_time now) const override;
    std::string hash(std::string_view text) const override;
    std::optional<std::string> api_key_hash(std::string_view text) const override;
    base::milliseconds failure_wait(std::string_view ip, base::instant now) override;
    base::milliseconds record_failure(
        std::string_view ip, base::instant now, std::string_view appointment = {}) override;

    /// For tokens checked from now on.
    void use_verifier(auth::token_verifier fresh);
    void use_failures_max(std::uint32_t failures_max);

private:
    std::shared_ptr<auth::token_verifier const> verifier() const;

    mutable std::mutex verifier_guard_;
    std::shared_ptr<auth::token_verifier const> verifier_;
    auth::token_signer signer_;
    turn turn_;
    base::id_generator& ids_;
    std::mutex failures_guard_; ///< one count for all shards
    auth::failure_limit failures_;
    auth::failure_limit appointment_failures_;
};

} // namespace rendezvous::app
