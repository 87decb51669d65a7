#include "account.hpp"
#include "command_key.hpp"
#include "rendezvous/protocol/error_map.hpp"
#include "rendezvous/protocol/relay_filter.hpp"
#include "session.hpp"
#include "session_table.hpp"

// What a session does with each message of its client.

namespace rendezvous::net {
namespace {

using base::errc;
namespace messages = protocol::messages;

std::string_view text_of(call::opaque const& bytes)
{
    return bytes ? std::string_view(*bytes) : std::string_view{};
}

/// What the account calls it; empty for what it does not tell.
std::string_view action_of(call::command const& asked)
{
    if (std::holds_alternative<call::commands::start_call>(asked)) return "call.start";
    if (std::holds_alternative<call::commands::join_call>(asked)) return "call.join";
    if (std::holds_alternative<call::commands::leave>(asked)) return "call.leave";
    if (std::holds_alternative<call::commands::end_call>(asked)) return "call.end";
    return {};
}

std::string_view text_of(bool flag)
{
    return flag ? "1" : "0";
}

} // namespace

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
    auto key = key_of(id, command_content("startCall", media, text_of(m.offer), m.override_reason.value_or("")));
    ask(id, call::commands::start_call{
                speaker(), std::move(fresh), m.media, std::move(offer), std::move(key), m.override_reason});
}

void session::handle(std::string const& id, messages::join_call const& m)
{
    auto offer = m.offer;
    if (!passes_on(id, offer)) return resume_reading();
    auto key = key_of(
        id, command_content("joinCall", text_of(m.call), text_of(m.offer), text_of(m.keep), text_of(m.takeover)));
    ask(id, call::commands::join_call{speaker(), m.call, std::move(offer), m.keep, m.takeover, std::move(key)});
}

void session::handle(std::string const& id, messages::leave const& m)
{
    if (from_.room)
        return ask(id, call::commands::leave{id_, m.call, key_of(id, command_content("leave", text_of(m.call)))});
    answer_ok(id);
    close(protocol::close_codes::normal);
}

void session::handle(std::string const& id, messages::end_call const& m)
{
    ask(id,
        call::commands::end_call{speaker(), m.call, false, key_of(id, command_content("endCall", text_of(m.call)))});
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
    take_token(id, m, true);
}

/// `may_wait`: for its issuer's keys, if the token's is not known.
void session::take_token(std::string const& id, messages::refresh const& m, bool may_wait)
{
    auto const fresh = house_.access.check_token(m.token, house_.clock.now().utc);
    auto const again = [self = shared_from_this(), here = house_.shards.current(), mine = attachment_, id, m] {
        self->house_.shards.post(here, [self, mine, id, m] {
            if (mine == self->attachment_ && !self->away()) self->take_token(id, m, false);
        });
    };
    if (!fresh && may_wait && house_.access.await_keys(m.token, again)) return;
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
    auto const action = action_of(asked);
    auto const answer = [self = shared_from_this(), id, shows_call, action](base::result<call::outcome> got) {
        --self->asking_;
        self->account_for(action, got ? errc::ok : base::to_errc(got.error()));
        self->heard_ = self->house_.clock.now(); // nothing was read meanwhile
        self->resume_reading();
        if (self->final_) return;
        if (!got) return self->answer_error(id, base::to_errc(got.error()));
        if (!shows_call) return self->answer_ok(id);
        self->answer_with_call(id, std::move(*got));
    };
    house_.calls.submit(*from_.room, std::move(asked), answer);
}

void session::account_for(std::string_view action, errc outcome)
{
    auto const* const room = from_.room ? &*from_.room : nullptr;
    if (!action.empty()) account(house_, action, &from_.who.user, room, outcome, from_.ip_prefix);
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

/// Under which the command is remembered. A tab that gave no `instance` is known by its session.
std::optional<call::command_key> session::key_of(std::string const& id, std::string const& content) const
{
    if (id.empty()) return std::nullopt;
    auto const& tab = from_.instance.empty() ? id_.str() : from_.instance;
    return command_key(house_, from_.who.user, tab, id, content);
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

} // namespace rendezvous::net
