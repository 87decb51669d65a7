#include "session.hpp"

#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"
#include "rendezvous/protocol/error_map.hpp"
#include "session_table.hpp"

// A session after it has registered: messages in, answers and events out, heartbeat.
// How it begins stands in session_begin.cpp, what it does with each message in session_messages.cpp.

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

void session::on_message(unsigned attachment, protocol::parsed const& message)
{
    if (attachment != attachment_ || closing_ || !registered_) return;
    heard_ = house_.clock.now();
    previous_key_hash_.clear();
    bool const is_pong = message.message && std::holds_alternative<messages::pong>(*message.message);
    if (!is_pong) ++received_;
    if (!message.message) return answer_error(message.id, base::to_errc(message.message.error()));
    std::visit([&](auto const& m) { handle(message.id, m); }, *message.message);
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
    return {from_.who.user, from_.who.role, id_};
}

void session::resume_reading()
{
    if (from_.wire) from_.wire->resume_reading();
}

void session::answer_ok(std::string const& id)
{
    send_counted(protocol::ok_message(next_seq(), id, received_));
}

void session::answer_error(std::string const& id, errc why)
{
    auto const hint = protocol::retry_hint(protocol::describe(why).close_code);
    base::log::debug("message_refused", {{"session", id_.str()}, {"code", protocol::wire_code(why)}});
    send_counted(protocol::error_message(next_seq(), id, received_, why, {}, hint));
}

void session::send_counted(std::string text, std::uint64_t rev)
{
    auto const shared = std::make_shared<std::string const>(std::move(text));
    auto const before = ring_.bytes();
    if (!ring_.push(shared, rev)) base::metrics::ring_overflows.add();
    if (registered_ && !closing_ && from_.wire) from_.wire->send(shared);
    house_.tables[house_.shards.current()]->account(ring_.bytes(), before);
}

void session::send_uncounted(std::string text)
{
    if (!closing_ && from_.wire) from_.wire->send(std::make_shared<std::string const>(std::move(text)));
}

void session::forget_ring()
{
    auto const before = ring_.bytes();
    ring_.forget();
    house_.tables[house_.shards.current()]->account(ring_.bytes(), before);
}

void session::deliver(call::event const& what)
{
    if (final_) return;
    if (!entered_) return held_.push_back(what);
    send_counted(protocol::event_message(next_seq(), what), call::rev_of(what));
}

void session::on_seat(bool seated)
{
    seated_ = seated;
    house_.calls.set_seated(from_.who.user, id_, seated);
}

void session::close(std::uint16_t code)
{
    if (closing_ || final_) return;
    final_ = protocol::ends_session(code) || away();
    base::log::info("session_closed", {{"session", id_.str()}, {"code", unsigned{code}}});
    if (away()) return end();
    part(code);
}

/// `bye` and the close frame on the present socket, which takes no more words of ours.
void session::part(std::uint16_t code)
{
    send_uncounted(protocol::bye_message(code, protocol::close_text(code), protocol::retry_hint(code)));
    closing_ = true;
    from_.wire->close(code, std::string(protocol::close_text(code)));
}

void session::go_away(milliseconds in)
{
    if (registered_) send_uncounted(protocol::goaway_message(in, "restart"));
}

/// Absence, not leaving: the session waits for its tab to come back.
void session::on_closed(unsigned attachment)
{
    if (attachment != attachment_ || away()) return;
    auto const self = shared_from_this();
    bool const never_entered = !entered_;
    from_.wire.reset();
    registered_ = closing_ = false;
    away_since_ = house_.clock.now().boot;
    base::metrics::sessions.down(base::metrics::session_state::attached);
    base::metrics::sessions.up(base::metrics::session_state::detached);
    if (final_ || never_entered) return end();
    house_.calls.set_away(from_.who.user, id_);
    if (from_.room) house_.calls.submit(*from_.room, call::commands::disconnect{id_}, nullptr);
}

/// Nobody comes back to it.
void session::end()
{
    auto const self = shared_from_this();
    final_ = true;
    forget_ring();
    base::metrics::sessions.down(base::metrics::session_state::detached);
    house_.tables[house_.shards.current()]->remove(id_);
    house_.calls.remove_socket(from_.who.user, id_);
    if (from_.room && entered_) house_.calls.submit(*from_.room, call::commands::forget{id_}, nullptr);
}

void session::excuse(milliseconds stall)
{
    pinged_.boot += stall;
}

void session::on_time(base::instant now)
{
    // The room decides how long it waits for a session; for one without a room, its rules do.
    if (away() && !from_.room && now.boot - away_since_ >= house_.rules.grace) return end();
    if (!registered_ || closing_) return;
    auto const& beat = house_.heartbeat;
    if (asking_ > 0) heard_ = now; // it is not read just now: silence is ours
    bool const unanswered = pings_ > 0 && heard_.boot < pinged_.boot;
    if (unanswered && now.boot - pinged_.boot >= beat.timeout) return close(protocol::close_codes::heartbeat_timeout);
    if (!unanswered && now.boot - pinged_.boot >= beat.every) {
        pinged_ = now;
        send_uncounted(protocol::ping_message(++pings_, received_));
    }
    auto const left = from_.who.expires_at - now.utc;
    if (!expiry_told_ && left <= expiry_warning) {
        expiry_told_ = true;
        send_counted(protocol::token_expiring_message(next_seq(), std::max(left, milliseconds{0})));
    }
    bool const for_seat = seated_ || from_.who.expired; // it came back with the token of its seat
    auto const allowance = for_seat ? seat_outlives_token : token_leeway;
    if (left + allowance <= milliseconds{0}) close(protocol::close_codes::token_expired);
}

} // namespace rendezvous::net
