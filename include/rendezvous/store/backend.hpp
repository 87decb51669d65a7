#pragma once
// The store: the ports of `service` made real. A `backend` is one place to keep the records
// (SQLite, memory), synchronous and used by one thread; `store_thread` is that thread and turns
// any backend into the ports. SQL lives in the backend's own folder; the rules of calls do not
// live here at all: facts say what to write.

#include "rendezvous/call/fact.hpp"
#include "rendezvous/service/ports.hpp"
#include "rendezvous/store/audit_records.hpp"
#include "rendezvous/store/chunk.hpp"
#include "rendezvous/store/credential_records.hpp"
#include "rendezvous/store/event_records.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::store {

using base::result;

/// One row of the hash chain, as kept; see src/store/chain.hpp.
struct chain_row {
    std::uint64_t event_id = 0; ///< 1, 2, 3... in the database
    base::call_id call;
    service::call_event_row row;
    std::string prev_hash;
};

/// A copy of the whole database in the making.
class copy_job {
public:
    virtual ~copy_job() = default;
    /// Copies a few pages; true when the copy is complete, durable and in its place.
    virtual result<bool> step() = 0;
};

/// Where records are kept. Thread: one. Every function returns store_unavailable when the place
/// itself fails (locked, full, broken); everything since `begin` is then lost and `rollback` must
/// be called. Writes are done between `begin` and `commit`, each inside a part.
class backend : public audit_records, public event_records, public credential_records {
public:
    ~backend() override = default;

    virtual result<void> begin() = 0;
    /// Durable on success. On failure nothing since `begin` is stored.
    virtual result<void> commit() = 0;
    /// Also good when no transaction is open.
    virtual void rollback() noexcept = 0;
    /// A part is what one caller wrote: dropped alone, the others of the transaction stay.
    virtual result<void> begin_part() = 0;
    virtual result<void> keep_part() = 0;
    virtual result<void> drop_part() = 0;

    /// One conditional change and the row of `call_events` that belongs to it.
    /// Errors: illegal_transition if the stored state is not the one the fact starts from; the
    /// part must then be dropped.
    virtual result<void> apply(call::fact const& happened) = 0;

    /// With the commands carried out in the 24 hours before `now`.
    virtual result<call::room_record> load_room(base::appointment_id const& id, base::utc_time now) = 0;
    /// At most `rows_max` ids in ascending order behind `after` (empty: from the first).
    virtual result<std::vector<base::appointment_id>> open_rooms(
        base::appointment_id const& after, std::size_t rows_max) = 0;
    virtual result<std::vector<base::appointment_id>> unjudged(base::utc_time now, std::size_t rows_max) = 0;
    /// Looks at a bounded number of rows behind `before`; `after` and `rows_max` of the filter do not count.
    virtual result<chunk<call::call_record>> list_calls(
        service::call_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max) = 0;
    virtual result<chunk<call::room_record>> list_appointments(
        service::appointment_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max) = 0;
    virtual result<call::call_record> get_call(base::call_id const& id) = 0;
    /// Events of one call with a seq above `after`, oldest first.
    virtual result<std::vector<service::call_event_row>> list_call_events(
        base::call_id const& id, std::uint64_t after, std::size_t rows_max) = 0;
    /// The chain behind event `after`, oldest first.
    virtual result<std::vector<chain_row>> chain_rows(std::uint64_t after, std::size_t rows_max) = 0;

    virtual result<void> put_api_key(service::api_key_row const& row) = 0;
    virtual result<std::size_t> revoke_api_keys(std::string const& name, base::utc_time at) = 0;
    virtual result<std::vector<service::api_key_row>> list_api_keys() = 0;
    virtual result<service::api_key_row> find_api_key(std::string const& hash) = 0;
    virtual result<void> put_invite(service::invite_row const& row) = 0;
    virtual result<service::invite_row> find_invite(std::string const& hash) = 0;
    virtual result<std::vector<service::invite_row>> list_invites(
        base::appointment_id const& id, std::size_t rows_max) = 0;
    virtual result<void> revoke_invite(
        base::appointment_id const& id, std::string const& invite_id, base::utc_time at) = 0;

    /// Deletes at most `rows_max` rows that have been kept long enough at `now` (retention.hpp), in
    /// a transaction of its own; how many.
    virtual result<std::size_t> sweep(base::utc_time now, std::size_t rows_max) = 0;

    /// Errors: those of the file system, `operation_not_supported` where there is no file.
    virtual result<std::unique_ptr<copy_job>> start_backup(std::filesystem::path const& target) = 0;
    /// Number of the newest migration applied; 0 where there are none.
    virtual unsigned schema_version() const noexcept = 0;
    /// What the last store_unavailable was, one line for the log; no value of any row.
    virtual std::string trouble() const { return {}; }
};

/// Nothing outlives the object; for tests and the simulation. Follows `call::apply`.
std::unique_ptr<backend> make_memory_backend();

} // namespace rendezvous::store
