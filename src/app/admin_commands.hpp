#pragma once

#include "house.hpp"
#include "rendezvous/net/control_socket.hpp"

#include <functional>

namespace rendezvous::app {

/// Answers one command that touches data: `api-key create NAME | list | revoke NAME`,
/// `appointment create KEY=VALUE...`, `backup FILE`, `migrate`,
/// `audit verify`, `subject export | erase USER`. The same code runs behind the control socket
/// of the service and in a process of its own. `done` is called once, from any thread.
void run_admin_command(house& h, net::control_request const& request, std::function<void(net::control_reply)> done);

/// Runs it in the service that listens at the control socket, or, without one, on the database.
net::control_reply run_admin_command(config const& settings, net::control_request const& request);

/// A member of an appointment that `make_appointment` opens.
struct listed_person {
    base::user_id user;
    call::role role{};
    std::string name;
};
/// What somebody needs to enter: printed by `appointment create` and `demo`.
struct appointment_links {
    std::string doctor;
    std::string patient;
};
/// Writes an appointment of one doctor and one patient, and makes both links.
void make_appointment(house& h, call::commands::put_appointment asked, listed_person const& doctor,
    listed_person const& patient, std::function<void(base::result<appointment_links>)> done);

} // namespace rendezvous::app
