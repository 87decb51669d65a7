#include "memory_backend.hpp"

#include "../audit_of.hpp"
#include "rendezvous/store/chain.hpp"
#include "rendezvous/store/retention.hpp"

#include <algorithm>
#include <functional>

namespace rendezvous::store::memory {
namespace {

using base::errc;

/// The appointment or call that a fact changes.
struct subject {
    std::optional<base::appointment_id> appointment;
    std::optional<base::call_id> call;
};

struct subject_of {
    subject operator()(call::facts::appointment_put const& f) const { return {f.value.id, {}}; }
    subject operator()(call::facts::appointment_status_set const& f) const { return {f.id, {}}; }
    subject operator()(call::facts::attendance_noted const& f) const { return {f.id, {}}; }
    subject operator()(call::facts::appointment_judged const& f) const { return {f.id, {}}; }
    subject operator()(call::facts::access_overridden const& f) const { return {f.id, f.call}; }
    subject operator()(call::facts::call_started const& f) const { return {f.call.appointment, f.call.id}; }
    subject operator()(call::facts::command_carried_out const&) const { return {}; }
    template <class Fact>
    subject operator()(Fact const& f) const
    {
        return {{}, f.call};
    }
};

} // namespace

std::string done_key(base::appointment_id const& id, std::string const& name)
{
    return id.str() + '\n' + name; // no id contains a line break
}

result<void> memory_backend::commit()
{
    undo_.clear();
    return {};
}

result<void> memory_backend::begin_part()
{
    part_ = undo_.mark();
    return {};
}

result<void> memory_backend::drop_part()
{
    undo_.go_back(all_, part_);
    return {};
}

result<void> memory_backend::apply(call::fact const& happened)
{
    if (!follows(all_, happened)) return errc::illegal_transition;
    if (auto const* const done = std::get_if<call::facts::command_carried_out>(&happened)) {
        auto const key = done_key(done->appointment, done->what.key.name);
        undo_.keep(&tables::done, all_, key);
        all_.done.insert_or_assign(key, done->what);
        return {};
    }
    auto const known = look_up(happened);
    auto about = std::visit(subject_of{}, happened);
    if (about.call && !about.appointment) {
        auto const found = all_.calls.find(about.call->str());
        if (found != all_.calls.end()) about.appointment = found->second.appointment;
    }
    call::room_record before;
    if (about.appointment) {
        auto const found = all_.appointments.find(about.appointment->str());
        if (found != all_.appointments.end()) {
            before.appointment = found->second.value;
            before.attendance = found->second.attendance;
        }
        undo_.keep(&tables::appointments, all_, about.appointment->str());
    }
    if (about.call) {
        auto const found = all_.calls.find(about.call->str());
        if (found != all_.calls.end()) before.newest = found->second;
        undo_.keep(&tables::calls, all_, about.call->str());
    }
    call::apply(before, happened);
    if (about.appointment) {
        auto& kept = all_.appointments[about.appointment->str()];
        kept.value = std::move(*before.appointment);
        kept.attendance = before.attendance;
        if (std::holds_alternative<call::facts::call_started>(happened)) kept.newest = about.call;
    }
    if (about.call) all_.calls.insert_or_assign(about.call->str(), std::move(*before.newest));
    if (auto const event = event_of(happened)) add_event(*event);
    for (auto const& told : outbox_of(happened, known)) add_outbox(told);
    if (auto const entry = audit_of(happened)) return add_audit(*entry);
    return {};
}

void memory_backend::add_event(event_draft const& event)
{
    auto& places = all_.events_of[event.call.str()];
    chain_row next{
        all_.events.size() + 1, event.call, {}, all_.events.empty() ? chain_origin() : all_.events.back().row.hash};
    next.row = {places.size() + 1, event.at, event.type, event.participant, event.data, {}};
    next.row.hash = chain_hash(next);
    places.push_back(all_.events.size());
    all_.events.push_back(std::move(next));
    undo_.add([](tables& t) {
        t.events_of[t.events.back().call.str()].pop_back();
        t.events.pop_back();
    });
}

result<void> memory_backend::put_api_key(service::api_key_row const& row)
{
    if (all_.keys.contains(row.hash)) return errc::illegal_transition;
    undo_.keep(&tables::keys, all_, row.hash);
    all_.keys.emplace(row.hash, row);
    return {};
}

result<std::size_t> memory_backend::revoke_api_keys(std::string const& name, base::utc_time at)
{
    std::size_t count = 0;
    for (auto& [hash, row] : all_.keys) {
        if ((row.name != name && row.prefix != name) || row.revoked_at) continue;
        undo_.keep(&tables::keys, all_, hash);
        row.revoked_at = at;
        ++count;
    }
    return count;
}

result<std::vector<service::api_key_row>> memory_backend::list_api_keys()
{
    std::vector<service::api_key_row> out;
    for (auto const& [hash, row] : all_.keys) out.push_back(row);
    std::sort(out.begin(), out.end(),
        [](auto const& a, auto const& b) { return std::tie(a.name, a.created_at) < std::tie(b.name, b.created_at); });
    return out;
}

result<service::api_key_row> memory_backend::find_api_key(std::string const& hash)
{
    auto const found = all_.keys.find(hash);
    if (found == all_.keys.end()) return errc::not_found;
    return found->second;
}

result<void> memory_backend::put_invite(service::invite_row const& row)
{
    if (!all_.appointments.contains(row.appointment.str())) return errc::not_found;
    if (all_.invites.contains(row.id) || find_invite(row.hash)) return errc::illegal_transition;
    undo_.keep(&tables::invites, all_, row.id);
    all_.invites.emplace(row.id, row);
    return {};
}

result<service::invite_row> memory_backend::find_invite(std::string const& hash)
{
    for (auto const& [id, row] : all_.invites)
        if (row.hash == hash) return row;
    return errc::not_found;
}

result<std::vector<service::invite_row>> memory_backend::list_invites(
    base::appointment_id const& id, std::size_t rows_max)
{
    std::vector<service::invite_row> out;
    for (auto const& [key, row] : all_.invites)
        if (row.appointment == id) out.push_back(row);
    std::sort(out.begin(), out.end(),
        [](auto const& a, auto const& b) { return std::tie(a.created_at, a.id) > std::tie(b.created_at, b.id); });
    if (out.size() > rows_max) out.resize(rows_max);
    return out;
}

result<void> memory_backend::revoke_invite(
    base::appointment_id const& id, std::string const& invite_id, base::utc_time at)
{
    auto const found = all_.invites.find(invite_id);
    if (found == all_.invites.end() || found->second.appointment != id) return errc::not_found;
    undo_.keep(&tables::invites, all_, invite_id);
    if (!found->second.revoked_at) found->second.revoked_at = at;
    return {};
}

result<std::size_t> memory_backend::sweep(base::utc_time now, std::size_t rows_max)
{
    std::size_t count = 0;
    for (auto at = all_.done.begin(); at != all_.done.end() && count < rows_max;) {
        bool const expired = at->second.at + retention::done_commands <= now;
        at = expired ? all_.done.erase(at) : std::next(at);
        if (expired) ++count;
    }
    count += sweep_credentials(now, rows_max - count);
    return count + sweep_events(now, rows_max - count);
}

result<std::unique_ptr<copy_job>> memory_backend::start_backup(std::filesystem::path const&)
{
    return boost::system::errc::make_error_code(boost::system::errc::operation_not_supported);
}

} // namespace rendezvous::store::memory

namespace rendezvous::store {

std::unique_ptr<backend> make_memory_backend()
{
    return std::make_unique<memory::memory_backend>();
}

} // namespace rendezvous::store
