#include "rendezvous/protocol/error_map.hpp"
#include "session.hpp"
#include "session_table.hpp"

// How a session begins: into a room, or with the list of the user's day.

namespace rendezvous::net {
namespace {

using base::errc;
using base::milliseconds;

constexpr std::size_t resume_key_bytes = 32;
constexpr std::size_t day_rows_max = 100;
/// The list covers the server's calendar day and every window that is open around it.
constexpr milliseconds around_day{24 * 3'600'000};

bool belongs_to_day(call::appointment const& a, base::utc_time now)
{
    auto const day = base::local_day(now);
    return (a.start >= day.first && a.start < day.second) || call::is_open_at(a, now);
}

} // namespace

session::session(session_context& house, origin from) : house_(house), from_(std::move(from))
{
    heard_ = pinged_ = house_.clock.now();
}

void session::begin()
{
    auto const here = house_.shards.current();
    house_.tables[here]->add(shared_from_this());
    house_.calls.add_socket(from_.who.user, {from_.id, here, !from_.room, false});
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
    if (gone_ || closing_) { // the socket ended while the room was being loaded
        house_.calls.submit(*from_.room, call::commands::disconnect{from_.id}, nullptr);
        return;
    }
    protocol::registration r;
    r.you = std::move(*entered->you);
    if (entered->room->call) call_ = entered->room->call->id;
    r.room = std::move(*entered->room);
    send_registered(std::move(r));
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
    house_.reader.list_appointments(filter, [self = shared_from_this(), here](auto got) {
        self->house_.shards.post(here, [self, got = std::move(got)] {
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
    day_.resize(rows.size());
    if (rows.empty()) return on_described(0);
    auto const left = std::make_shared<std::size_t>(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto const place = [self = shared_from_this(), left, i](base::result<service::room_status> got) {
            if (got) self->day_[i] = std::move(got->view);
            self->on_described(--*left);
        };
        house_.calls.describe(rows[i].appointment->id, from_.who.user, place);
    }
}

void session::on_described(std::size_t left)
{
    if (left > 0) return;
    protocol::registration r;
    r.you.user = from_.who.user;
    r.you.role = from_.who.role;
    r.you.name = from_.who.name;
    r.you.admitted = true;
    r.appointments.emplace();
    for (auto& view : day_)
        if (view) r.appointments->push_back(std::move(*view));
    day_.clear();
    send_registered(std::move(r));
}

void session::send_registered(protocol::registration filled)
{
    if (closing_) return;
    filled.re = from_.register_id;
    filled.session = from_.id;
    filled.resume_key = house_.ids.secret(resume_key_bytes);
    filled.reason = protocol::reset_reason::fresh;
    filled.ice_servers = ice_for(house_, from_.who.user, call_);
    filled.limits = house_.limits();
    filled.heartbeat = house_.heartbeat;
    filled.server_time = house_.clock.now().utc;
    send(protocol::registered_message(filled));
    registered_ = true;
    for (auto const& what : held_) send(protocol::event_message(next_seq(), what));
    held_ = {};
    from_.wire->resume_reading();
}

void session::refuse_registration(errc why)
{
    if (closing_ || gone_) return;
    send(protocol::register_error_message(from_.register_id, why));
    close(protocol::describe(why).close_code);
}

} // namespace rendezvous::net
