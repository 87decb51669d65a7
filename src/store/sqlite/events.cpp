#include "sqlite_backend.hpp"

// Events and webhooks: the outbox's answers as the backend gives them.

namespace rendezvous::store::sqlite {

using base::errc;

result<service::event_row> sqlite_backend::append_event(
    std::string const& type, std::string const& data, base::utc_time at, std::optional<std::string> const& only_for)
{
    return attempt([&] { return outbox_.add({type, at, {}, data}, only_for); });
}

result<std::vector<service::event_row>> sqlite_backend::list_events(
    std::uint64_t after, std::optional<std::string> const& type, std::size_t rows_max)
{
    return attempt([&] { return outbox_.list(after, type, rows_max); });
}

result<void> sqlite_backend::put_webhook(service::webhook_row const& row)
{
    auto const put = attempt([&] { return outbox_.put_webhook(row); });
    if (!put) return put.error();
    if (*put != errc::ok) return *put;
    return {};
}

result<std::vector<service::webhook_row>> sqlite_backend::list_webhooks()
{
    return attempt([&] { return outbox_.webhooks(); });
}

result<service::webhook_row> sqlite_backend::change_webhook(
    std::string const& id, service::webhook_change const& change)
{
    auto changed = attempt([&] { return outbox_.change_webhook(id, change); });
    if (!changed) return changed.error();
    if (!*changed) return errc::not_found;
    return std::move(**changed);
}

result<void> sqlite_backend::delete_webhook(std::string const& id, base::utc_time now)
{
    auto const deleted = attempt([&] { return outbox_.delete_webhook(id, now); });
    if (!deleted) return deleted.error();
    if (!*deleted) return errc::not_found;
    return {};
}

result<std::vector<service::delivery_row>> sqlite_backend::list_deliveries(
    std::string const& webhook_id, std::uint64_t before, std::size_t rows_max)
{
    auto const known = attempt([&] { return outbox_.knows(webhook_id); });
    if (!known) return known.error();
    if (!*known) return errc::not_found;
    return attempt([&] { return outbox_.deliveries(webhook_id, before, rows_max); });
}

result<void> sqlite_backend::redeliver(std::string const& webhook_id, std::uint64_t position, base::utc_time now)
{
    auto const done = attempt([&] { return outbox_.redeliver(webhook_id, position, now); });
    if (!done) return done.error();
    if (!*done) return errc::not_found;
    return {};
}

result<service::due_work> sqlite_backend::take_due(base::utc_time now, std::size_t rows_max)
{
    return attempt([&] { return outbox_.take_due(now, rows_max); });
}

result<void> sqlite_backend::record_outcome(service::delivery_outcome const& outcome)
{
    auto const recorded = attempt([&] { return outbox_.record(outcome), true; });
    if (!recorded) return recorded.error();
    return {};
}

} // namespace rendezvous::store::sqlite
