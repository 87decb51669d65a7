#include "audit_of.hpp"

namespace rendezvous::store {

std::optional<service::audit_entry> audit_of(call::fact const& happened)
{
    auto const* const f = std::get_if<call::facts::access_overridden>(&happened);
    if (!f) return std::nullopt;
    service::audit_entry out;
    out.at = f->at;
    out.actor = service::actor_kind::user;
    out.actor_id = f->user.str();
    out.action = "access.override";
    out.object = "appointment:" + f->id.str();
    out.outcome = "ok";
    out.reason = f->reason;
    return out;
}

} // namespace rendezvous::store
