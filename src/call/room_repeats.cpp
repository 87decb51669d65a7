#include "rendezvous/call/room.hpp"

#include <algorithm>

// Commands that come again because their answer was lost: known by their key for 24 hours.

namespace rendezvous::call {
namespace {

using base::errc;

/// The key of a command that has one, and what kind it is.
std::pair<std::optional<command_key>, command_kind> key_of(command const& asked)
{
    if (auto const* start = std::get_if<commands::start_call>(&asked)) return {start->key, command_kind::start};
    if (auto const* join = std::get_if<commands::join_call>(&asked)) return {join->key, command_kind::join};
    if (auto const* leave = std::get_if<commands::leave>(&asked)) return {leave->key, command_kind::leave};
    if (auto const* end = std::get_if<commands::end_call>(&asked)) return {end->key, command_kind::end};
    return {};
}

/// Who asks for a seat, of the two commands that do; null for others.
speaker const* seat_seeker(command const& asked)
{
    if (auto const* start = std::get_if<commands::start_call>(&asked)) return &start->who;
    if (auto const* join = std::get_if<commands::join_call>(&asked)) return &join->who;
    return nullptr;
}

opaque const& offer_of(command const& asked)
{
    if (auto const* start = std::get_if<commands::start_call>(&asked)) return start->offer;
    return std::get<commands::join_call>(asked).offer;
}

} // namespace

/// The decision about a command that was carried out before; nothing if it is new.
std::optional<decision> room::decide_repeat(command const& asked, instant now) const
{
    auto const [key, kind] = key_of(asked);
    if (!key) return std::nullopt;
    for (auto it = record_.done.rbegin(); it != record_.done.rend(); ++it) {
        if (it->key.name != key->name || it->at + done_commands_kept <= now.utc) continue;
        if (it->key.content != key->content || it->kind != kind) return decision::refused(errc::idempotency_key_reused);
        decision out;
        out.repeats = *it;
        return out;
    }
    return std::nullopt;
}

/// Adds to a decision that its command was carried out, so that both are stored or none.
void room::note_carried_out(decision& d, instant now) const
{
    auto [key, kind] = key_of(d.asked);
    auto const* seeker = seat_seeker(d.asked);
    if (!key || d.refusal || (!seeker && d.facts.empty())) return;
    done_command what{std::move(*key), kind, now.utc, std::nullopt, 0, false, false, false};
    if (record_.newest) what.call = record_.newest->id;
    if (seeker) {
        auto const* me = find_member(*record_.appointment, seeker->user);
        auto const* first = d.facts.empty() ? nullptr : &d.facts.front();
        auto const* started = first ? std::get_if<facts::call_started>(first) : nullptr;
        auto const* taken = first ? std::get_if<facts::seat_taken>(first) : nullptr;
        if (started) what.call = started->call.id;
        what.order = started ? 1 : taken ? taken->taken.order : held_seat(*record_.newest, me->id)->order;
        what.joined_existing = !started;
        what.reattached = d.facts.empty();
        what.offer_relayed = taken && offer_of(d.asked) && reaches_one_other(me->id);
    }
    d.facts.emplace_back(facts::command_carried_out{id_, std::move(what)});
}

/// Answers as the first time, with the call as it is now. Who was given a seat then, still holds it
/// and asks from another session of the same tab, sits there again.
void room::commit_repeat(decision const& d, instant now, committed& out)
{
    auto const& before = *d.repeats;
    out.outcome.order = before.order;
    out.outcome.joined_existing = before.joined_existing;
    out.outcome.reattached = before.reattached;
    out.outcome.offer_relayed = before.offer_relayed;
    out.outcome.repeated = before.call;
    auto const* call = open_call(record_);
    auto const* seeker = seat_seeker(d.asked);
    if (seeker && seeker->session && call && before.call == call->id) {
        auto const* me = find_member(*record_.appointment, seeker->user);
        auto const* mine = me ? held_seat(*call, me->id) : nullptr;
        auto const* here = mine ? find(me->id) : nullptr;
        if (here && here->seat && here->seat->session != seeker->session) {
            bind_seat(me->id, *seeker, true, now, out);
            tell_presence(me->id, events::change::back, out, true);
        }
        if (mine) out.outcome.order = mine->order;
    }
    if (record_.newest && before.call == record_.newest->id) out.outcome.call = newest_call();
}

} // namespace rendezvous::call
