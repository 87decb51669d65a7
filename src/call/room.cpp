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
    auto const judge = [&](auto const& c) -> decision {
        using type = std::decay_t<decltype(c)>;
        if constexpr (std::is_same_v<type, commands::enter>) return decide_enter(c);
        if constexpr (std::is_same_v<type, commands::start_call>) return decide_start(c, now);
        if constexpr (std::is_same_v<type, commands::join_call>) return decide_join(c, now);
        if constexpr (std::is_same_v<type, commands::leave>) return decide_leave(c, now);
        if constexpr (std::is_same_v<type, commands::end_call>) return decide_end(c, now);
        if constexpr (std::is_same_v<type, commands::set_media>) return decide_media(c, now);
        if constexpr (std::is_same_v<type, commands::sample_quality>) return decide_quality(c, now);
        if constexpr (std::is_same_v<type, commands::put_appointment>) return decide_put(c, now);
        if constexpr (std::is_same_v<type, commands::cancel_appointment>) return decide_cancel(now);
        if constexpr (std::is_same_v<type, commands::tick>) return decide_tick(now);
        if constexpr (std::is_same_v<type, commands::recover>) return decide_recover(now);
        return {}; // disconnect and signal change nothing durable
    };
    auto decided = std::visit(judge, asked);
    decided.asked = asked;
    return decided;
}

committed room::commit(decision const& decided, instant now)
{
    for (auto const& f : decided.facts) {
        apply(record_, f);
        if (std::holds_alternative<facts::call_started>(f)) answered_boot_ = connected_boot_ = std::nullopt;
        if (auto const* taken = std::get_if<facts::seat_taken>(&f); taken && taken->answers) answered_boot_ = now.boot;
        if (std::holds_alternative<facts::call_connected>(f)) connected_boot_ = now.boot;
        if (std::holds_alternative<facts::call_alive>(f)) alive_stored_ = now;
    }
    committed out;
    auto const tell = [&](auto const& c) {
        using type = std::decay_t<decltype(c)>;
        if constexpr (std::is_same_v<type, commands::enter>) commit_enter(c, decided, now, out);
        if constexpr (std::is_same_v<type, commands::disconnect>) commit_disconnect(c, now, out);
        if constexpr (std::is_same_v<type, commands::start_call>) {
            if (!decided.facts.empty() && std::holds_alternative<facts::call_started>(decided.facts.front())) {
                commit_start(decided, now, out);
            } else {
                commit_join({c.who, std::nullopt, c.offer, false, false}, decided, now, out);
            }
        }
        if constexpr (std::is_same_v<type, commands::join_call>) commit_join(c, decided, now, out);
        if constexpr (std::is_same_v<type, commands::leave>) commit_leave(decided, now, out);
        if constexpr (std::is_same_v<type, commands::end_call>) {
            tell_facts(decided, now, out);
            out.outcome.call = record_.newest;
        }
        if constexpr (std::is_same_v<type, commands::set_media>) commit_media(c, out);
        if constexpr (std::is_same_v<type, commands::sample_quality>) {
            if (auto const* who = participant_of(c.session)) at(*who).sampled_at = now;
        }
        if constexpr (std::is_same_v<type,
                          commands::put_appointment> || std::is_same_v<type, commands::cancel_appointment>)
            commit_appointment(decided, now, out);
        if constexpr (std::is_same_v<type, commands::tick> || std::is_same_v<type, commands::recover>)
            commit_tick(decided, now, out);
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
    return here->sessions.empty() ? presence::reconnecting : presence::online;
}

room::window room::window_at(utc_time now) const
{
    if (!record_.appointment || now < record_.appointment->opens_at) return window::before;
    return now < record_.appointment->closes_at ? window::open : window::after;
}

milliseconds room::span_since(std::optional<utc_time> utc, std::optional<base::boot_time> boot, instant now) const
{
    if (!utc) return milliseconds{0};
    auto const span = boot ? milliseconds{now.boot - *boot} : now.utc - *utc;
    return std::max(span, milliseconds{0});
}

facts::call_ended room::ending(end_reason why, instant now, std::optional<participant_id> by) const
{
    auto const& call = *record_.newest;
    return {call.id, why, now.utc, span_since(call.answered_at, answered_boot_, now),
        span_since(call.connected_at, connected_boot_, now), std::move(by)};
}

} // namespace rendezvous::call
