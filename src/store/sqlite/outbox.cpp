#include "outbox.hpp"

#include "../event_types.hpp"
#include "rendezvous/store/retention.hpp"

namespace rendezvous::store::sqlite {
namespace {

using base::errc;
using call::to_word;
using service::delivery_state;
using service::webhook_status;

constexpr char const* event_columns = "o.position, o.tag, o.type, o.at, o.call_id, o.data";
constexpr char const* webhook_columns = "id, url, events, secret, previous_secret, previous_until, status,"
                                        " failing_since, created_at";

service::event_row event_of_row(statement const& row)
{
    service::event_row out;
    out.id = event_id(static_cast<std::uint64_t>(row.integer(0)), row.text(1));
    out.type = row.text(2);
    out.at = row.time(3);
    if (auto call = row.maybe_text(4)) out.call = base::call_id(*call);
    out.data = row.text(5);
    return out;
}

service::webhook_row webhook_of_row(statement const& row)
{
    return {row.text(0), row.text(1), types_in(row.text(2)), row.text(3), row.text(4), row.maybe_time(5),
        call::from_word<webhook_status>(row.text(6)).value_or(webhook_status::disabled), row.maybe_time(7),
        row.time(8)};
}

/// The columns behind those of its event.
service::delivery_row delivery_of_row(statement const& row)
{
    service::delivery_row out;
    out.event = event_of_row(row);
    out.state = call::from_word<delivery_state>(row.text(6)).value_or(delivery_state::dead);
    out.attempts = static_cast<unsigned>(row.integer(7));
    out.next_at = row.time(8);
    out.tried_at = row.maybe_time(9);
    out.http_status = static_cast<unsigned>(row.integer(10));
    out.error = row.text(11);
    return out;
}

std::string delivery_select()
{
    return std::string("SELECT ") + event_columns
           + ", d.state, d.attempts, d.next_at, d.tried_at, d.http_status, d.error"
             " FROM deliveries d JOIN outbox o ON o.position = d.position";
}

} // namespace

outbox_context outbox::look_up(call::fact const& happened)
{
    outbox_context out;
    auto const asked = outbox_question_of(happened);
    if (!asked) return out;
    auto row = db_.prepare("SELECT c.appointment_id, c.state, s.role FROM calls c"
                           " LEFT JOIN call_seats s ON s.call_id = c.id AND s.seat_order = $2 WHERE c.id = $1");
    row.bind_all(asked->call, asked->order);
    if (!row.step()) return out;
    if (auto id = row.maybe_text(0)) out.appointment = base::appointment_id(*id);
    out.state = call::from_word<call::call_state>(row.text(1)).value_or(call::call_state::ended);
    if (auto role = row.maybe_text(2)) out.role = call::from_word<call::role>(*role);
    return out;
}

service::event_row outbox::add(outbox_draft const& event, std::optional<std::string> const& only_for)
{
    service::event_row out{{}, event.type, event.at, event.call, event.data};
    std::optional<std::uint64_t> seq;
    if (event.call) {
        auto last = db_.prepare("SELECT COALESCE(MAX(seq), 0) FROM outbox WHERE call_id = $1");
        last.bind_all(*event.call);
        last.step();
        seq = static_cast<std::uint64_t>(last.integer(0)) + 1;
        out.data = with_seq(out.data, *seq);
    }
    std::uint64_t position = 0;
    {
        auto last = db_.prepare("SELECT COALESCE(MAX(position), 0) FROM outbox");
        last.step();
        position = static_cast<std::uint64_t>(last.integer(0)) + 1;
    }
    auto const tag = new_event_tag();
    db_.run("INSERT INTO outbox (position, tag, type, at, call_id, seq, webhook_id, data)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        position, tag, out.type, out.at, out.call, seq, only_for, out.data);
    out.id = event_id(position, tag);
    ++added_;
    return out;
}

std::vector<service::event_row> outbox::list(
    std::uint64_t after, std::optional<std::string> const& type, std::size_t rows_max)
{
    std::string sql = std::string("SELECT ") + event_columns + " FROM outbox o WHERE o.position > $1";
    if (type) sql += " AND o.type = $3";
    auto row = db_.prepare(sql + " ORDER BY o.position LIMIT $2");
    row.bind_all(after, rows_max, type);
    std::vector<service::event_row> out;
    while (row.step()) out.push_back(event_of_row(row));
    return out;
}

errc outbox::put_webhook(service::webhook_row const& row)
{
    // Those that are being deleted count until their deliveries have gone.
    auto const added =
        db_.run("INSERT INTO webhooks (id, url, events, secret, previous_secret, previous_until, status, failing_since,"
                " created_at, seen_position) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9,"
                " (SELECT COALESCE(MAX(position), 0) FROM outbox)"
                " WHERE (SELECT COUNT(*) FROM webhooks) < $10",
            row.id, row.url, to_text(row.events), row.secret, row.previous_secret, row.previous_until,
            to_word(row.status), row.failing_since, row.created_at, service::webhooks_max);
    return added == 1 ? errc::ok : errc::rate_limited;
}

std::vector<service::webhook_row> outbox::webhooks()
{
    auto row = db_.prepare(
        std::string("SELECT ") + webhook_columns + " FROM webhooks WHERE deleted_at IS NULL ORDER BY id DESC");
    std::vector<service::webhook_row> out;
    while (row.step()) out.push_back(webhook_of_row(row));
    return out;
}

std::optional<service::webhook_row> outbox::change_webhook(std::string const& id, service::webhook_change const& change)
{
    if (change.url) db_.run("UPDATE webhooks SET url = $2 WHERE id = $1 AND deleted_at IS NULL", id, *change.url);
    if (change.events)
        db_.run("UPDATE webhooks SET events = $2 WHERE id = $1 AND deleted_at IS NULL", id, to_text(*change.events));
    if (change.status)
        db_.run("UPDATE webhooks SET status = $2, failing_since = NULL WHERE id = $1 AND deleted_at IS NULL", id,
            to_word(*change.status));
    if (change.rotate)
        db_.run("UPDATE webhooks SET previous_secret = secret, secret = $2, previous_until = $3"
                " WHERE id = $1 AND deleted_at IS NULL",
            id, change.rotate->secret, change.rotate->previous_until);
    auto row =
        db_.prepare(std::string("SELECT ") + webhook_columns + " FROM webhooks WHERE id = $1 AND deleted_at IS NULL");
    row.bind_all(id);
    if (!row.step()) return std::nullopt;
    return webhook_of_row(row);
}

bool outbox::delete_webhook(std::string const& id, base::utc_time now)
{
    return db_.run("UPDATE webhooks SET deleted_at = $2, status = 'disabled', secret = '', previous_secret = ''"
                   " WHERE id = $1 AND deleted_at IS NULL",
               id, now)
           == 1;
}

bool outbox::knows(std::string const& webhook_id)
{
    auto row = db_.prepare("SELECT 1 FROM webhooks WHERE id = $1 AND deleted_at IS NULL");
    row.bind_all(webhook_id);
    return row.step();
}

std::vector<service::delivery_row> outbox::deliveries(
    std::string const& webhook_id, std::uint64_t before, std::size_t rows_max)
{
    auto row = db_.prepare(delivery_select()
                           + " WHERE d.webhook_id = $1 AND ($2 = 0 OR d.position < $2)"
                             " ORDER BY d.position DESC LIMIT $3");
    row.bind_all(webhook_id, before, rows_max);
    std::vector<service::delivery_row> out;
    while (row.step()) out.push_back(delivery_of_row(row));
    return out;
}

bool outbox::redeliver(std::string const& webhook_id, std::uint64_t position, base::utc_time now)
{
    // What is on its way begins anew; what was over waits for an earlier one of its call, if any is on its way.
    auto const changed =
        db_.run("UPDATE deliveries SET attempts = 0, next_at = $3, state = CASE"
                " WHEN state IN ('pending', 'held') THEN state"
                " WHEN EXISTS (SELECT 1 FROM deliveries e WHERE e.webhook_id = $1 AND e.call_id = deliveries.call_id"
                "              AND e.state = 'pending') THEN 'held'"
                " ELSE 'pending' END"
                " WHERE webhook_id = $1 AND position = $2"
                " AND EXISTS (SELECT 1 FROM webhooks WHERE id = $1 AND deleted_at IS NULL)",
            webhook_id, position, now);
    return changed == 1;
}

/// Events that the webhook has not seen; whether there may be more of them.
bool outbox::lay_out(service::webhook_row const& to, base::utc_time now)
{
    struct fresh {
        std::int64_t position;
        std::string type;
        std::optional<std::string> call;
        std::optional<std::string> only_for;
    };
    std::vector<fresh> rows;
    {
        auto row = db_.prepare("SELECT position, type, call_id, webhook_id FROM outbox"
                               " WHERE position > (SELECT seen_position FROM webhooks WHERE id = $1)"
                               " ORDER BY position LIMIT $2");
        row.bind_all(to.id, layout_rows_max);
        while (row.step()) rows.push_back({row.integer(0), row.text(1), row.maybe_text(2), row.maybe_text(3)});
    }
    if (rows.empty()) return false;
    for (auto const& event : rows) {
        if (!is_for(to, event.type, event.only_for)) continue;
        db_.run("INSERT INTO deliveries (webhook_id, position, call_id, state, next_at)"
                " SELECT $1, $2, $3, CASE WHEN EXISTS (SELECT 1 FROM deliveries WHERE webhook_id = $1"
                " AND call_id = $3 AND state = 'pending') THEN 'held' ELSE 'pending' END, $4",
            to.id, event.position, event.call, now);
    }
    db_.run("UPDATE webhooks SET seen_position = $2 WHERE id = $1", to.id, rows.back().position);
    return rows.size() == layout_rows_max;
}

std::optional<base::utc_time> outbox::next_of(std::string const& webhook_id, base::utc_time now)
{
    auto row =
        db_.prepare("SELECT MIN(next_at) FROM deliveries WHERE webhook_id = $1 AND state = 'pending' AND next_at > $2");
    row.bind_all(webhook_id, now);
    row.step();
    return row.maybe_time(0);
}

std::optional<base::utc_time> outbox::oldest_of(std::string const& webhook_id)
{
    auto row = db_.prepare("SELECT at FROM outbox WHERE position = (SELECT MIN(position) FROM deliveries"
                           " WHERE webhook_id = $1 AND state IN ('pending', 'held'))");
    row.bind_all(webhook_id);
    if (!row.step()) return std::nullopt;
    return row.time(0);
}

service::due_work outbox::take_due(base::utc_time now, std::size_t rows_max)
{
    service::due_work out;
    auto const sooner = [](std::optional<base::utc_time>& best, std::optional<base::utc_time> const& other) {
        if (other && (!best || *other < *best)) best = other;
    };
    for (auto& webhook : webhooks()) {
        if (webhook.status == webhook_status::disabled) continue;
        out.more = lay_out(webhook, now) || out.more;
        service::webhook_work work{std::move(webhook), {}};
        {
            auto row = db_.prepare(delivery_select()
                                   + " WHERE d.webhook_id = $1 AND d.state = 'pending' AND d.next_at <= $2"
                                     " ORDER BY d.next_at, d.position LIMIT $3");
            row.bind_all(work.webhook.id, now, rows_max);
            while (row.step()) work.due.push_back(delivery_of_row(row));
        }
        sooner(out.next_at, next_of(work.webhook.id, now));
        sooner(out.oldest, oldest_of(work.webhook.id));
        out.webhooks.push_back(std::move(work));
    }
    return out;
}

/// The next event of a call may go when the one before it has come to its end.
void outbox::release_next(std::string const& webhook_id, std::string const& call, base::utc_time now)
{
    db_.run("UPDATE deliveries SET state = 'pending', next_at = $3 WHERE webhook_id = $1 AND position ="
            " (SELECT MIN(position) FROM deliveries WHERE webhook_id = $1 AND call_id = $2 AND state = 'held')",
        webhook_id, call, now);
}

void outbox::apply_effect(service::delivery_outcome const& outcome)
{
    switch (outcome.effect) {
    case service::webhook_effect::none: return;
    case service::webhook_effect::healthy:
        db_.run("UPDATE webhooks SET status = 'active', failing_since = NULL WHERE id = $1 AND status = 'failing'",
            outcome.webhook_id);
        return;
    case service::webhook_effect::failing:
        db_.run("UPDATE webhooks SET status = 'failing', failing_since = COALESCE(failing_since, $2)"
                " WHERE id = $1 AND status <> 'disabled'",
            outcome.webhook_id, outcome.at);
        return;
    case service::webhook_effect::disabled:
        db_.run("UPDATE webhooks SET status = 'disabled' WHERE id = $1", outcome.webhook_id);
    }
}

void outbox::record(service::delivery_outcome const& outcome)
{
    auto const position = position_in(outcome.event_id);
    if (!position) return;
    auto const changed =
        db_.run("UPDATE deliveries SET state = $3, attempts = attempts + 1, next_at = $4, tried_at = $5,"
                " http_status = $6, error = $7 WHERE webhook_id = $1 AND position = $2 AND state = 'pending'",
            outcome.webhook_id, *position, to_word(outcome.state), outcome.next_at, outcome.at, outcome.http_status,
            outcome.error);
    apply_effect(outcome);
    if (changed != 1 || outcome.state == delivery_state::pending) return;
    std::optional<std::string> call;
    {
        auto row = db_.prepare("SELECT call_id FROM deliveries WHERE webhook_id = $1 AND position = $2");
        row.bind_all(outcome.webhook_id, *position);
        if (row.step()) call = row.maybe_text(0);
    }
    if (call) release_next(outcome.webhook_id, *call, outcome.at);
}

std::size_t outbox::sweep(base::utc_time now, std::size_t rows_max)
{
    // The newest stays, so that its place is not given to another one.
    auto count = db_.run("DELETE FROM outbox WHERE position IN"
                         " (SELECT position FROM outbox WHERE at <= $1 ORDER BY at LIMIT $2)"
                         " AND position < (SELECT MAX(position) FROM outbox)",
        now - retention::events, rows_max);
    count += db_.run("DELETE FROM deliveries WHERE rowid IN (SELECT rowid FROM deliveries"
                     " WHERE position < (SELECT MIN(position) FROM outbox) ORDER BY position LIMIT $1)",
        rows_max - count);
    count += db_.run("DELETE FROM deliveries WHERE rowid IN (SELECT rowid FROM deliveries WHERE webhook_id ="
                     " (SELECT id FROM webhooks WHERE deleted_at IS NOT NULL LIMIT 1) LIMIT $1)",
        rows_max - count);
    db_.run("DELETE FROM webhooks WHERE deleted_at IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM deliveries WHERE webhook_id = webhooks.id)");
    return count;
}

} // namespace rendezvous::store::sqlite
