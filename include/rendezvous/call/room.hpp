#pragma once

#include "rendezvous/call/event.hpp"
#include "rendezvous/call/policy.hpp"

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace rendezvous::call {

/// When the facts of a decision must be stored.
enum class durability {
    before_telling, ///< refused if it cannot be stored: start, join, the booking system's writes
    deferrable,     ///< told even if the store fails, stored first when it heals: leave, end, expiry
    behind,         ///< told at once, lost if the store fails: proof of life, quality
};

/// What `room::decide` found: a refusal, or facts to store before `room::commit` makes them so.
/// Without facts it can be committed at once.
struct decision {
    std::optional<base::errc> refusal;
    std::vector<fact> facts;
    call::durability durability = call::durability::before_telling;
    command asked;
    /// The command was carried out before; there is nothing to store, only to answer.
    std::optional<done_command> repeats;

    static decision refused(base::errc why)
    {
        decision out;
        out.refusal = why;
        return out;
    }
};

/// What a commit has to say: the answer to whoever asked, then effects for the others, in order.
struct committed {
    call::outcome outcome;
    std::vector<effect> effects;
};

/// The live place of one appointment: who is here, the open call, and every rule between them.
///
/// Synchronous and single-threaded: the shard that owns it calls it, one command at a time. It has
/// a durable half (`record`, changed only by `apply` of stored facts) and a volatile half (sockets,
/// presence, media). `decide` judges on committed state and changes nothing; `commit` changes both
/// halves once the facts are stored. At most one decision with facts may be pending; what arrives
/// meanwhile and needs no store (disconnect, media, relay) may be committed in between.
class room {
public:
    room(appointment_id id, room_record record, room_rules const& rules);

    decision decide(command const& asked, instant now) const;
    committed commit(decision const& decided, instant now);

    /// The hot path: where a signal goes, and as what. Never touches the durable half.
    base::result<effects::tell> relay(commands::signal const& asked);

    /// How long until `commands::tick` has something to do; nothing if nothing is due ever.
    std::optional<milliseconds> until_next(instant now) const;
    /// Nobody is here and nothing is open: the room can be forgotten and loaded again.
    bool idle() const;

    /// The open call is from a process before this one, and nobody has come back to it yet.
    bool recovering() const { return recovering_; }

    appointment_id const& id() const { return id_; }
    room_record const& record() const { return record_; }
    /// The newest call with its seats as they are now: one without a socket is `reconnecting`.
    std::optional<call_record> newest_call() const;
    /// What a member sees of the appointment; not_found for anybody else.
    base::result<appointment_view> view_for(user_id const& user, utc_time now) const;
    /// The whole room as the participant behind that session sees it. Precondition: it is here.
    room_snapshot snapshot_for(session_id const& viewer, utc_time now) const;

private:
    struct live_session {
        session_id id;
        std::string instance;
        std::string token_hash;
        std::optional<instant> away_since; ///< it has no socket now
    };
    /// The binding of a held seat to a session.
    struct seat_binding {
        std::optional<session_id> session; ///< may be away; empty: gone, or reserved over REST
        std::string instance;
        std::string token_hash;
        instant vacant_since{}; ///< while nobody sits there
        bool reserved = false;  ///< taken over REST and not yet used by a socket
        bool recovered = false; ///< held when the process before this one ended
    };
    /// The volatile half of one member.
    struct attendee {
        std::vector<live_session> sessions; ///< those that are away too
        bool present = false;               ///< online or reconnecting
        bool admitted = false;
        instant since{}; ///< when the present state of presence began
        media_state media;
        std::optional<seat_binding> seat;
        std::optional<instant> sampled_at;
        std::map<participant_id, unsigned> unanswered; ///< signals sent to them since their last one
    };
    enum class window { before, open, after };
    /// An end that those inside are warned of.
    struct ending_soon {
        events::warning what{};
        utc_time at{};
        friend bool operator==(ending_soon const&, ending_soon const&) = default;
    };

    // room.cpp
    applicant applicant_for(speaker const& who) const;
    attendee const* find(participant_id const& who) const;
    attendee* find(participant_id const& who);
    attendee& at(participant_id const& who) { return attendees_[who]; }
    participant_id const* participant_of(session_id const& session) const;
    live_session const* live(session_id const& session) const;
    std::string token_hash_of(speaker const& who) const;
    call::presence presence_of(participant_id const& who) const;
    static bool connected(attendee const& here);
    static bool seated(attendee const& here);
    window window_at(utc_time now) const;
    static milliseconds span_since(std::optional<utc_time> utc, std::optional<base::boot_time> boot, instant now);
    facts::call_ended ending(end_reason why, instant now, std::optional<participant_id> by = {}) const;

    // room_repeats.cpp
    std::optional<decision> decide_repeat(command const& asked, instant now) const;
    void note_carried_out(decision& d, instant now) const;
    void commit_repeat(decision const& d, instant now, committed& out);

    // room_calls.cpp
    decision decide_start(commands::start_call const& asked, instant now) const;
    decision decide_join(commands::join_call const& asked, instant now) const;
    void note_override(commands::start_call const& asked, call_id const& call, decision& d, instant now) const;
    base::result<std::vector<fact>> plan_seat(commands::join_call const& asked, instant now) const;
    decision decide_leave(commands::leave const& asked, instant now) const;
    decision decide_end(commands::end_call const& asked, instant now) const;
    void commit_start(decision const& d, instant now, committed& out);
    void commit_join(commands::join_call const& asked, decision const& d, instant now, committed& out);
    void commit_leave(decision const& d, instant now, committed& out);
    void bind_seat(participant_id const& who, speaker const& by, bool returns, instant now, committed& out);
    void free_seat(participant_id const& who, committed& out);
    bool tell_joined(participant_id const& who, opaque const& offer, bool moved, committed& out);
    bool reaches_one_other(participant_id const& me) const;
    void tell_ended(committed& out, instant now);
    void tell_facts(decision const& d, instant now, committed& out);

    // room_presence.cpp
    decision decide_enter(commands::enter const& asked, instant now) const;
    decision decide_resume(commands::resume const& asked, instant now) const;
    decision decide_media(commands::set_media const& asked, instant now) const;
    decision decide_connection(commands::set_connection const& asked, instant now) const;
    decision decide_quality(commands::sample_quality const& asked, instant now) const;
    void commit_enter(commands::enter const& asked, decision const& d, instant now, committed& out);
    void commit_resume(commands::resume const& asked, instant now, committed& out);
    void commit_disconnect(session_id const& session, bool for_good, instant now, committed& out);
    void commit_media(session_id const& session, media_state const& media, committed& out);
    void drop_session(session_id const& session, instant now, committed& out);
    void give_up_away(attendee& here, committed& out, instant now);
    void answer_entry(speaker const& who, instant now, committed& out);

    // room_appointment.cpp
    decision decide_put(commands::put_appointment const& asked, instant now) const;
    decision decide_cancel(instant now) const;
    decision decide_extend(commands::extend_appointment const& asked, instant now) const;
    void add_consequences(appointment const& after, decision& d, instant now) const;
    void commit_forget(commands::forget_person const& asked);
    void commit_appointment(decision const& d, instant now, committed& out);

    // room_time.cpp
    decision decide_tick(instant now) const;
    facts::call_ended lost_ending() const;
    void commit_recover(instant now);
    void commit_tick(decision const& d, instant now, committed& out);
    void forget_long_away(instant now, committed& out);
    std::vector<ending_soon> endings() const;
    void warn(instant now, committed& out);
    void consider_judgement(decision& d, instant now) const;
    void note_staff(decision& d, instant now) const;
    std::optional<milliseconds> until_judgement(instant now) const;
    std::optional<instant> seat_deadline(participant_id const& who) const;
    std::optional<end_reason> overdue(utc_time now) const;
    bool anybody_seated() const;

    // room_views.cpp
    participant_view view_of(participant_id const& who) const;
    appointment_view appointment_for(member const& viewer, utc_time now) const;
    bool may_see(participant_id const& viewer, participant_id const& subject) const;
    void tell_others(std::optional<session_id> const& but, event const& what, committed& out) const;
    void tell_presence(participant_id const& who, events::change what, committed& out, bool reset = false);
    void tell_appointment(instant now, committed& out, std::optional<ending_soon> const& warned = {});
    void tell_users(event const& what, committed& out) const;

    appointment_id id_;
    room_record record_;
    room_rules const& rules_;
    std::map<participant_id, attendee> attendees_;
    std::unordered_map<session_id, participant_id> sessions_;
    std::uint64_t rev_ = 0;
    instant alive_stored_{};
    bool recovering_ = false; ///< nobody has come back since the restart
    std::optional<window> window_told_;
    std::vector<ending_soon> warned_; ///< told, and still ahead
};

} // namespace rendezvous::call
