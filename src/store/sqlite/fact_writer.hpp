#pragma once

#include "connection.hpp"
#include "rendezvous/call/fact.hpp"

namespace rendezvous::store::sqlite {

/// Writes one fact: conditional changes that touch nothing unless the stored state is the one the
/// fact starts from. Each function returns `ok` or `illegal_transition`, or throws failure.
class fact_writer {
public:
    /// `boot_id` must outlive it.
    fact_writer(connection& db, base::utc_time now, std::string const& boot_id) : db_(db), now_(now), boot_id_(boot_id)
    {}

    base::errc operator()(call::facts::appointment_put const& f);
    base::errc operator()(call::facts::appointment_status_set const& f);
    base::errc operator()(call::facts::attendance_noted const& f);
    base::errc operator()(call::facts::appointment_judged const& f);
    base::errc operator()(call::facts::access_overridden const& f);
    base::errc operator()(call::facts::call_started const& f);
    base::errc operator()(call::facts::seat_taken const& f);
    base::errc operator()(call::facts::seat_left const& f);
    base::errc operator()(call::facts::call_connected const& f);
    base::errc operator()(call::facts::call_alive const& f);
    base::errc operator()(call::facts::call_ended const& f);
    base::errc operator()(call::facts::quality_sampled const& f);
    base::errc operator()(call::facts::command_carried_out const& f);

private:
    bool put_appointment(call::appointment const& a, bool created);
    bool put_members(call::appointment const& a);
    void put_call_users(call::appointment_id const& id);
    bool put_seat(call::call_id const& id, call::seat const& s);

    connection& db_;
    base::utc_time now_;
    std::string const& boot_id_;
};

} // namespace rendezvous::store::sqlite
