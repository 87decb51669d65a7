#include "../event_types.hpp"
#include "memory_backend.hpp"
#include "rendezvous/store/retention.hpp"

#include <algorithm>

// Events and webhooks in memory; the same rules as sqlite/outbox.

namespace rendezvous::store::memory {
namespace {

using base::errc;
using service::delivery_state;
using service::webhook_status;

bool is_open(delivery_state state)
{
    return state == delivery_state::pending || state == delivery_state::held;
}

} // namespace

std::string place_key(std::uint64_t position)
{
    return event_id(position, {});
}

std::string delivery_key(std::string const& webhook_id, std::uint64_t position)
{
    return webhook_id + '\n' + place_key(position);
}

outbox_context memory_backend::look_up(call::fact const& happened) const
{
    outbox_context out;
    auto const asked = outbox_question_of(happened);
    if (!asked) return out;
    auto const found = all_.calls.find(asked->call.str());
    if (found == all_.calls.end()) return out;
    out.appointment = found->second.appointment;
    out.state = found->second.state;
    for (auto const& seat : found->second.seats)
        if (seat.order == asked->order) out.role = seat.role;
    return out;
}

service::event_row memory_backend::add_outbox(outbox_draft const& event, std::optional<std::string> const& only_for)
{
    auto const last = all_.outbox.empty() ? 0 : *position_in(all_.outbox.rbegin()->second.value.id);
    kept_event next{{event_id(last + 1, new_event_tag()), event.type, event.at, event.call, event.data}, 0, only_for};
    if (event.call) {
        next.seq = 1;
        for (auto at = all_.outbox.rbegin(); at != all_.outbox.rend() && next.seq == 1; ++at)
            if (at->second.value.call == event.call) next.seq = at->second.seq + 1;
        next.value.data = with_seq(next.value.data, next.seq);
    }
    auto const key = place_key(last + 1);
    undo_.keep(&tables::outbox, all_, key);
    all_.outbox.emplace(key, next);
    ++events_added_;
    return next.value;
}

result<service::event_row> memory_backend::append_event(
    std::string const& type, std::string const& data, base::utc_time at, std::optional<std::string> const& only_for)
{
    return add_outbox({type, at, {}, data}, only_for);
}

result<std::vector<service::event_row>> memory_backend::list_events(
    std::uint64_t after, std::optional<std::string> const& type, std::size_t rows_max)
{
    std::vector<service::event_row> out;
    for (auto at = all_.outbox.upper_bound(place_key(after)); at != all_.outbox.end() && out.size() < rows_max; ++at)
        if (!type || at->second.value.type == *type) out.push_back(at->second.value);
    return out;
}

result<void> memory_backend::put_webhook(service::webhook_row const& row)
{
    if (all_.webhooks.size() >= service::webhooks_max) return errc::rate_limited;
    if (all_.webhooks.contains(row.id)) return errc::illegal_transition;
    undo_.keep(&tables::webhooks, all_, row.id);
    auto const last = all_.outbox.empty() ? 0 : *position_in(all_.outbox.rbegin()->second.value.id);
    all_.webhooks.emplace(row.id, kept_webhook{row, last});
    return {};
}

result<std::vector<service::webhook_row>> memory_backend::list_webhooks()
{
    std::vector<service::webhook_row> out;
    for (auto const& [id, kept] : all_.webhooks) out.push_back(kept.value);
    std::reverse(out.begin(), out.end());
    return out;
}

result<service::webhook_row> memory_backend::change_webhook(
    std::string const& id, service::webhook_change const& change)
{
    auto const found = all_.webhooks.find(id);
    if (found == all_.webhooks.end()) return errc::not_found;
    undo_.keep(&tables::webhooks, all_, id);
    auto& row = found->second.value;
    if (change.url) row.url = *change.url;
    if (change.events) row.events = *change.events;
    if (change.status) {
        row.status = *change.status;
        row.failing_since.reset();
    }
    if (change.rotate) {
        row.previous_secret = std::exchange(row.secret, change.rotate->secret);
        row.previous_until = change.rotate->previous_until;
    }
    return row;
}

result<void> memory_backend::delete_webhook(std::string const& id, base::utc_time)
{
    if (!all_.webhooks.contains(id)) return errc::not_found;
    undo_.keep(&tables::webhooks, all_, id);
    all_.webhooks.erase(id);
    for (auto at = all_.deliveries.lower_bound(id + '\n'); at != all_.deliveries.end();) {
        if (!at->first.starts_with(id + '\n')) break;
        undo_.keep(&tables::deliveries, all_, at->first);
        at = all_.deliveries.erase(at);
    }
    return {};
}

result<std::vector<service::delivery_row>> memory_backend::list_deliveries(
    std::string const& webhook_id, std::uint64_t before, std::size_t rows_max)
{
    if (!all_.webhooks.contains(webhook_id)) return errc::not_found;
    auto const end = before > 0 ? delivery_key(webhook_id, before) : webhook_id + "\n~";
    std::vector<service::delivery_row> out;
    for (auto at = all_.deliveries.lower_bound(end); at != all_.deliveries.begin() && out.size() < rows_max;) {
        --at;
        if (!at->first.starts_with(webhook_id + '\n')) break;
        out.push_back(at->second);
    }
    return out;
}

/// Whether an event of that call is on its way there.
bool memory_backend::is_under_way(std::string const& webhook_id, std::optional<base::call_id> const& call) const
{
    if (!call) return false;
    auto const prefix = webhook_id + '\n';
    for (auto at = all_.deliveries.lower_bound(prefix); at != all_.deliveries.end(); ++at) {
        if (!at->first.starts_with(prefix)) return false;
        if (at->second.event.call == call && at->second.state == delivery_state::pending) return true;
    }
    return false;
}

result<void> memory_backend::redeliver(std::string const& webhook_id, std::uint64_t position, base::utc_time now)
{
    auto const found = all_.deliveries.find(delivery_key(webhook_id, position));
    if (found == all_.deliveries.end()) return errc::not_found;
    undo_.keep(&tables::deliveries, all_, found->first);
    auto& row = found->second;
    if (!is_open(row.state))
        row.state = is_under_way(webhook_id, row.event.call) ? delivery_state::held : delivery_state::pending;
    row.attempts = 0;
    row.next_at = now;
    return {};
}

bool memory_backend::lay_out(kept_webhook& to, base::utc_time now)
{
    std::size_t looked_at = 0;
    for (auto at = all_.outbox.upper_bound(place_key(to.seen)); at != all_.outbox.end(); ++at) {
        if (++looked_at > layout_rows_max) return true;
        auto const& event = at->second;
        to.seen = *position_in(event.value.id);
        if (!is_for(to.value, event.value.type, event.only_for)) continue;
        service::delivery_row row;
        row.event = event.value;
        row.next_at = now;
        if (is_under_way(to.value.id, row.event.call)) row.state = delivery_state::held;
        auto const key = delivery_key(to.value.id, to.seen);
        undo_.keep(&tables::deliveries, all_, key);
        all_.deliveries.insert_or_assign(key, std::move(row));
    }
    return looked_at == layout_rows_max;
}

result<service::due_work> memory_backend::take_due(base::utc_time now, std::size_t rows_max)
{
    service::due_work out;
    auto const sooner = [](std::optional<base::utc_time>& best, base::utc_time other) {
        if (!best || other < *best) best = other;
    };
    for (auto at = all_.webhooks.rbegin(); at != all_.webhooks.rend(); ++at) {
        auto& [id, kept] = *at;
        if (kept.value.status == webhook_status::disabled) continue;
        undo_.keep(&tables::webhooks, all_, id);
        out.more = lay_out(kept, now) || out.more;
        service::webhook_work work{kept.value, {}};
        for (auto const& [key, row] : all_.deliveries) {
            if (!key.starts_with(id + '\n') || !is_open(row.state)) continue;
            sooner(out.oldest, row.event.at);
            if (row.state == delivery_state::held) continue;
            if (row.next_at <= now)
                work.due.push_back(row);
            else
                sooner(out.next_at, row.next_at);
        }
        std::stable_sort(
            work.due.begin(), work.due.end(), [](auto const& a, auto const& b) { return a.next_at < b.next_at; });
        if (work.due.size() > rows_max) work.due.resize(rows_max);
        out.webhooks.push_back(std::move(work));
    }
    return out;
}

void memory_backend::release_next(std::string const& webhook_id, base::call_id const& call, base::utc_time now)
{
    for (auto& [key, row] : all_.deliveries) {
        if (!key.starts_with(webhook_id + '\n') || row.event.call != call || row.state != delivery_state::held)
            continue;
        undo_.keep(&tables::deliveries, all_, key);
        row.state = delivery_state::pending;
        row.next_at = now;
        return;
    }
}

void memory_backend::apply_effect(service::delivery_outcome const& outcome)
{
    auto const found = all_.webhooks.find(outcome.webhook_id);
    if (found == all_.webhooks.end()) return;
    undo_.keep(&tables::webhooks, all_, outcome.webhook_id);
    auto& row = found->second.value;
    if (outcome.effect == service::webhook_effect::healthy && row.status == webhook_status::failing) {
        row.status = webhook_status::active;
        row.failing_since.reset();
    }
    if (outcome.effect == service::webhook_effect::failing && row.status != webhook_status::disabled) {
        row.status = webhook_status::failing;
        if (!row.failing_since) row.failing_since = outcome.at;
    }
    if (outcome.effect == service::webhook_effect::disabled) row.status = webhook_status::disabled;
}

result<void> memory_backend::record_outcome(service::delivery_outcome const& outcome)
{
    auto const position = position_in(outcome.event_id);
    apply_effect(outcome);
    if (!position) return {};
    auto const found = all_.deliveries.find(delivery_key(outcome.webhook_id, *position));
    if (found == all_.deliveries.end() || found->second.state != delivery_state::pending) return {};
    undo_.keep(&tables::deliveries, all_, found->first);
    auto& row = found->second;
    row.state = outcome.state;
    ++row.attempts;
    row.next_at = outcome.next_at;
    row.tried_at = outcome.at;
    row.http_status = outcome.http_status;
    row.error = outcome.error;
    if (row.state != delivery_state::pending && row.event.call)
        release_next(outcome.webhook_id, *row.event.call, outcome.at);
    return {};
}

std::size_t memory_backend::sweep_events(base::utc_time now, std::size_t rows_max)
{
    std::size_t count = 0;
    while (all_.outbox.size() > 1 && count < rows_max) {
        auto const oldest = all_.outbox.begin();
        if (oldest->second.value.at + retention::events > now) break;
        for (auto const& [id, kept] : all_.webhooks) count += all_.deliveries.erase(id + '\n' + oldest->first);
        all_.outbox.erase(oldest);
        ++count;
    }
    return count;
}

} // namespace rendezvous::store::memory
