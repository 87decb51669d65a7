#pragma once

#include "rest.hpp"

#include <array>
#include <span>
#include <string_view>

namespace rendezvous::net {

/// Who may call a route, as in docs/rest-api.md: K, S, A, P; 0 is public.
enum rest_right : unsigned {
    open_to_all = 0,
    api_key = 1,     ///< K
    staff = 2,       ///< S: doctor, agent, admin
    admin_only = 4,  ///< A
    participant = 8, ///< P: patient, guest
};

/// One line of the route table: what, who, by whom, and which query parameters it knows. Anything
/// else in the query is 422, so that a typing error never returns everything.
struct route {
    http_method method;
    std::string_view pattern; ///< `{name}` matches one segment
    unsigned rights;
    rest_handler handler;
    std::array<std::string_view, 12> query{};
};

std::span<route const> routes();

/// The scope that an API key with scopes needs for a route; empty if none of them will do.
std::string_view scope_of(std::string_view pattern);

} // namespace rendezvous::net
