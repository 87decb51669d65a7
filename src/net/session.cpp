#include "session.hpp"

#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"
#include "rendezvous/protocol/error_map.hpp"
#include "rendezvous/protocol/relay_filter.hpp"
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

/// The `rev` of a room event, 0 for what has none.
std::uint64_t rev_of(call::event const& what)
{
    auto const read = [](auto const& e) -> std::uint64_t {
        if constexpr (requires { e.rev; })
            return e.rev;
        else
            return 0;
    };
    return std::visit(read, what);
}

/// What a command asks for, in one text: the same id with another one is not a repeat.
template <class... Parts>
std::string content(std::string_view type, Parts const&... parts)
{
    std::string out(type);
    auto const add = [&out](std::string_view part) { out.append("\n").append(part); };
    (add(parts), ...);
    return out;
}

std::string_view text_of(std::optional<base::call_id> const& id)
{
    return id ? std::string_view(id->str()) : std::string_view{};
}

std::string_view text_of(call::opaque const& bytes)
{
    return bytes ? std::string_view(*bytes) : std::string_view{};
}

std::string_view text_of(bool flag)
{
    return flag ? "1" : "0";
}

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

void session::handle(std::string const& id, messages::register_session const&)
{
    answer_error(id, errc::illegal_transition);
    resume_reading();
}

void session::handle(std::string const& id, messages::start_call const& m)
{
    auto offer = m.offer;
    if (!passes_on(id, offer)) return resume_reading();
    base::call_id fresh{house_.ids.uuid(house_.clock.now().utc)};
    auto const media = m.media ? call::to_word(*m.media) : std::string_view{};
    auto key = key_of(id, content("startCall", media, text_of(m.offer)));
    ask(id, call::commands::start_call{speaker(), std::move(fresh), m.media, std::move(offer), std::move(key)});
}

void session::handle(std::string const& id, messages::join_call const& m)
{
    auto offer = m.offer;
    if (!passes_on(id, offer)) return resume_reading();
    auto key = key_of(id, content("joinCall", text_of(m.call), text_of(m.offer), text_of(m.keep), text_of(m.takeover)));
    ask(id, call::commands::join_call{speaker(), m.call, std::move(offer), m.keep, m.takeover, std::move(key)});
}

void session::handle(std::string const& id, messages::leave const& m)
{
    if (from_.room) return ask(id, call::commands::leave{id_, m.call, key_of(id, content("leave", text_of(m.call)))});
    answer_ok(id);
    close(protocol::close_codes::normal);
}

void session::handle(std::string const& id, messages::end_call const& m)
{
    ask(id, call::commands::end_call{speaker(), m.call, false, key_of(id, content("endCall", text_of(m.call)))});
}

void session::handle(std::string const& id, messages::signal const& m)
{
    if (!in_room(id)) return;
    auto data = m.data;
    if (house_.relay_only) {
        auto const passed = protocol::relay_only(*data);
        if (!passed) return answer_error(id, base::to_errc(passed.error()));
        if (!*passed) return; // nothing in it that may be shown
        data = std::make_shared<std::string const>(std::move(**passed));
    }
    auto& rooms = house_.calls.on_shard(house_.calls.shard_of(*from_.room));
    auto const refused = rooms.relay(*from_.room, {id_, m.to, m.call, std::move(data)});
    if (refused != errc::ok) answer_error(id, refused);
}

void session::handle(std::string const& id, messages::media_state const& m)
{
    connection_ = m.media.connection;
    tell_room(id, call::commands::set_media{id_, m.call, m.media});
}

void session::handle(std::string const& id, messages::stats const& m)
{
    tell_room(id, call::commands::sample_quality{
                      id_, m.call, m.rtt_ms, m.loss_ratio, m.jitter_ms, m.bitrate_kbps, m.candidate_type});
}

void session::handle(std::string const& id, messages::ice const&)
{
    send_counted(protocol::ok_message(next_seq(), id, received_, ice_for(house_, from_.who.user, call_)));
    resume_reading();
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
    resume_reading();
}

void session::handle(std::string const&, messages::pong const& m)
{
    auto const before = ring_.bytes();
    ring_.confirm(m.seq);
    house_.tables[house_.shards.current()]->account(ring_.bytes(), before);
    if (!seated_ || !m.connection || m.connection == connection_) return;
    connection_ = m.connection;
    house_.calls.submit(*from_.room, call::commands::set_connection{id_, *m.connection}, nullptr);
}

void session::ask(std::string const& id, call::command asked)
{
    if (!in_room(id)) return resume_reading();
    ++asking_;
    bool const shows_call = std::holds_alternative<call::commands::start_call>(asked)
                            || std::holds_alternative<call::commands::join_call>(asked);
    auto const answer = [self = shared_from_this(), id, shows_call](base::result<call::outcome> got) {
        --self->asking_;
        self->heard_ = self->house_.clock.now(); // nothing was read meanwhile
        self->resume_reading();
        if (self->final_) return;
        if (!got) return self->answer_error(id, base::to_errc(got.error()));
        if (!shows_call) return self->answer_ok(id);
        self->answer_with_call(id, std::move(*got));
    };
    house_.calls.submit(*from_.room, std::move(asked), answer);
}

void session::answer_with_call(std::string const& id, call::outcome got)
{
    if (got.call) {
        call_ = got.call->id;
        return send_counted(protocol::ok_message(next_seq(), id, received_, got));
    }
    // A repeat of what was done to a call that is no longer the room's newest.
    auto const here = house_.shards.current();
    auto const found = [self = shared_from_this(), here, id, got](base::result<call::call_record> row) {
        self->house_.shards.post(here, [self, id, got, row = std::move(row)]() mutable {
            if (!row) return self->answer_error(id, base::to_errc(row.error()));
            got.call = std::move(*row);
            self->send_counted(protocol::ok_message(self->next_seq(), id, self->received_, got));
        });
    };
    house_.reader.get_call(*got.repeated, found);
}

void session::tell_room(std::string const& id, call::command asked)
{
    if (!in_room(id)) return;
    auto const answer = [self = shared_from_this(), id](base::result<call::outcome> got) {
        if (id.empty() || self->final_) return;
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
    return {from_.who.user, from_.who.role, id_};
}

/// Under which the command is remembered. A tab that gave no `instance` is known by its session.
std::optional<call::command_key> session::key_of(std::string const& id, std::string const& content) const
{
    if (id.empty()) return std::nullopt;
    auto const& tab = from_.instance.empty() ? id_.str() : from_.instance;
    auto const name = from_.who.user.str() + "\n" + tab + "\n" + id;
    return call::command_key{house_.access.hash(name), house_.access.hash(content)};
}

/// Takes out of an offer what would show addresses, where that is wanted.
bool session::passes_on(std::string const& id, call::opaque& offer)
{
    if (!house_.relay_only || !offer) return true;
    auto passed = protocol::relay_only_description(*offer);
    if (!passed) {
        answer_error(id, base::to_errc(passed.error()));
        return false;
    }
    offer = std::make_shared<std::string const>(std::move(*passed));
    return true;
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
    send_counted(protocol::event_message(next_seq(), what), rev_of(what));
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
