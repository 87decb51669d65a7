#include "rendezvous/base/metrics.hpp"
#include "rendezvous/protocol/error_map.hpp"
#include "session.hpp"
#include "session_table.hpp"

// How a session begins, into a room or with the list of the user's day, and how it goes on on
// another socket.

namespace rendezvous::net {
namespace {

using base::errc;
using base::milliseconds;

constexpr std::size_t resume_key_bytes = 32;
constexpr std::size_t day_rows_max = 100;
/// The list covers the server's calendar day and every window that is open around it.
constexpr milliseconds around_day{24 * 3'600'000};

namespace metrics = base::metrics;

metrics::resume_outcome outcome_of(protocol::reset_reason why)
{
    switch (why) {
    case protocol::reset_reason::fresh: break;
    case protocol::reset_reason::expired: return metrics::resume_outcome::expired;
    case protocol::reset_reason::overflow: return metrics::resume_outcome::overflow;
    case protocol::reset_reason::restart: return metrics::resume_outcome::restart;
    }
    return metrics::resume_outcome::fresh;
}

bool belongs_to_day(call::appointment const& a, base::utc_time now)
{
    auto const day = base::local_day(now);
    return (a.start >= day.first && a.start < day.second) || call::is_open_at(a, now);
}

} // namespace

session::session(session_context& house, base::session_id id, registering from, protocol::reset_reason why)
    : house_(house),
      id_(std::move(id)),
      from_(std::move(from)),
      begun_because_(why)
{
    heard_ = pinged_ = house_.clock.now();
}

void session::begin()
{
    auto const here = house_.shards.current();
    house_.tables[here]->add(shared_from_this());
    metrics::sessions.up(metrics::session_state::attached);
    house_.calls.add_socket(from_.who.user, {id_, here, !from_.room, false, false});
    // Revoked on the way here: those who revoke look for sessions that stand in the table.
    if (house_.access.revoked(from_.who)) return close(protocol::close_codes::token_revoked);
    if (from_.room)
        enter_room();
    else
        collect_day();
}

void session::enter_room()
{
    call::commands::enter asked{speaker(), from_.instance, from_.who.token_hash, from_.who.expired};
    house_.calls.submit(*from_.room, std::move(asked),
        [self = shared_from_this()](base::result<call::outcome> entered) { self->on_entered(std::move(entered)); });
}

void session::on_entered(base::result<call::outcome> entered)
{
    if (!entered) return refuse_registration(base::to_errc(entered.error()));
    if (away()) { // the socket ended while the room was being loaded
        house_.calls.submit(*from_.room, call::commands::forget{id_}, nullptr);
        return;
    }
    protocol::registration r;
    r.you = std::move(*entered->you);
    if (entered->room->call) call_ = entered->room->call->id;
    r.room = std::move(*entered->room);
    r.reason = begun_because_;
    complete(std::move(r));
    entered_ = true;
}

session::fitness session::fits(registering const& from, protocol::messages::resume_request const& asked) const
{
    if (final_ || !entered_ || from.who.user != from_.who.user || from.who.role != from_.who.role
        || from.room != from_.room)
        return fitness::not_yours;
    auto const hash = house_.access.hash(asked.resume_key);
    if (hash != key_hash_ && hash != previous_key_hash_) return fitness::not_yours;
    return ring_.reaches_back_to(asked.last_seq) ? fitness::fits : fitness::overflown;
}

void session::attach(registering from, std::uint64_t last_seq)
{
    if (away()) {
        metrics::sessions.down(metrics::session_state::detached);
        metrics::sessions.up(metrics::session_state::attached);
    } else {
        part(protocol::close_codes::resumed_elsewhere);
    }
    ++attachment_;
    closing_ = registered_ = expiry_told_ = false;
    if (from.instance.empty()) from.instance = from_.instance;
    from_ = std::move(from);
    resume_from_ = last_seq;
    heard_ = pinged_ = house_.clock.now();
    pings_ = 0;
    auto const here = house_.shards.current();
    house_.calls.add_socket(from_.who.user, {id_, here, !from_.room, seated_, false});
}

void session::go_on()
{
    if (house_.access.revoked(from_.who)) return close(protocol::close_codes::token_revoked);
    if (from_.room)
        ask_to_resume();
    else
        collect_day();
}

void session::ask_to_resume()
{
    call::commands::resume asked{speaker(), from_.who.token_hash, from_.who.expired};
    auto const mine = attachment_;
    house_.calls.submit(
        *from_.room, std::move(asked), [self = shared_from_this(), mine](base::result<call::outcome> back) {
            if (mine != self->attachment_) return; // resumed once more meanwhile
            self->on_resumed(std::move(back));
        });
}

void session::on_resumed(base::result<call::outcome> back)
{
    if (!back) {
        auto const why = base::to_errc(back.error());
        if (why == errc::not_found) return give_up();
        return refuse_registration(why);
    }
    if (away()) { // the new socket is gone too
        house_.calls.submit(*from_.room, call::commands::disconnect{id_}, nullptr);
        return;
    }
    // So much was told while the room was asked: the client comes again, and is told of a reset.
    if (!ring_.reaches_back_to(resume_from_)) return close(protocol::close_codes::unspecified);
    protocol::registration r;
    r.you = std::move(*back->you);
    r.room = std::move(*back->room);
    // What is sent again comes behind this snapshot and must not look older than it.
    r.room->rev = ring_.rev_at(resume_from_, r.room->rev);
    r.resumed = true;
    complete(std::move(r));
}

/// The room waits no longer. A client that came for it just now comes again, and is told of a reset.
void session::give_up()
{
    if (away()) return end();
    close(protocol::close_codes::unspecified);
    final_ = true;
}

/// Its tab has begun a new session: this one is over, and so is a socket it may still have.
void session::supersede()
{
    if (final_) return;
    if (away()) return end();
    final_ = true;
    part(protocol::close_codes::resumed_elsewhere);
}

void session::collect_day()
{
    if (from_.who.expired) return refuse_registration(errc::token_expired);
    auto const now = house_.clock.now().utc;
    service::appointment_filter filter;
    filter.user = from_.who.user;
    filter.from = now - around_day;
    filter.to = now + around_day;
    filter.rows_max = day_rows_max;
    auto const here = house_.shards.current();
    auto const mine = attachment_;
    house_.reader.list_appointments(filter, [self = shared_from_this(), here, mine](auto got) {
        self->house_.shards.post(here, [self, mine, got = std::move(got)] {
            if (mine != self->attachment_) return; // resumed once more meanwhile
            if (!got) return self->refuse_registration(base::to_errc(got.error()));
            self->on_day(got->rows);
        });
    });
}

/// Asks each room for its live state: who is there stands in no table.
void session::on_day(std::vector<service::appointment_row> rows)
{
    auto const now = house_.clock.now().utc;
    std::erase_if(rows, [&](auto const& row) {
        return !belongs_to_day(*row.appointment, now) || !from_.who.covers(row.appointment->id);
    });
    auto const list = std::make_shared<day>();
    list->attachment = attachment_;
    list->views.resize(rows.size());
    list->missing = rows.size();
    if (rows.empty()) return on_described(*list);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto const place = [self = shared_from_this(), list, i](base::result<service::room_status> got) {
            if (got) list->views[i] = std::move(got->view);
            --list->missing;
            self->on_described(*list);
        };
        house_.calls.describe(rows[i].appointment->id, from_.who.user, place);
    }
}

void session::on_described(day& list)
{
    if (list.missing > 0 || list.attachment != attachment_) return;
    protocol::registration r;
    r.you.user = from_.who.user;
    r.you.role = from_.who.role;
    r.you.name = from_.who.name;
    r.you.admitted = true;
    r.appointments.emplace();
    for (auto& view : list.views)
        if (view) r.appointments->push_back(std::move(*view));
    r.resumed = entered_;
    if (!r.resumed) r.reason = begun_because_;
    complete(std::move(r));
    entered_ = true;
}

/// `registered`, then whatever this socket has missed, then everything as it happens.
void session::complete(protocol::registration filled)
{
    if (closing_ || away()) return;
    auto key = house_.ids.secret(resume_key_bytes);
    previous_key_hash_ = std::move(key_hash_);
    key_hash_ = house_.access.hash(key);
    filled.re = from_.register_id;
    filled.session = id_;
    filled.resume_key = std::move(key);
    filled.received = received_;
    filled.ice_servers = ice_for(house_, from_.who.user, call_);
    filled.relay_only = house_.relay_only;
    filled.limits = house_.limits();
    filled.heartbeat = house_.heartbeat;
    filled.server_time = house_.clock.now().utc;
    bool const resumed = filled.resumed;
    metrics::resumes.add(resumed ? metrics::resume_outcome::resumed : outcome_of(*filled.reason));
    account_for(resumed ? "socket.resume" : "socket.register", errc::ok);
    send_uncounted(protocol::registered_message(filled));
    registered_ = true;
    if (resumed) from_.wire->send_replay(ring_.after(resume_from_));
    for (auto const& what : std::exchange(held_, {})) send_counted(protocol::event_message(next_seq(), what));
    resume_reading();
}

void session::refuse_registration(errc why)
{
    if (closing_ || away()) return;
    metrics::registers_refused.add(why);
    account_for("socket.register", why);
    send_uncounted(protocol::register_error_message(from_.register_id, why));
    close(protocol::describe(why).close_code);
}

} // namespace rendezvous::net
