#include "memory_backend.hpp"

#include <algorithm>

// One person, as sqlite/subjects.cpp knows them.

namespace rendezvous::store::memory {
namespace {

template <class T>
std::vector<T> cut(std::vector<T> all, std::size_t skip, std::size_t rows_max)
{
    auto const begin = all.begin() + static_cast<std::ptrdiff_t>(std::min(skip, all.size()));
    auto const left = static_cast<std::size_t>(all.end() - begin);
    return {begin, begin + static_cast<std::ptrdiff_t>(std::min(left, rows_max))};
}

bool has_seat(call::call_record const& c, base::user_id const& user)
{
    return std::any_of(c.seats.begin(), c.seats.end(), [&](call::seat const& s) { return s.user == user; });
}

/// There is no file: what is not in the tables is nowhere.
class nothing_left final : public scrub_job {
public:
    result<bool> step() override { return true; }
    bool rewritten() const override { return false; }
};

} // namespace

result<std::vector<service::subject_participation>> memory_backend::participations_of(
    base::user_id const& user, std::size_t skip, std::size_t rows_max)
{
    std::vector<service::subject_participation> out;
    for (auto const& [id, kept] : all_.appointments) {
        auto const& a = kept.value;
        for (auto const& m : a.members)
            if (m.user == user)
                out.push_back({a.id, m.id, m.role, m.name, m.locale, a.start, a.end, a.status, std::nullopt});
    }
    return cut(std::move(out), skip, rows_max);
}

result<std::vector<service::subject_call>> memory_backend::calls_of(
    base::user_id const& user, std::size_t skip, std::size_t rows_max)
{
    std::vector<service::subject_call> out;
    for (auto const& [id, c] : all_.calls) {
        auto const* const a = c.appointment ? &all_.appointments.at(c.appointment->str()).value : nullptr;
        if (!has_seat(c, user) && !(a && call::find_member(*a, user))) continue;
        service::subject_call row{c.id, c.appointment, c.kind, c.media, c.state, c.end_reason,
            c.started_by_user == user, c.created_at, c.answered_at, c.connected_at, c.ended_at, c.duration, c.billable,
            {}};
        for (auto const& s : c.seats)
            if (s.user == user) row.seats.push_back(s);
        out.push_back(std::move(row));
    }
    return cut(std::move(out), skip, rows_max);
}

result<std::vector<service::subject_invite>> memory_backend::invites_of(
    base::user_id const& user, std::size_t skip, std::size_t rows_max)
{
    std::vector<service::subject_invite> out;
    for (auto const& [id, i] : all_.invites)
        if (i.user == user) out.push_back({i.id, i.appointment, i.created_at, i.expires_at, i.revoked_at});
    return cut(std::move(out), skip, rows_max);
}

result<service::erasure_report> memory_backend::erase(
    base::user_id const& user, base::user_id const& pseudonym, std::vector<std::string>&)
{
    service::erasure_report out;
    out.pseudonym = pseudonym.str();
    auto const ref = known_ref(user.str());
    std::vector<std::string> theirs;
    for (auto& [id, kept] : all_.appointments) {
        if (!call::find_member(kept.value, user)) continue;
        theirs.push_back("appointment:" + id);
        undo_.keep(&tables::appointments, all_, id);
        for (auto& m : kept.value.members) {
            if (m.user != user) continue;
            m.user = pseudonym;
            m.name.clear();
            m.locale.reset();
            ++out.participations;
        }
    }
    for (auto& [id, c] : all_.calls) {
        if (c.started_by_user != user && !has_seat(c, user)) continue;
        undo_.keep(&tables::calls, all_, id);
        ++out.calls;
        if (c.started_by_user == user) c.started_by_user = pseudonym;
        for (auto& s : c.seats) {
            if (s.user != user) continue;
            s.user = pseudonym;
            s.name.clear();
            s.token_hash.clear();
            ++out.seats;
        }
    }
    for (auto at = all_.invites.begin(); at != all_.invites.end();) {
        bool const mine = at->second.user == user;
        if (mine) undo_.keep(&tables::invites, all_, at->first);
        out.invites += mine ? 1 : 0;
        at = mine ? all_.invites.erase(at) : std::next(at);
    }
    for (std::size_t i = 0; i < all_.audit.size(); ++i) {
        auto& kept = all_.audit[i];
        bool const named = ref && (kept.row.subject_ref == *ref || kept.row.actor_ref == *ref);
        out.audit_rows += named ? 1 : 0;
        bool const place = std::find(theirs.begin(), theirs.end(), kept.row.object) != theirs.end();
        if (!kept.row.reason || (!named && !place)) continue;
        undo_.add([i, reason = *kept.row.reason, salt = kept.salt](tables& t) {
            t.audit[i].row.reason = reason;
            t.audit[i].salt = salt;
        });
        kept.row.reason.reset();
        kept.salt.clear();
        ++out.texts;
    }
    if (ref) undo_.keep(&tables::subjects, all_, user.str());
    out.key_destroyed = all_.subjects.erase(user.str()) > 0;
    all_.buried.insert(user.str());
    bool const known = out.participations + out.seats + out.calls + out.invites > 0 || out.key_destroyed;
    if (!known) return base::errc::not_found;
    return out;
}

result<std::unique_ptr<scrub_job>> memory_backend::start_scrub(std::vector<std::string>)
{
    return std::unique_ptr<scrub_job>(std::make_unique<nothing_left>());
}

} // namespace rendezvous::store::memory
