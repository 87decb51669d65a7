#include "audit_writer.hpp"

#include <string_view>

namespace rendezvous::store::sqlite {
namespace {

constexpr std::size_t buried_max = 10'000;

std::optional<std::string_view> maybe(std::string const& text)
{
    if (text.empty()) return std::nullopt;
    return std::string_view(text);
}

/// What stands behind `prefix` in an object.
std::optional<std::string> behind(std::string_view object, std::string_view prefix)
{
    if (!object.starts_with(prefix)) return std::nullopt;
    return std::string(object.substr(prefix.size()));
}

} // namespace

void audit_writer::load()
{
    if (end_) return;
    auto ready = db_.prepare("SELECT last_id, hash FROM (SELECT seq AS last_id, hash FROM"
                             " (SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1)"
                             " UNION ALL SELECT last_id, hash FROM chain_anchors WHERE chain = 'audit')"
                             " ORDER BY last_id DESC LIMIT 1");
    end_ = ready.step() ? end{static_cast<std::uint64_t>(ready.integer(0)), ready.text(1)} : end{0, chain_origin()};
}

std::optional<std::string> audit_writer::known_ref(std::string const& user)
{
    auto ready = db_.prepare("SELECT ref FROM subjects WHERE user_id = $1");
    ready.bind_all(user);
    return ready.step() ? ready.maybe_text(0) : std::nullopt;
}

std::string audit_writer::ref_of(std::string const& user, base::utc_time at)
{
    if (auto known = known_ref(user)) return *known;
    if (buried_.contains(user)) {
        if (!is_known(user)) return {};
        buried_.erase(user); // the booking system has listed the person again
    }
    auto const key = random_key();
    auto ref = keyed_hash(key, user);
    db_.run("INSERT INTO subjects (user_id, subject_key, ref, created_at) VALUES ($1, $2, $3, $4)", user, key, ref, at);
    return ref;
}

bool audit_writer::is_known(std::string const& user)
{
    auto ready = db_.prepare("SELECT 1 FROM appointment_participants WHERE user_id = $1 LIMIT 1");
    ready.bind_all(user);
    return ready.step();
}

void audit_writer::bury(std::string const& user)
{
    if (buried_.size() >= buried_max) buried_.erase(buried_.begin());
    buried_.insert(user);
}

/// Whose record it is: said, or the patient of the appointment or call.
std::string audit_writer::subject_of(service::audit_entry const& what)
{
    if (what.subject) {
        if (auto known = known_ref(what.subject->str())) return *known;
        // Whoever asks for somebody unknown shall not make them known.
        return is_known(what.subject->str()) ? ref_of(what.subject->str(), what.at) : std::string{};
    }
    auto appointment = behind(what.object, "appointment:");
    if (auto const call = behind(what.object, "call:")) {
        auto ready = db_.prepare("SELECT appointment_id FROM calls WHERE id = $1");
        ready.bind_all(*call);
        if (ready.step()) appointment = ready.maybe_text(0);
    }
    if (!appointment) return {};
    std::string patient;
    {
        auto ready = db_.prepare("SELECT user_id FROM appointment_participants WHERE appointment_id = $1"
                                 " AND role = 'patient' AND removed_at IS NULL ORDER BY position LIMIT 1");
        ready.bind_all(*appointment);
        if (!ready.step()) return {};
        patient = ready.text(0);
    }
    return ref_of(patient, what.at);
}

void audit_writer::add(service::audit_entry const& what)
{
    load();
    audit_chain_row next;
    auto& r = next.row;
    r.seq = end_->seq + 1;
    r.at = what.at;
    r.actor = what.actor;
    if (what.actor == service::actor_kind::user && !what.actor_id.empty())
        r.actor_ref = ref_of(what.actor_id, what.at);
    else
        r.actor_ref = what.actor_id;
    r.action = what.action;
    r.object = what.object;
    r.subject_ref = subject_of(what);
    r.outcome = what.outcome;
    r.ip_prefix = what.ip_prefix;
    r.request_id = what.request_id;
    if (!what.reason.empty()) {
        auto const salt = random_key();
        r.reason_hash = keyed_hash(salt, what.reason);
        db_.run("INSERT INTO audit_texts (seq, salt, text) VALUES ($1, $2, $3)", r.seq, salt, what.reason);
    }
    next.prev_hash = end_->hash;
    r.hash = audit_hash(next);
    db_.run("INSERT INTO audit_log (seq, at, actor_kind, actor_ref, action, object, subject_ref, outcome, ip_prefix,"
            " request_id, reason_hash, prev_hash, hash)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        r.seq, r.at, service::to_word(r.actor), maybe(r.actor_ref), r.action, maybe(r.object), maybe(r.subject_ref),
        r.outcome, maybe(r.ip_prefix), maybe(r.request_id), maybe(r.reason_hash), next.prev_hash, r.hash);
    end_ = end{r.seq, r.hash};
}

} // namespace rendezvous::store::sqlite
