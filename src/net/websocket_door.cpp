#include "account.hpp"
#include "message_count.hpp"
#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"
#include "rendezvous/net/doors.hpp"
#include "rendezvous/protocol/error_map.hpp"
#include "session_table.hpp"

// The WebSocket door: a socket from its upgrade to `register`, and its messages afterwards on
// their way to the session's shard.

namespace rendezvous::net {
namespace {

using base::errc;
namespace messages = protocol::messages;
namespace metrics = base::metrics;

/// Lives on the connection's shard; the session it opens lives on its room's.
class door final : public socket_handler, public std::enable_shared_from_this<door> {
public:
    door(session_context& house, std::shared_ptr<socket> wire, socket_info info)
        : house_(house),
          wire_(std::move(wire)),
          info_(std::move(info))
    {}

    /// Gives the socket `register_timeout` to say who it is.
    void wait_for_register()
    {
        auto const late = [self = weak_from_this()] {
            auto const here = self.lock();
            if (here && !here->asked_ && here->wire_) here->refuse({}, errc::not_registered);
        };
        house_.tables[info_.shard]->after(house_.limits().register_timeout, late);
    }

    reading on_text(std::string_view text) override
    {
        protocol::parser_limits const bounds{house_.limits().message_bytes_max, house_.limits().json_depth_max};
        auto message = protocol::parse_client_message(text, bounds);
        count_received(message);
        if (!place_.session) return on_first(std::move(message));
        bool const waits = message.message && waits_for_answer(*message.message);
        forward(std::move(message));
        return waits ? reading::hold : reading::go_on;
    }

    void on_closed() override
    {
        wire_.reset();
        if (place_.session) house_.shards.dispatch(home_, [p = place_] { p.session->on_closed(p.attachment); });
    }

private:
    /// The answer to these says when the next message is read.
    static bool waits_for_answer(protocol::client_message const& m)
    {
        return protocol::changes_state(m) || std::holds_alternative<messages::register_session>(m)
               || std::holds_alternative<messages::ice>(m) || std::holds_alternative<messages::refresh>(m);
    }

    void forward(protocol::parsed message)
    {
        auto const& [session, attachment] = place_;
        if (house_.shards.current() == home_) return session->on_message(attachment, message);
        house_.shards.post(home_, [p = place_, m = std::move(message)] { p.session->on_message(p.attachment, m); });
    }

    reading on_first(protocol::parsed message)
    {
        if (asked_) return reading::hold;
        asked_ = true;
        if (!message.message) {
            auto const why = base::to_errc(message.message.error());
            refuse(message.id, why);
        } else if (auto const* m = std::get_if<messages::register_session>(&*message.message)) {
            admit(message.id, *m);
        } else {
            refuse(message.id, errc::not_registered);
        }
        return reading::hold;
    }

    void admit(std::string const& id, messages::register_session const& m)
    {
        if (house_.draining) return refuse(id, errc::draining);
        if (house_.crowded) return refuse(id, errc::busy, protocol::close_codes::overloaded);
        auto const now = house_.clock.now();
        if (house_.access.failure_wait(info_.remote_ip, now) > base::milliseconds{0}) {
            metrics::auth_failures.add(metrics::auth_failure::throttled);
            return refuse(id, errc::rate_limited);
        }
        identify(id, m, true);
    }

    /// `may_wait`: for its issuer's keys, if the token's is not known.
    void identify(std::string const& id, messages::register_session const& m, bool may_wait)
    {
        auto const now = house_.clock.now();
        auto who = house_.access.check_token(m.token, now.utc);
        auto const again = [self = shared_from_this(), id, m] {
            self->house_.shards.post(self->info_.shard, [self, id, m] { self->identify(id, m, false); });
        };
        if (!who && may_wait && house_.access.await_keys(m.token, again)) return;
        if (!who && house_.access.is_revoked(m.token, now.utc))
            return refuse(id, failed(m, base::to_errc(who.error()), now), protocol::close_codes::token_revoked);
        if (!who) return refuse(id, failed(m, base::to_errc(who.error()), now));
        known_ = who->user;
        auto room = m.appointment;
        if (!info_.path_appointment.empty()) {
            auto const in_path = base::parse_appointment_id(info_.path_appointment);
            if (!in_path || m.call || (room && *room != *in_path)) return refuse(id, errc::bad_field);
            room = in_path;
        }
        if (m.call) return find_room_of(id, m, std::move(*who));
        open(id, m, std::move(*who), std::move(room));
    }

    /// Counts a token that is not good here; what to answer, which is less after too many for one
    /// appointment.
    errc failed(messages::register_session const& m, errc why, base::instant now)
    {
        bool const expired = why == errc::token_expired;
        metrics::auth_failures.add(
            expired ? metrics::auth_failure::token_expired : metrics::auth_failure::token_invalid);
        base::log::info("token_refused", {{"ip", info_.remote_ip}});
        auto const& named = m.appointment ? m.appointment->str() : info_.path_appointment;
        auto const wait = house_.access.record_failure(info_.remote_ip, now, named);
        return wait > base::milliseconds{0} ? errc::rate_limited : why;
    }

    /// `register` by call: its room is that of its appointment.
    void find_room_of(std::string const& id, messages::register_session const& m, service::bearer who)
    {
        auto const here = info_.shard;
        auto const found = [self = shared_from_this(), here, id, m, who = std::move(who)](
                               base::result<call::call_record> got) {
            self->house_.shards.post(here, [self, id, m, who, got = std::move(got)] {
                if (!got) return self->refuse(id, base::to_errc(got.error()));
                if (!got->appointment) return self->refuse(id, errc::not_found);
                self->open(id, m, who, got->appointment);
            });
        };
        house_.reader.get_call(*m.call, found);
    }

    void open(std::string const& id, messages::register_session const& m, service::bearer who,
        std::optional<base::appointment_id> room)
    {
        if (!wire_) return;
        if (room && !who.covers(*room)) return refuse(id, errc::not_found);
        home_ = room ? house_.calls.shard_of(*room) : house_.calls.shard_of(who.user);
        registering from{wire_, std::move(who), std::move(room), m.instance, id, ip_prefix(info_.remote_ip)};
        auto const enter = [self = shared_from_this(), from = std::move(from), resume = m.resume] {
            auto& house = self->house_;
            auto const placed = [&house, self](session_table::place place) {
                house.shards.dispatch(self->info_.shard, [self, place = std::move(place)] { self->take(place); });
            };
            house.tables[self->home_]->open(house, from, resume, placed);
        };
        house_.shards.dispatch(home_, enter);
    }

    /// From here on messages go to the session; unless the socket has gone on the way there.
    void take(session_table::place place)
    {
        place_ = std::move(place);
        if (!wire_) on_closed();
    }

    /// The error answer, `bye`, and the close code that belongs to the error.
    void refuse(std::string const& id, errc why, std::optional<std::uint16_t> with = {})
    {
        if (!wire_) return;
        auto const code = with.value_or(protocol::describe(why).close_code);
        auto const say = [&](std::string text) { wire_->send(std::make_shared<std::string const>(std::move(text))); };
        metrics::registers_refused.add(why);
        if (why != errc::not_registered)
            account(house_, "socket.register", known_ ? &*known_ : nullptr, nullptr, why, ip_prefix(info_.remote_ip));
        base::log::info("register_refused", {{"code", protocol::wire_code(why)}, {"close", unsigned{code}}});
        if (why != errc::not_registered) say(protocol::register_error_message(id, why));
        say(protocol::bye_message(code, protocol::close_text(code), protocol::retry_hint(code)));
        wire_->close(code, std::string(protocol::close_text(code)));
    }

    session_context& house_;
    std::shared_ptr<socket> wire_;
    socket_info info_;
    bool asked_ = false;                 ///< the first message has come
    std::optional<base::user_id> known_; ///< whose token it was
    std::size_t home_ = 0;
    session_table::place place_;
};

} // namespace

socket_handler_factory websocket_door(session_context& house)
{
    return [&house](std::shared_ptr<socket> wire, socket_info info) -> std::shared_ptr<socket_handler> {
        auto made = std::make_shared<door>(house, std::move(wire), std::move(info));
        made->wait_for_register();
        return made;
    };
}

std::vector<std::shared_ptr<session_table>> make_session_tables(service::shards& shards)
{
    std::vector<std::shared_ptr<session_table>> out;
    for (std::size_t i = 0; i < shards.count(); ++i) out.push_back(std::make_shared<session_table>(shards.context(i)));
    return out;
}

std::vector<service::event_sink*> sinks_of(std::vector<std::shared_ptr<session_table>> const& tables)
{
    std::vector<service::event_sink*> out;
    for (auto const& t : tables) out.push_back(t.get());
    return out;
}

void start_heartbeats(session_context& house)
{
    auto const quarter = std::min(house.heartbeat.every, house.heartbeat.timeout) / 4;
    auto const period = std::clamp(quarter, base::milliseconds{20}, base::milliseconds{1'000});
    auto const share = house.limits().rings_bytes_max / house.tables.size();
    for (auto const& table : house.tables) table->start(house.clock, period, share);
}

namespace {

/// Does `work` with every table on its own shard, then `done` on shard 0.
void on_each_table(session_context& house,
    std::function<void(session_table&, std::function<void()> finished)> const& work, std::function<void()> done)
{
    auto const left = std::make_shared<std::size_t>(house.tables.size()); // counted on shard 0 only
    auto const finished = [&house, left, done = std::move(done)] {
        house.shards.post(0, [left, done] {
            if (--*left == 0 && done) done();
        });
    };
    for (std::size_t i = 0; i < house.tables.size(); ++i)
        house.shards.dispatch(i, [&house, i, work, finished] { work(*house.tables[i], finished); });
}

} // namespace

void drain_sessions(session_context& house, base::milliseconds spread, std::function<void()> done)
{
    house.draining = true;
    auto const drain = [spread](session_table& table, std::function<void()> const& finished) {
        table.drain(spread, finished);
    };
    on_each_table(house, drain, std::move(done));
}

void close_sessions(session_context& house, std::uint16_t close_code, std::function<void()> done)
{
    auto const close = [close_code](session_table& table, std::function<void()> const& finished) {
        table.close_all(close_code);
        finished();
    };
    on_each_table(house, close, std::move(done));
}

void close_revoked(session_context& house)
{
    auto const revoked = [&house](session const& s) { return house.access.revoked(s.who()); };
    auto const close = [revoked](session_table& table, std::function<void()> const& finished) {
        table.close_if(revoked, protocol::close_codes::token_revoked);
        finished();
    };
    on_each_table(house, close, nullptr);
}

void close_user(session_context& house, base::user_id const& user, std::uint16_t close_code)
{
    auto const close = [user, close_code](session_table& table, std::function<void()> const& finished) {
        table.close_user(user, close_code);
        finished();
    };
    on_each_table(house, close, nullptr);
}

void shed_memory(session_context& house)
{
    auto const shed = [](session_table& table, std::function<void()> const& finished) {
        table.shed();
        finished();
    };
    on_each_table(house, shed, nullptr);
}

void use_limits(session_context& house, base::limits const& limits)
{
    for (std::size_t i = 0; i < house.tables.size(); ++i)
        house.shards.dispatch(i, [&house, i, limits] { house.limits_by_shard[i] = limits; });
}

} // namespace rendezvous::net
