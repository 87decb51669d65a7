#pragma once

#include "connection.hpp"
#include "rendezvous/store/backend.hpp"

namespace rendezvous::store::sqlite {

/// Rows of the database back into values. Functions throw failure.
class reads {
public:
    /// Boot times of another boot than `boot_id` are left out.
    reads(connection& db, std::string boot_id) : db_(db), boot_id_(std::move(boot_id)) {}

    std::optional<call::appointment> appointment(base::appointment_id const& id);
    std::optional<call::call_record> call(base::call_id const& id);
    /// The call that `newest_call_id` names.
    std::optional<call::call_record> newest_call(base::appointment_id const& id);
    /// As lists show it: without the commands carried out.
    call::attendance attendance(base::appointment_id const& id);
    call::room_record room(base::appointment_id const& id);
    /// The newest done_commands_max commands carried out after `since`, oldest first.
    std::vector<call::done_command> done_commands(base::appointment_id const& id, base::utc_time since);
    std::vector<base::appointment_id> open_rooms(base::appointment_id const& after, std::size_t rows_max);
    std::vector<base::appointment_id> unjudged(base::utc_time now, std::size_t rows_max);
    std::vector<service::call_event_row> events(base::call_id const& id, std::uint64_t after, std::size_t rows_max);
    std::vector<chain_row> chain(std::uint64_t after, std::size_t rows_max);

    chunk<call::call_record> list_calls(
        service::call_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max);
    chunk<call::room_record> list_appointments(
        service::appointment_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max);

private:
    std::vector<call::member> members(base::appointment_id const& id);
    std::vector<call::seat> seats(base::call_id const& id);

    connection& db_;
    std::string const boot_id_;
};

} // namespace rendezvous::store::sqlite
