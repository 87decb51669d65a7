#pragma once

#include "rendezvous/service/token_port.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::store {

/// The part of a backend that keeps tokens, revocations and what becomes of invitations; the
/// meaning is that of service::token_store. Thread: one, as the backend's.
class credential_records {
public:
    virtual ~credential_records() = default;

    virtual base::result<void> put_token(service::token_row const& row) = 0;
    virtual base::result<service::revocation> revoke(service::revocation const& what) = 0;
    virtual base::result<std::vector<service::revocation>> list_revocations(
        base::utc_time now, std::size_t rows_max) = 0;
    virtual base::result<unsigned> take_pin_try(std::string const& invite_id) = 0;
    virtual base::result<void> redeem_invite(std::string const& invite_id, service::token_row const& given) = 0;
    virtual base::result<service::invite_row> reissue_invite(base::appointment_id const& id,
        std::string const& invite_id, std::string const& hash, std::optional<base::utc_time> const& expires_at) = 0;
};

} // namespace rendezvous::store
