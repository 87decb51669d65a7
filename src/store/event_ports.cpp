#include "outbox_of.hpp"
#include "read_jobs.hpp"
#include "rendezvous/store/store_thread.hpp"

#include <memory>

// The port of events over any backend.

namespace rendezvous::store {

using base::errc;
using service::completion;

namespace {

/// A write that gives a value: `work` leaves it in the shared place, the answer takes it from there.
template <class T, class Work>
std::pair<std::function<result<void>(backend&)>, completion<void>> writing(completion<T> done, Work work)
{
    auto const value = std::make_shared<std::optional<T>>();
    auto run = [value, work = std::move(work)](backend& records) -> result<void> {
        auto out = work(records);
        if (!out) return out.error();
        value->emplace(std::move(*out));
        return {};
    };
    auto answer = [value, done = std::move(done)](result<void> stored) {
        if (stored)
            done(std::move(**value));
        else
            done(stored.error());
    };
    return {std::move(run), std::move(answer)};
}

} // namespace

void store_thread::append_event(std::string type, std::string data, base::utc_time at,
    std::optional<std::string> only_for, completion<service::event_row> done)
{
    auto [work, answer] = writing<service::event_row>(
        std::move(done), [type = std::move(type), data = std::move(data), at, only_for = std::move(only_for)](
                             backend& records) { return records.append_event(type, data, at, only_for); });
    push_write(std::move(work), std::move(answer));
}

void store_thread::list_events(service::event_filter filter, completion<std::vector<service::event_row>> done)
{
    auto const look = [filter = std::move(filter)](backend& records) -> result<std::vector<service::event_row>> {
        auto const after = filter.after ? position_in(*filter.after) : std::optional<std::uint64_t>(0);
        if (!after) return errc::bad_field;
        return records.list_events(*after, filter.type, filter.rows_max);
    };
    push_read(make_single(std::move(done), look));
}

void store_thread::put_webhook(service::webhook_row row, completion<void> done)
{
    push_write(
        [row = std::move(row)](backend& records) { return records.put_webhook(row); }, telling(true, std::move(done)));
}

void store_thread::list_webhooks(completion<std::vector<service::webhook_row>> done)
{
    push_read(make_single(std::move(done), [](backend& records) { return records.list_webhooks(); }));
}

void store_thread::change_webhook(std::string id, service::webhook_change change, completion<service::webhook_row> done)
{
    auto [work, answer] = writing<service::webhook_row>(
        std::move(done), [id = std::move(id), change = std::move(change)](
                             backend& records) { return records.change_webhook(id, change); });
    push_write(std::move(work), telling(true, std::move(answer)));
}

void store_thread::delete_webhook(std::string id, base::utc_time now, completion<void> done)
{
    push_write([id = std::move(id), now](backend& records) { return records.delete_webhook(id, now); },
        telling(true, std::move(done)));
}

void store_thread::list_deliveries(std::string webhook_id, std::optional<std::string> after, std::size_t rows_max,
    completion<std::vector<service::delivery_row>> done)
{
    auto const look = [webhook_id = std::move(webhook_id), after = std::move(after), rows_max](
                          backend& records) -> result<std::vector<service::delivery_row>> {
        auto const before = after ? position_in(*after) : std::optional<std::uint64_t>(0);
        if (!before) return errc::bad_field;
        return records.list_deliveries(webhook_id, *before, rows_max);
    };
    push_read(make_single(std::move(done), look));
}

void store_thread::redeliver(std::string webhook_id, std::string event_id, base::utc_time now, completion<void> done)
{
    auto const work = [webhook_id = std::move(webhook_id), event_id = std::move(event_id), now](
                          backend& records) -> result<void> {
        auto const position = position_in(event_id);
        if (!position) return errc::not_found;
        return records.redeliver(webhook_id, *position, now);
    };
    push_write(work, telling(true, std::move(done)));
}

void store_thread::take_due(base::utc_time now, std::size_t rows_max, completion<service::due_work> done)
{
    auto [work, answer] = writing<service::due_work>(
        std::move(done), [now, rows_max](backend& records) { return records.take_due(now, rows_max); });
    push_write(std::move(work), std::move(answer));
}

void store_thread::record_outcome(service::delivery_outcome outcome, completion<void> done)
{
    push_write(
        [outcome = std::move(outcome)](backend& records) { return records.record_outcome(outcome); }, std::move(done));
}

void store_thread::watch_events(std::function<void(bool webhooks)> changed)
{
    std::lock_guard const lock(watch_guard_);
    changed_events_ = std::move(changed);
}

/// An answer that also tells the dispatcher, on success.
completion<void> store_thread::telling(bool webhooks, completion<void> done)
{
    return [this, webhooks, done = std::move(done)](result<void> stored) {
        done(stored);
        if (stored) tell_watcher(webhooks);
    };
}

void store_thread::tell_watcher(bool webhooks)
{
    std::lock_guard const lock(watch_guard_);
    if (changed_events_) changed_events_(webhooks);
}

/// After each commit: whether events came with it.
void store_thread::note_events()
{
    auto const added = records_->events_added();
    if (std::exchange(events_seen_, added) != added) tell_watcher(false);
}

} // namespace rendezvous::store
