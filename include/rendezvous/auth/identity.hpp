#pragma once
// Who somebody is and how they prove it: tokens (JWT), API keys, TURN credentials, and the count
// of failed attempts. Values in, values out: no socket, no database and no file is touched here;
// keys come in as bytes. The rights that follow from an identity are judged in call/ and service/.

#include "rendezvous/base/clock.hpp"
#include "rendezvous/base/ids.hpp"
#include "rendezvous/call/words.hpp"

#include <optional>
#include <string>
#include <vector>

namespace rendezvous::auth {

/// What a verified token says of its holder. It never widens a membership: the effective right is
/// role AND membership AND policy (docs/protocol.md, "Tokens and rights").
struct identity {
    base::user_id user;
    call::role role = call::role::patient;
    /// For display only: UTF-8 without control characters, at most name_bytes_max; may be empty.
    std::string name;
    std::optional<std::string> locale; ///< a language tag such as `pt-BR`
    /// The appointments the token names, each once, at most 64.
    std::vector<base::appointment_id> appointments;
    /// True for patients and guests always, for staff if the token names an appointment: the
    /// holder may touch the named appointments only.
    bool limited_to_appointments = true;
    /// `exp`. The token is accepted `token_leeway` longer, for clocks that differ.
    base::utc_time expires_at{};
    std::optional<base::utc_time> issued_at; ///< `iat`
    /// `auth_time`: when the first of a row of renewed tokens was issued.
    std::optional<base::utc_time> first_issued_at;
    std::string issuer;
    std::string jti;    ///< empty if the token has none
    std::string invite; ///< `invite`: the invitation that our own token was given for
    std::vector<std::string> scopes;

    /// Whether the token lets its holder touch this appointment; membership is checked elsewhere.
    bool covers(base::appointment_id const& id) const;
};

} // namespace rendezvous::auth
