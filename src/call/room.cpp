#include "rendezvous/call/room.hpp"

#include <algorithm>
#include <type_traits>

namespace rendezvous::call {

room::room(appointment_id id, room_record record, room_rules const& rules)
    : id_(std::move(id)),
      record_(std::move(record)),
      rules_(rules)
{}

decision room::decide(command const& asked, instant now) const
{
    if (auto repeat = decide_repeat(asked, now)) {
        repeat->asked = asked;
        return std::move(*repeat);
    }
    auto const judge = [&](auto const& c) -> decision {
        using type = std::decay_t<decltype(c)>;
        if constexpr (std::is_same_v<type, commands::enter>) return decide_enter(c, now);
        if constexpr (std::is_same_v<type, commands::resume>) return decide_resume(c, now);
        if constexpr (std::is_same_v<type, commands::start_call>) return decide_start(c, now);
        if constexpr (std::is_same_v<type, commands::join_call>) return decide_join(c, now);
        if constexpr (std::is_same_v<type, commands::leave>) return decide_leave(c, now);
        if constexpr (std::is_same_v<type, commands::end_call>) return decide_end(c, now);
        if constexpr (std::is_same_v<type, commands::set_media>) return decide_media(c, now);
        if constexpr (std::is_same_v<type, commands::set_connection>) return decide_connection(c, now);
        if constexpr (std::is_same_v<type, commands::sample_quality>) return decide_quality(c, now);
        if constexpr (std::is_same_v<type, commands::put_appointment>) return decide_put(c, now);
        if constexpr (std::is_same_v<type, commands::cancel_appointment>) return decide_cancel(now);
        if constexpr (std::is_same_v<type, commands::extend_appointment>) return decide_extend(c, now);
        if constexpr (std::is_same_v<type, commands::tick>) return decide_tick(now);
        return {}; // disconnect, forget, forget_person, signal and recover change nothing durable
    };
    auto decided = std::visit(judge, asked);
    decided.asked = asked;
    note_carried_out(decided, now);
    return decided;
}

committed room::commit(decision const& decided, instant now)
{
    for (auto const& f : decided.facts) {
        apply(record_, f);
        if (std::holds_alternative<facts::call_alive>(f)) alive_stored_ = now;
    }
    committed out;
    if (decided.repeats) {
        commit_repeat(decided, now, out);
        return out;
    }
    auto const tell = [&](auto const& c) {
        using type = std::decay_t<decltype(c)>;
        if constexpr (std::is_same_v<type, commands::enter>) commit_enter(c, decided, now, out);
        if constexpr (std::is_same_v<type, commands::resume>) commit_resume(c, now, out);
        if constexpr (std::is_same_v<type, commands::disconnect>) commit_disconnect(c.session, false, now, out);
        if constexpr (std::is_same_v<type, commands::forget>) commit_disconnect(c.session, true, now, out);
        if constexpr (std::is_same_v<type, commands::start_call>) {
            if (!decided.facts.empty() && std::holds_alternative<facts::call_started>(decided.facts.front())) {
                commit_start(decided, now, out);
            } else {
                commit_join({c.who, std::nullopt, c.offer, false, false, {}}, decided, now, out);
            }
        }
        if constexpr (std::is_same_v<type, commands::join_call>) commit_join(c, decided, now, out);
        if constexpr (std::is_same_v<type, commands::leave>) commit_leave(decided, now, out);
        if constexpr (std::is_same_v<type, commands::end_call>) {
            tell_facts(decided, now, out);
            out.outcome.call = record_.newest;
        }
        if constexpr (std::is_same_v<type, commands::set_media>) commit_media(c.session, c.media, out);
        if constexpr (std::is_same_v<type, commands::set_connection>) {
            if (auto const* who = participant_of(c.session)) {
                auto media = at(*who).media;
                media.connection = c.connection;
                commit_media(c.session, media, out);
            }
        }
        if constexpr (std::is_same_v<type, commands::sample_quality>) {
            if (auto const* who = participant_of(c.session)) at(*who).sampled_at = now;
        }
        if constexpr (
            std::is_same_v<type,
                commands::
                    put_appointment> || std::is_same_v<type, commands::cancel_appointment> || std::is_same_v<type, commands::extend_appointment>)
            commit_appointment(decided, now, out);
        if constexpr (std::is_same_v<type, commands::forget_person>) commit_forget(c);
        if constexpr (std::is_same_v<type, commands::tick>) commit_tick(decided, now, out);
        if constexpr (std::is_same_v<type, commands::recover>) commit_recover(now);
    };
    std::visit(tell, decided.asked);
    return out;
}

bool room::idle() const
{
    auto const present = [](auto const& entry) { return entry.second.present; };
    return sessions_.empty() && !open_call(record_) && std::none_of(attendees_.begin(), attendees_.end(), present);
}

applicant room::applicant_for(speaker const& who) const
{
    applicant out{who.user, who.token_role, false};
    if (!record_.appointment) return out;
    if (auto const* me = find_member(*record_.appointment, who.user))
        if (auto const* here = find(me->id)) out.admitted = here->admitted;
    return out;
}

room::attendee const* room::find(participant_id const& who) const
{
    auto const it = attendees_.find(who);
    return it == attendees_.end() ? nullptr : &it->second;
}

room::attendee* room::find(participant_id const& who)
{
    auto const it = attendees_.find(who);
    return it == attendees_.end() ? nullptr : &it->second;
}

participant_id const* room::participant_of(session_id const& session) const
{
    auto const it = sessions_.find(session);
    return it == sessions_.end() ? nullptr : &it->second;
}

room::live_session const* room::live(session_id const& session) const
{
    auto const* who = participant_of(session);
    if (!who) return nullptr;
    for (auto const& s : find(*who)->sessions)
        if (s.id == session) return &s;
    return nullptr;
}

std::string room::token_hash_of(speaker const& who) const
{
    auto const* speaking = who.session ? live(*who.session) : nullptr;
    return speaking ? speaking->token_hash : std::string{};
}

presence room::presence_of(participant_id const& who) const
{
    auto const* here = find(who);
    if (!here || !here->present) return presence::offline;
    return connected(*here) ? presence::online : presence::reconnecting;
}

/// One of their sessions has a socket.
bool room::connected(attendee const& here)
{
    auto const has_socket = [](live_session const& s) { return !s.away_since; };
    return std::any_of(here.sessions.begin(), here.sessions.end(), has_socket);
}

/// They hold a seat and sit on it: its session has a socket.
bool room::seated(attendee const& here)
{
    if (!here.seat || !here.seat->session) return false;
    auto const sits = [&](live_session const& s) { return s.id == *here.seat->session && !s.away_since; };
    return std::any_of(here.sessions.begin(), here.sessions.end(), sits);
}

room::window room::window_at(utc_time now) const
{
    if (!record_.appointment || now < record_.appointment->opens_at) return window::before;
    return now < record_.appointment->closes_at ? window::open : window::after;
}

milliseconds room::span_since(std::optional<utc_time> utc, std::optional<base::boot_time> boot, instant now)
{
    if (!utc) return milliseconds{0};
    auto const span = boot ? milliseconds{now.boot - *boot} : now.utc - *utc;
    return std::max(span, milliseconds{0});
}

facts::call_ended room::ending(end_reason why, instant now, std::optional<participant_id> by) const
{
    auto const& call = *record_.newest;
    auto const duration = span_since(call.answered_at, call.answered_boot, now);
    auto const connected_for = span_since(call.connected_at, call.connected_boot, now);
    return {call.id, why, now.utc, duration, std::min(connected_for, duration), std::move(by)};
}

} // namespace rendezvous::call
