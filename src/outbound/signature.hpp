#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rendezvous::outbound {

/// One signature of the Standard Webhooks specification: `v1,` and the base64 of the HMAC-SHA256 of
/// `id.timestamp.body`. `secret`: `whsec_` and base64. Empty if that is no such secret.
std::string sign(std::string_view secret, std::string_view id, std::int64_t timestamp_s, std::string_view body);

} // namespace rendezvous::outbound
