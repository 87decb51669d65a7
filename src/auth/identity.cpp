#include "rendezvous/auth/identity.hpp"

#include <algorithm>

namespace rendezvous::auth {

bool identity::covers(base::appointment_id const& id) const
{
    return !limited_to_appointments || std::find(appointments.begin(), appointments.end(), id) != appointments.end();
}

} // namespace rendezvous::auth
