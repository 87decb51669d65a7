#pragma once

#include "rendezvous/base/ids.hpp"

#include <string>
#include <string_view>

namespace rendezvous::auth {

/// PINs of invitations: 4 to 12 digits, which nobody can keep secret by a hash alone. So the hash
/// is salted, slow (PBKDF2, a few milliseconds), and made with a key that does not lie in the database.
class pin_keeper {
public:
    /// `secret`: a key of this server, 32 bytes at least.
    explicit pin_keeper(std::string_view secret);

    /// `salt$hash`, both base64url.
    std::string keep(std::string_view pin, base::id_generator& ids) const;
    /// False also for what is no kept PIN.
    bool matches(std::string_view pin, std::string_view kept) const;

private:
    std::string hash(std::string_view pin, std::string_view salt) const;

    std::string key_;
};

} // namespace rendezvous::auth
