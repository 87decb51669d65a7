#pragma once

#include "rest.hpp"
#include "routes.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The doors' side of the account: every request, and what matters on sockets, becomes one row
/// about who did what and how it came out. No names, tokens or bodies.
namespace rendezvous::net {

/// The first 24 bits of an IPv4 address, the first 48 of an IPv6 one: `192.0.2.0/24`. Empty for
/// what is no address.
std::string ip_prefix(std::string_view address);

/// What the row of a route is called: `appointment.read`. Empty for routes that are about nobody.
std::string action_of(route const& r);

/// What a request is about: `appointment:8123`, `call:0198...`; empty for lists and for what is no id.
std::string object_of(route const& r, std::vector<std::string> const& captures);

/// One row for one request. `entry` is null for a path that is no route.
void account(session_context& house, http_request const& request, route const* entry,
    std::vector<std::string> const& captures, audit_note const& note, http_response const& reply);

/// One row for what happened on a socket. `user` is null before anybody is known.
void account(session_context& house, std::string_view action, base::user_id const* user,
    base::appointment_id const* room, base::errc outcome, std::string ip_prefix);

} // namespace rendezvous::net
