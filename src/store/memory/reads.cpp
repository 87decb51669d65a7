#include "memory_backend.hpp"
#include "rendezvous/store/retention.hpp"

#include <algorithm>
#include <tuple>

namespace rendezvous::store::memory {
namespace {

using base::errc;

/// Being connected is not kept: a held seat reads as joined.
call::call_record as_kept(call::call_record c)
{
    for (auto& s : c.seats)
        if (call::holds_place(s)) s.state = call::seat_state::joined;
    return c;
}

bool within(base::utc_time at, std::optional<base::utc_time> from, std::optional<base::utc_time> to)
{
    return (!from || at >= *from) && (!to || at < *to);
}

bool in_call(call::call_record const& c, kept_appointment const* a, base::user_id const& user)
{
    auto const own = [&](call::seat const& s) { return s.user == user; };
    return std::any_of(c.seats.begin(), c.seats.end(), own) || (a && call::find_member(a->value, user));
}

bool matches(service::call_filter const& f, call::call_record const& c, kept_appointment const* a)
{
    return within(c.created_at, f.from, f.to)
           && (f.states.empty() || std::find(f.states.begin(), f.states.end(), c.state) != f.states.end())
           && (!f.end_reason || c.end_reason == f.end_reason) && (!f.kind || c.kind == *f.kind)
           && (!f.appointment || c.appointment == f.appointment) && (!f.user || in_call(c, a, *f.user));
}

/// The first `rows_max` rows behind `before` of all that match, newest first.
template <class Row>
chunk<Row> cut(std::vector<std::pair<list_key, Row>> found, std::optional<list_key> const& before, std::size_t rows_max)
{
    std::sort(found.begin(), found.end(), [](auto const& a, auto const& b) { return a.first > b.first; });
    chunk<Row> out;
    for (auto& [key, row] : found) {
        if (before && key >= *before) continue;
        if (out.rows.size() == rows_max) return out;
        out.resume = key;
        out.rows.push_back(std::move(row));
    }
    out.resume.reset();
    return out;
}

} // namespace

call::room_record memory_backend::room_of(kept_appointment const& a) const
{
    call::room_record out{a.value, a.attendance, {}, {}};
    if (a.newest) out.newest = as_kept(all_.calls.at(a.newest->str()));
    return out;
}

result<call::room_record> memory_backend::load_room(base::appointment_id const& id, base::utc_time now)
{
    auto const found = all_.appointments.find(id.str());
    if (found == all_.appointments.end()) return call::room_record{};
    auto out = room_of(found->second);
    auto const prefix = done_key(id, {});
    for (auto at = all_.done.lower_bound(prefix); at != all_.done.end() && at->first.starts_with(prefix); ++at)
        if (at->second.at + retention::done_commands > now) out.done.push_back(at->second);
    std::sort(out.done.begin(), out.done.end(), [](call::done_command const& a, call::done_command const& b) {
        return std::tie(a.at, a.key.name) < std::tie(b.at, b.key.name);
    });
    auto const surplus = out.done.size() - std::min(out.done.size(), call::done_commands_max);
    out.done.erase(out.done.begin(), out.done.begin() + static_cast<std::ptrdiff_t>(surplus));
    return out;
}

result<std::vector<base::appointment_id>> memory_backend::open_rooms(
    base::appointment_id const& after, std::size_t rows_max)
{
    std::vector<base::appointment_id> out;
    for (auto at = all_.appointments.upper_bound(after.str()); at != all_.appointments.end() && out.size() < rows_max;
         ++at)
        if (at->second.newest && all_.calls.at(at->second.newest->str()).state != call::call_state::ended)
            out.emplace_back(at->first);
    return out;
}

result<std::vector<base::appointment_id>> memory_backend::unjudged(base::utc_time now, std::size_t rows_max)
{
    std::vector<std::pair<base::utc_time, std::string>> found;
    for (auto const& [id, a] : all_.appointments) {
        if (a.attendance.judged_at || a.value.closes_at > now) continue;
        if (a.newest && all_.calls.at(a.newest->str()).state != call::call_state::ended) continue;
        found.emplace_back(a.value.closes_at, id);
    }
    std::sort(found.begin(), found.end());
    found.resize(std::min(found.size(), rows_max));
    std::vector<base::appointment_id> out;
    for (auto const& [closes_at, id] : found) out.emplace_back(id);
    return out;
}

result<chunk<call::call_record>> memory_backend::list_calls(
    service::call_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max)
{
    std::vector<std::pair<list_key, call::call_record>> found;
    for (auto const& [id, c] : all_.calls) {
        auto const* const a = c.appointment ? &all_.appointments.at(c.appointment->str()) : nullptr;
        if (matches(filter, c, a)) found.emplace_back(list_key{base::to_ms(c.created_at), id}, as_kept(c));
    }
    return cut(std::move(found), before, rows_max);
}

result<chunk<call::room_record>> memory_backend::list_appointments(
    service::appointment_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max)
{
    std::vector<std::pair<list_key, call::room_record>> found;
    for (auto const& [id, a] : all_.appointments) {
        auto room = room_of(a);
        auto const status = call::status_of(room.newest ? &*room.newest : nullptr);
        if (!within(a.value.start, filter.from, filter.to) || (filter.status && a.value.status != *filter.status))
            continue;
        if (filter.call_status && status != *filter.call_status) continue;
        if (filter.user && !call::find_member(a.value, *filter.user)) continue;
        found.emplace_back(list_key{base::to_ms(a.value.start), id}, std::move(room));
    }
    return cut(std::move(found), before, rows_max);
}

result<call::call_record> memory_backend::get_call(base::call_id const& id)
{
    auto const found = all_.calls.find(id.str());
    if (found == all_.calls.end()) return errc::not_found;
    return as_kept(found->second);
}

result<std::vector<service::call_event_row>> memory_backend::list_call_events(
    base::call_id const& id, std::uint64_t after, std::size_t rows_max)
{
    std::vector<service::call_event_row> out;
    auto const found = all_.events_of.find(id.str());
    if (found == all_.events_of.end()) return out;
    for (auto i = after; i < found->second.size() && out.size() < rows_max; ++i)
        out.push_back(all_.events[found->second[i]].row);
    return out;
}

result<std::vector<chain_row>> memory_backend::chain_rows(std::uint64_t after, std::size_t rows_max)
{
    std::vector<chain_row> out;
    for (auto i = after; i < all_.events.size() && out.size() < rows_max; ++i) out.push_back(all_.events[i]);
    return out;
}

} // namespace rendezvous::store::memory
