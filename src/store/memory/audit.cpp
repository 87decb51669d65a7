#include "memory_backend.hpp"

#include <algorithm>
#include <charconv>

// The account of who did what, as sqlite/audit.cpp and sqlite/audit_writer.cpp keep it.

namespace rendezvous::store::memory {
namespace {

std::optional<std::string> behind(std::string_view object, std::string_view prefix)
{
    if (!object.starts_with(prefix)) return std::nullopt;
    return std::string(object.substr(prefix.size()));
}

std::optional<base::user_id> user_of(tables const& all, std::string const& ref)
{
    for (auto const& [user, who] : all.subjects)
        if (!ref.empty() && who.ref == ref) return base::user_id{user};
    return std::nullopt;
}

bool is_listed(tables const& all, base::user_id const& user)
{
    return std::any_of(all.appointments.begin(), all.appointments.end(),
        [&](auto const& entry) { return call::find_member(entry.second.value, user) != nullptr; });
}

/// The patient of an appointment or call that an entry is about.
std::optional<base::user_id> patient_of(tables const& all, std::string const& object)
{
    auto id = behind(object, "appointment:");
    if (auto const call = behind(object, "call:")) {
        auto const found = all.calls.find(*call);
        if (found != all.calls.end() && found->second.appointment) id = found->second.appointment->str();
    }
    auto const found = id ? all.appointments.find(*id) : all.appointments.end();
    if (found == all.appointments.end()) return std::nullopt;
    for (auto const& m : found->second.value.members)
        if (m.role == call::role::patient) return m.user;
    return std::nullopt;
}

} // namespace

std::optional<std::string> memory_backend::known_ref(std::string const& user) const
{
    auto const found = all_.subjects.find(user);
    if (found == all_.subjects.end()) return std::nullopt;
    return found->second.ref;
}

std::string memory_backend::ref_of(base::user_id const& user)
{
    if (auto known = known_ref(user.str())) return *known;
    if (all_.buried.contains(user.str()) && !is_listed(all_, user)) return {};
    undo_.keep(&tables::subjects, all_, user.str());
    auto const key = random_key();
    return all_.subjects.insert_or_assign(user.str(), kept_subject{key, keyed_hash(key, user.str())}).first->second.ref;
}

result<void> memory_backend::add_audit(service::audit_entry const& what)
{
    audit_chain_row next;
    auto& r = next.row;
    auto const begin = all_.audit.empty() ? chain_anchor{0, chain_origin()}
                                          : chain_anchor{all_.audit.back().row.seq, all_.audit.back().row.hash};
    r.seq = begin.last_id + 1;
    r.at = what.at;
    r.actor = what.actor;
    bool const person = what.actor == service::actor_kind::user && !what.actor_id.empty();
    r.actor_ref = person ? ref_of(base::user_id{what.actor_id}) : what.actor_id;
    r.action = what.action;
    r.object = what.object;
    auto const about = what.subject ? what.subject : patient_of(all_, what.object);
    if (about && (known_ref(about->str()) || is_listed(all_, *about))) r.subject_ref = ref_of(*about);
    r.outcome = what.outcome;
    r.ip_prefix = what.ip_prefix;
    r.request_id = what.request_id;
    if (!what.reason.empty()) {
        next.salt = random_key();
        r.reason = what.reason;
        r.reason_hash = keyed_hash(next.salt, what.reason);
    }
    next.prev_hash = begin.hash;
    r.hash = audit_hash(next);
    all_.audit.push_back(std::move(next));
    undo_.add([](tables& t) { t.audit.pop_back(); });
    return {};
}

service::audit_row memory_backend::shown(audit_chain_row const& kept) const
{
    auto out = kept.row;
    if (out.actor == service::actor_kind::user) out.actor_user = user_of(all_, out.actor_ref);
    out.subject = user_of(all_, out.subject_ref);
    return out;
}

result<chunk<service::audit_row>> memory_backend::list_audit(
    service::audit_filter const& f, std::optional<list_key> const& before, std::size_t rows_max)
{
    chunk<service::audit_row> out;
    std::optional<std::string> actor, subject;
    if (f.actor) actor = known_ref(*f.actor).value_or(*f.actor);
    if (f.subject) subject = known_ref(f.subject->str());
    if (f.subject && !subject) return out;
    std::pair<std::int64_t, std::uint64_t> place{};
    if (before) {
        place.first = before->at_ms;
        std::from_chars(before->id.data(), before->id.data() + before->id.size(), place.second);
    }
    auto rows = all_.audit;
    auto const key = [](audit_chain_row const& r) { return std::pair(base::to_ms(r.row.at), r.row.seq); };
    std::sort(rows.begin(), rows.end(), [&](auto const& a, auto const& b) { return key(a) > key(b); });
    for (auto const& kept : rows) {
        auto const& r = kept.row;
        if (before && key(kept) >= place) continue;
        if ((f.from && r.at < *f.from) || (f.to && r.at >= *f.to)) continue;
        if ((actor && r.actor_ref != *actor) || (subject && r.subject_ref != *subject)) continue;
        if (f.action && r.action != *f.action) continue;
        out.rows.push_back(shown(kept));
        if (out.rows.size() < rows_max) continue;
        out.resume = list_key{base::to_ms(r.at), std::to_string(r.seq)};
        return out;
    }
    return out;
}

result<std::vector<audit_chain_row>> memory_backend::audit_rows(std::uint64_t after, std::size_t rows_max)
{
    std::vector<audit_chain_row> out;
    for (auto const& kept : all_.audit)
        if (kept.row.seq > after && out.size() < rows_max) out.push_back(kept);
    return out;
}

result<chain_anchor> memory_backend::anchor(chain_kind)
{
    return chain_anchor{0, chain_origin()};
}

} // namespace rendezvous::store::memory
