#pragma once

#include "rendezvous/service/event_port.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::store {

/// The part of a backend that keeps events and where they are delivered; see service::event_store,
/// whose words and errors these are. Those of facts are added by `backend::apply`. Thread and
/// transactions as of `backend`; all but the two lists are writes.
class event_records {
public:
    virtual ~event_records() = default;

    virtual base::result<service::event_row> append_event(std::string const& type, std::string const& data,
        base::utc_time at, std::optional<std::string> const& only_for) = 0;
    /// Behind `after`, a place; oldest first.
    virtual base::result<std::vector<service::event_row>> list_events(
        std::uint64_t after, std::optional<std::string> const& type, std::size_t rows_max) = 0;

    virtual base::result<void> put_webhook(service::webhook_row const& row) = 0;
    virtual base::result<std::vector<service::webhook_row>> list_webhooks() = 0;
    virtual base::result<service::webhook_row> change_webhook(
        std::string const& id, service::webhook_change const& change) = 0;
    virtual base::result<void> delete_webhook(std::string const& id, base::utc_time now) = 0;
    /// In front of `before`, a place (0: from the newest); newest first.
    virtual base::result<std::vector<service::delivery_row>> list_deliveries(
        std::string const& webhook_id, std::uint64_t before, std::size_t rows_max) = 0;
    virtual base::result<void> redeliver(std::string const& webhook_id, std::uint64_t position, base::utc_time now) = 0;

    virtual base::result<service::due_work> take_due(base::utc_time now, std::size_t rows_max) = 0;
    virtual base::result<void> record_outcome(service::delivery_outcome const& outcome) = 0;

    /// How many events were added by this process, those that were taken back again included: if it
    /// has grown after a commit, there may be more to deliver.
    virtual std::uint64_t events_added() const noexcept = 0;
};

/// New events that one look lays out for one webhook.
inline constexpr std::size_t layout_rows_max = 256;

} // namespace rendezvous::store
