#pragma once

#include "rendezvous/net/http_types.hpp"

#include <cstddef>
#include <string_view>

namespace rendezvous::net {

/// ASCII case-insensitive equality.
bool same_ignoring_case(std::string_view a, std::string_view b);

/// How many headers of that lower-case name there are.
std::size_t count_headers(http_request const& request, std::string_view name);

/// Whether a comma-separated header, all its lines together, contains `token` in any case.
bool has_token(http_request const& request, std::string_view name, std::string_view token);
/// The same, case-sensitive.
bool has_exact_token(http_request const& request, std::string_view name, std::string_view token);

} // namespace rendezvous::net
