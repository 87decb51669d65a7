#pragma once

#include "published_keys.hpp"
#include "rendezvous/app/config.hpp"
#include "rendezvous/auth/token_verifier.hpp"

#include <string>
#include <vector>

namespace rendezvous::app {

/// The issuers whose tokens are accepted: the configured ones with the keys of their files (those
/// that publish them have none yet), and the server itself (`public_url`) with `signing_key`.
/// Throws config_error.
std::vector<auth::token_issuer> load_issuers(config const& settings, std::string const& signing_key);

/// Where the issuers publish their keys that do so.
std::vector<published_keys::source> key_sources(config const& settings);

/// What `load_issuers` would say to that issuer's key, and what somebody should know of its file.
void check_issuer(config const& settings, issuer_config const& issuer, config_findings& to);

} // namespace rendezvous::app
