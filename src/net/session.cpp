#include "session.hpp"

#include "rendezvous/base/log.hpp"
#include "rendezvous/protocol/error_map.hpp"
#include "session_table.hpp"

// A session after it has registered: messages in, answers and events out, heartbeat.
// How it begins stands in session_begin.cpp.

namespace rendezvous::net {
namespace {

using base::errc;
using base::milliseconds;
namespace messages = protocol::messages;

constexpr milliseconds expiry_warning{60'000};
constexpr milliseconds token_leeway{60'000};
/// How long a call outlives the token it was taken with (docs/protocol.md, "Tokens and rights").
constexpr milliseconds seat_outlives_token{4 * 3'600'000};

} // namespace

std::vector<protocol::ice_server> ice_for(
    session_context const& house, base::user_id const& user, base::call_id const& call)
{
    std::vector<protocol::ice_server> out;
    for (auto& entry : house.access.ice_servers(user, call, house.clock.now().utc))
        out.push_back({std::move(entry.urls), std::move(entry.username), std::move(entry.credential)});
    return out;
}

void session::on_message(protocol::parsed const& message)
{
    if (closing_) return;
    heard_ = house_.clock.now();
    bool const is_pong = message.message && std::holds_alternative<messages::pong>(*message.message);
    if (!is_pong) ++received_;
    if (!message.message) return answer_error(message.id, base::to_errc(message.message.error()));
    std::visit([&](auto const& m) { handle(message.id, m); }, *message.message);
}

void session::handle(std::string const& id, messages::register_session const&)
{
    answer_error(id, errc::illegal_transition);
    from_.wire->resume_reading();
}

void session::handle(std::string const& id, messages::start_call const& m)
{
    base::call_id fresh{house_.ids.uuid(house_.clock.now().utc)};
    ask(id, call::commands::start_call{speaker(), std::move(fresh), m.media, m.offer});
}

void session::handle(std::string const& id, messages::join_call const& m)
{
    ask(id, call::commands::join_call{speaker(), m.call, m.offer, m.keep, m.takeover});
}

void session::handle(std::string const& id, messages::leave const& m)
{
    if (from_.room) return ask(id, call::commands::leave{from_.id, m.call});
    answer_ok(id);
    close(protocol::close_codes::normal);
}

void session::handle(std::string const& id, messages::end_call const& m)
{
    ask(id, call::commands::end_call{speaker(), m.call, false});
}

void session::handle(std::string const& id, messages::signal const& m)
{
    if (!in_room(id)) return;
    auto& rooms = house_.calls.on_shard(house_.calls.shard_of(*from_.room));
    auto const refused = rooms.relay(*from_.room, {from_.id, m.to, m.call, m.data});
    if (refused != errc::ok) answer_error(id, refused);
}

void session::handle(std::string const& id, messages::media_state const& m)
{
    tell_room(id, call::commands::set_media{from_.id, m.call, m.media});
}

void session::handle(std::string const& id, messages::stats const& m)
{
    tell_room(id, call::commands::sample_quality{
                      from_.id, m.call, m.rtt_ms, m.loss_ratio, m.jitter_ms, m.bitrate_kbps, m.candidate_type});
}

void session::handle(std::string const& id, messages::ice const&)
{
    send(protocol::ok_message(next_seq(), id, received_, ice_for(house_, from_.who.user, call_)));
    from_.wire->resume_reading();
}

/// A new token on the same socket: the same person in the same role, covering the same room.
void session::handle(std::string const& id, messages::refresh const& m)
{
    auto const fresh = house_.access.check_token(m.token, house_.clock.now().utc);
    if (!fresh) {
        answer_error(id, base::to_errc(fresh.error()));
    } else if (fresh->expired) {
        answer_error(id, errc::token_expired);
    } else if (fresh->user != from_.who.user || fresh->role != from_.who.role
               || (from_.room && !fresh->covers(*from_.room))) {
        answer_error(id, errc::forbidden);
    } else {
        from_.who = *fresh;
        expiry_told_ = false;
        answer_ok(id);
    }
    from_.wire->resume_reading();
}

void session::handle(std::string const&, messages::pong const& m)
{
    if (m.seq > confirmed_ && m.seq <= seq_) confirmed_ = m.seq;
}

void session::ask(std::string const& id, call::command asked)
{
    if (!in_room(id)) return from_.wire->resume_reading();
    bool const shows_call = std::holds_alternative<call::commands::start_call>(asked)
                            || std::holds_alternative<call::commands::join_call>(asked);
    auto const answer = [self = shared_from_this(), id, shows_call](base::result<call::outcome> got) {
        self->from_.wire->resume_reading();
        if (self->closing_ || self->gone_) return;
        if (!got) return self->answer_error(id, base::to_errc(got.error()));
        if (!shows_call) return self->answer_ok(id);
        self->call_ = got->call->id;
        self->send(protocol::ok_message(self->next_seq(), id, self->received_, *got));
    };
    house_.calls.submit(*from_.room, std::move(asked), answer);
}

void session::tell_room(std::string const& id, call::command asked)
{
    if (!in_room(id)) return;
    auto const answer = [self = shared_from_this(), id](base::result<call::outcome> got) {
        if (id.empty() || self->closing_) return;
        if (got)
            self->answer_ok(id);
        else
            self->answer_error(id, base::to_errc(got.error()));
    };
    house_.calls.submit(*from_.room, std::move(asked), answer);
}

/// Calls happen in rooms; a user-level socket is told so.
bool session::in_room(std::string const& id)
{
    if (from_.room) return true;
    answer_error(id, errc::illegal_transition);
    return false;
}

call::speaker session::speaker() const
{
    return {from_.who.user, from_.who.role, from_.id};
}

void session::answer_ok(std::string const& id)
{
    send(protocol::ok_message(next_seq(), id, received_));
}

void session::answer_error(std::string const& id, errc why)
{
    auto const hint = protocol::retry_hint(protocol::describe(why).close_code);
    base::log::debug("message_refused", {{"session", from_.id.str()}, {"code", protocol::wire_code(why)}});
    send(protocol::error_message(next_seq(), id, received_, why, {}, hint));
}

void session::send(std::string text)
{
    if (closing_ || gone_) return;
    from_.wire->send(std::make_shared<std::string const>(std::move(text)));
}

void session::deliver(call::event const& what)
{
    if (closing_) return;
    if (!registered_) return held_.push_back(what);
    send(protocol::event_message(next_seq(), what));
}

void session::on_seat(bool seated)
{
    seated_ = seated;
    house_.calls.set_seated(from_.who.user, from_.id, seated);
}

void session::close(std::uint16_t code)
{
    if (closing_) return;
    base::log::info("session_closed", {{"session", from_.id.str()}, {"code", unsigned{code}}});
    send(protocol::bye_message(code, protocol::close_text(code), protocol::retry_hint(code)));
    closing_ = true;
    from_.wire->close(code, std::string(protocol::close_text(code)));
}

void session::on_closed()
{
    auto const self = shared_from_this();
    gone_ = true;
    house_.tables[house_.shards.current()]->remove(from_.id);
    house_.calls.remove_socket(from_.who.user, from_.id);
    if (from_.room && registered_) house_.calls.submit(*from_.room, call::commands::disconnect{from_.id}, nullptr);
}

void session::on_time(base::instant now)
{
    if (!registered_ || closing_) return;
    auto const& beat = house_.heartbeat;
    bool const unanswered = pings_ > 0 && heard_.boot < pinged_.boot;
    if (unanswered && now.boot - pinged_.boot >= beat.timeout) return close(protocol::close_codes::heartbeat_timeout);
    if (!unanswered && now.boot - pinged_.boot >= beat.every) {
        pinged_ = now;
        send(protocol::ping_message(++pings_, received_));
    }
    auto const left = from_.who.expires_at - now.utc;
    if (!expiry_told_ && left <= expiry_warning) {
        expiry_told_ = true;
        send(protocol::token_expiring_message(next_seq(), std::max(left, milliseconds{0})));
    }
    bool const for_seat = seated_ || from_.who.expired; // it came back with the token of its seat
    auto const allowance = for_seat ? seat_outlives_token : token_leeway;
    if (left + allowance <= milliseconds{0}) close(protocol::close_codes::token_expired);
}

} // namespace rendezvous::net
