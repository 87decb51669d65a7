#include "rendezvous/call/room.hpp"

// The room's calls: starting, taking a seat, leaving, ending.

namespace rendezvous::call {
namespace {

using base::errc;

seat make_seat(member const& who, unsigned order, instant now, std::string token_hash)
{
    return {who.id, who.user, who.role, who.name, order, seat_state::joined, now.utc, std::nullopt, std::nullopt,
        std::move(token_hash)};
}

/// How many seats are held by others.
std::size_t others_in(call_record const& call, participant_id const& me)
{
    return held_count(call) - (held_seat(call, me) ? 1 : 0);
}

} // namespace

decision room::decide_start(commands::start_call const& asked, instant now) const
{
    auto applying = applicant_for(asked.who);
    applying.overrides = asked.override_reason && is_staff(asked.who.token_role);
    if (auto const refused = check_start(record_, applying, rules_, now.utc)) return decision::refused(*refused);
    if (asked.override_reason && !applying.overrides) return decision::refused(errc::forbidden);
    decision out;
    if (auto const* open = open_call(record_)) {
        auto plan = plan_seat({asked.who, std::nullopt, asked.offer, false, false, {}}, now);
        if (!plan) return decision::refused(base::to_errc(plan.error()));
        out.facts = std::move(*plan);
        note_override(asked, open->id, out, now);
        return out;
    }
    auto const& a = *record_.appointment;
    auto const& me = *find_member(a, asked.who.user);
    call_record call;
    call.id = asked.fresh_id;
    call.appointment = a.id;
    call.media = asked.media.value_or(a.media);
    call.started_by = me.id;
    call.started_by_user = me.user;
    call.created_at = call.last_alive_at = now.utc;
    call.seats.push_back(make_seat(me, 1, now, token_hash_of(asked.who)));
    out.facts.emplace_back(facts::call_started{std::move(call)});
    note_override(asked, asked.fresh_id, out, now);
    return out;
}

/// Behind the facts that need it: which doors were closed, and why they were opened all the same.
void room::note_override(commands::start_call const& asked, call_id const& call, decision& d, instant now) const
{
    auto const& a = *record_.appointment;
    bool const payment = is_unpaid(a, rules_);
    bool const too_early = now.utc < a.opens_at;
    if (!asked.override_reason || d.facts.empty() || (!payment && !too_early)) return;
    auto const& me = *find_member(a, asked.who.user);
    d.facts.emplace_back(facts::access_overridden{
        a.id, call, me.id, me.user, me.role, payment, too_early, *asked.override_reason, now.utc});
}

decision room::decide_join(commands::join_call const& asked, instant now) const
{
    if (auto const refused = check_join(record_, applicant_for(asked.who), rules_, now.utc)) {
        bool const ended = *refused == errc::no_call && asked.call && record_.newest;
        return decision::refused(ended ? errc::call_ended : *refused);
    }
    if (asked.call && *asked.call != record_.newest->id) return decision::refused(errc::call_ended);
    auto plan = plan_seat(asked, now);
    if (!plan) return decision::refused(base::to_errc(plan.error()));
    decision out;
    out.facts = std::move(*plan);
    return out;
}

/// Which facts give the speaker a seat in the open call: none if the seat they hold will do.
base::result<std::vector<fact>> room::plan_seat(commands::join_call const& asked, instant now) const
{
    auto const& call = *record_.newest;
    auto const& me = *find_member(*record_.appointment, asked.who.user);
    auto mine_now = make_seat(me, next_order(call), now, token_hash_of(asked.who));
    facts::seat_taken taken{call.id, std::move(mine_now), {}, leave_reason::replaced, false, now.boot};
    taken.answers = call.state == call_state::waiting && me.id != call.started_by;

    auto const* mine = held_seat(call, me.id);
    if (!mine) return std::vector<fact>{taken};
    auto const* here = find(me.id);
    auto const* binding = here && here->seat ? &*here->seat : nullptr;
    if (!asked.who.session) return std::vector<fact>{}; // REST: the place is held already
    if (binding && binding->session == asked.who.session) return std::vector<fact>{};

    taken.replaces = mine->order;
    auto const* speaking = live(*asked.who.session);
    bool const same_tab = binding && speaking && !binding->instance.empty() && binding->instance == speaking->instance;
    if (here && seated(*here) && !same_tab) {
        if (!asked.takeover) return errc::in_call_elsewhere;
        taken.how = leave_reason::moved;
        return std::vector<fact>{taken};
    }
    if (asked.keep) return std::vector<fact>{};
    if (binding && binding->reserved && others_in(call, me.id) == 0) return std::vector<fact>{};
    return std::vector<fact>{taken};
}

void room::commit_start(decision const& d, instant now, committed& out)
{
    auto const& asked = std::get<commands::start_call>(d.asked);
    auto const& call = *record_.newest;
    bind_seat(call.started_by, asked.who, false, now, out);
    alive_stored_ = now;
    ++rev_;
    events::active_call const news{rev_, *newest_call()};
    tell_others(asked.who.session, news, out);
    tell_users(news, out);
    tell_appointment(now, out);
    out.outcome.call = newest_call();
    out.outcome.order = 1;
}

void room::commit_join(commands::join_call const& asked, decision const& d, instant now, committed& out)
{
    auto const& call = *record_.newest;
    auto const& me = *find_member(*record_.appointment, asked.who.user);
    auto* here = find(me.id);
    auto const* taken = d.facts.empty() ? nullptr : std::get_if<facts::seat_taken>(&d.facts.front());
    bool const unchanged =
        !taken && (!asked.who.session || (here && here->seat && here->seat->session == asked.who.session));
    if (taken) {
        bool const moved = taken->replaces && taken->how == leave_reason::moved;
        if (moved && here && here->seat && here->seat->session)
            out.effects.emplace_back(effects::close{*here->seat->session, close_reason::taken_over});
        bind_seat(me.id, asked.who, false, now, out);
        auto const offer = reaches_one_other(me.id) ? asked.offer : nullptr;
        out.outcome.offer_relayed = tell_joined(me.id, offer, moved, out);
        tell_appointment(now, out);
    } else if (unchanged) {
        out.outcome.reattached = true;
    } else {
        // The seat is mine and was empty: the page returns to it with another session, so what was
        // sent meanwhile is lost to it; or it uses the place that a REST call has reserved.
        bool const reserved = here && here->seat && here->seat->reserved;
        bind_seat(me.id, asked.who, true, now, out);
        out.outcome.reattached = !reserved;
        tell_presence(me.id, events::change::back, out, !reserved);
    }
    out.outcome.joined_existing = true;
    out.outcome.call = newest_call();
    out.outcome.order = held_seat(call, me.id)->order;
}

/// Puts the speaker on their seat. A page that returns to it keeps what it had said of its media.
void room::bind_seat(participant_id const& who, speaker const& by, bool returns, instant now, committed& out)
{
    auto& here = at(who);
    auto const media = here.media;
    free_seat(who, out);
    if (returns) here.media = media;
    seat_binding binding;
    binding.vacant_since = now;
    recovering_ = recovering_ && !by.session;
    auto const* speaking = by.session ? live(*by.session) : nullptr;
    if (speaking) {
        binding.session = speaking->id;
        binding.instance = speaking->instance;
        binding.token_hash = speaking->token_hash;
        out.effects.emplace_back(effects::seat_bound{speaking->id, true});
    }
    binding.reserved = !by.session;
    here.seat = std::move(binding);
}

void room::free_seat(participant_id const& who, committed& out)
{
    auto* here = find(who);
    if (!here || !here->seat) return;
    if (here->seat->session) out.effects.emplace_back(effects::seat_bound{*here->seat->session, false});
    here->seat.reset();
    here->media = {};
    here->unanswered.clear();
}

/// Tells everybody else in the room of a new seat. The offer goes to the one other in the call,
/// on the socket they sit at, and to nobody else; false if there is no such socket.
bool room::tell_joined(participant_id const& who, opaque const& offer, bool moved, committed& out)
{
    ++rev_;
    bool relayed = false;
    auto const view = view_of(who);
    auto const call = *newest_call();
    auto const* mine = find(who);
    auto const& own = mine->seat->session;
    for (auto const& [session, participant] : sessions_) {
        if (own && session == *own) continue;
        auto const* here = find(participant);
        if (!here->admitted) continue; // waits outside: the event carries the whole call
        bool const at_seat = participant != who && here->seat && here->seat->session == session;
        out.effects.emplace_back(
            effects::tell{session, events::joiner_connected{rev_, call, view, at_seat ? offer : nullptr, moved}});
        relayed = relayed || (at_seat && offer);
    }
    return relayed;
}

/// Exactly one other holds a place, and their seat has a session that an offer can be sent to.
bool room::reaches_one_other(participant_id const& me) const
{
    auto const& call = *record_.newest;
    if (others_in(call, me) != 1) return false;
    for (auto const& s : call.seats)
        if (auto const* there = holds_place(s) && s.participant != me ? find(s.participant) : nullptr)
            return there->seat && there->seat->session;
    return false;
}

decision room::decide_leave(commands::leave const& asked, instant now) const
{
    auto const* who = participant_of(asked.session);
    if (!who) return decision::refused(errc::not_registered);
    decision out;
    out.durability = durability::deferrable;
    auto const* here = find(*who);
    auto const* call = open_call(record_);
    if (asked.call && (!call || *asked.call != call->id)) return decision::refused(errc::call_ended);
    // The seat of a session that is gone or away is left from any other of the same person.
    bool const mine = call && here->seat && (here->seat->session == asked.session || !seated(*here));
    if (!mine) return out; // leaves the room, or has left this call before
    out.facts.emplace_back(
        facts::seat_left{call->id, *who, held_seat(*call, *who)->order, leave_reason::left, now.utc});
    if (held_count(*call) == 1) {
        bool const waiting = call->state == call_state::waiting;
        out.facts.emplace_back(ending(waiting ? end_reason::cancelled : end_reason::completed, now, *who));
    }
    return out;
}

void room::commit_leave(decision const& d, instant now, committed& out)
{
    auto const& asked = std::get<commands::leave>(d.asked);
    if (!d.facts.empty()) {
        tell_facts(d, now, out);
        out.outcome.call = newest_call();
        return;
    }
    auto const* who = participant_of(asked.session);
    if (!who || asked.call) return; // it was the call that was to be left, not the room
    auto const me = *who;
    out.effects.emplace_back(effects::close{asked.session, close_reason::left});
    drop_session(asked.session, now, out);
    auto& here = at(me);
    if (!connected(here) && !here.seat) {
        give_up_away(here, out, now);
        tell_presence(me, events::change::left, out);
        tell_appointment(now, out);
    }
}

decision room::decide_end(commands::end_call const& asked, instant now) const
{
    decision out;
    out.durability = durability::deferrable;
    std::optional<participant_id> by;
    if (!asked.override_membership) {
        auto const* a = record_.appointment ? &*record_.appointment : nullptr;
        auto const found = check_membership(a, asked.who.user, asked.who.token_role);
        if (!found) return decision::refused(base::to_errc(found.error()));
        if ((*found)->role == role::guest) return decision::refused(errc::forbidden);
        by = (*found)->id;
    }
    if (!record_.appointment) return decision::refused(errc::not_found);
    if (!record_.newest) return decision::refused(errc::no_call);
    auto const& call = *record_.newest;
    if (asked.call && *asked.call != call.id) return decision::refused(errc::call_ended);
    if (call.state == call_state::ended) return out; // ended twice is ended once
    auto why = end_reason::completed;
    if (call.state != call_state::active)
        why = !by || *by == call.started_by ? end_reason::cancelled : end_reason::declined;
    out.facts.emplace_back(ending(why, now, by));
    return out;
}

/// Tells of every seat given up and of the end, as the facts of a leave, an end or a tick say.
void room::tell_facts(decision const& d, instant now, committed& out)
{
    bool ended = false;
    for (auto const& f : d.facts) {
        if (auto const* left = std::get_if<facts::seat_left>(&f)) {
            free_seat(left->participant, out);
            auto& here = at(left->participant);
            if (!connected(here)) give_up_away(here, out, now);
            bool const removed = left->reason == leave_reason::removed;
            tell_presence(left->participant, removed ? events::change::removed : events::change::left, out);
        }
        ended = ended || std::holds_alternative<facts::call_ended>(f);
    }
    if (ended) tell_ended(out, now);
}

void room::tell_ended(committed& out, instant now)
{
    auto const& call = *record_.newest;
    recovering_ = false;
    for (auto& [who, here] : attendees_) {
        bool const held = here.seat.has_value();
        free_seat(who, out);
        // Absence from a seat had its own grace; from here on that of the waiting room counts.
        if (held && here.present && !connected(here)) here.since = now;
    }
    events::call_ended const news{++rev_, call.id, *call.end_reason, call.duration};
    tell_others({}, news, out);
    tell_users(news, out);
    tell_appointment(now, out);
}

} // namespace rendezvous::call
