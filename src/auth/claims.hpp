#pragma once

#include "rendezvous/auth/identity.hpp"
#include "rendezvous/auth/token_verifier.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string_view>

namespace rendezvous::auth {

/// Whether a JOSE header is one we can follow: `alg` equal to `algorithm`, `typ` absent or JWT,
/// nothing in it that would change the meaning or bring its own key.
bool header_acceptable(nlohmann::json const& header, std::string_view algorithm);

/// `kid`, empty if absent; nothing for one that is no plain name.
std::optional<std::string> header_kid(nlohmann::json const& header);

/// The claims of a genuine token; nothing if one is missing, of the wrong type or out of range.
/// `exp` is only read here, the caller judges it.
std::optional<identity> read_claims(
    nlohmann::json const& claims, std::string_view audience, role_rules const& roles, base::utc_time now);

/// The role that the claims give. Of several, the first of admin, doctor, agent, guest, patient;
/// nothing if there is none that is known.
std::optional<call::role> read_role(nlohmann::json const& claims, role_rules const& roles);

} // namespace rendezvous::auth
