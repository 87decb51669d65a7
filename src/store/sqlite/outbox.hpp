#pragma once

#include "../outbox_of.hpp"
#include "connection.hpp"
#include "rendezvous/store/event_records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::store::sqlite {

/// Events and their ways to webhooks. Functions throw failure, or return an error of the port.
class outbox {
public:
    explicit outbox(connection& db) : db_(db) {}

    /// What has to be known of a fact's call, before the fact is written.
    outbox_context look_up(call::fact const& happened);
    service::event_row add(outbox_draft const& event, std::optional<std::string> const& only_for = {});
    std::vector<service::event_row> list(
        std::uint64_t after, std::optional<std::string> const& type, std::size_t rows_max);

    base::errc put_webhook(service::webhook_row const& row);
    std::vector<service::webhook_row> webhooks();
    std::optional<service::webhook_row> change_webhook(std::string const& id, service::webhook_change const& change);
    bool delete_webhook(std::string const& id, base::utc_time now);
    bool knows(std::string const& webhook_id);
    std::vector<service::delivery_row> deliveries(
        std::string const& webhook_id, std::uint64_t before, std::size_t rows_max);
    bool redeliver(std::string const& webhook_id, std::uint64_t position, base::utc_time now);

    service::due_work take_due(base::utc_time now, std::size_t rows_max);
    void record(service::delivery_outcome const& outcome);

    /// Deletes what has been kept long enough; how many rows.
    std::size_t sweep(base::utc_time now, std::size_t rows_max);
    std::uint64_t added() const { return added_; }

private:
    bool lay_out(service::webhook_row const& to, base::utc_time now);
    std::optional<base::utc_time> next_of(std::string const& webhook_id, base::utc_time now);
    std::optional<base::utc_time> oldest_of(std::string const& webhook_id);
    void release_next(std::string const& webhook_id, std::string const& call, base::utc_time now);
    void apply_effect(service::delivery_outcome const& outcome);

    connection& db_;
    std::uint64_t added_ = 0;
};

} // namespace rendezvous::store::sqlite
