#include "list_query.hpp"

#include <algorithm>
#include <string_view>

namespace rendezvous::store::sqlite {
namespace {

/// Text of ours and parameters in the order in which they appear.
class builder {
public:
    /// The next parameter's name.
    std::string add(list_query::value value)
    {
        values_.push_back(std::move(value));
        return std::to_string(values_.size()).insert(0, 1, '$');
    }
    template <class Enum>
    std::string add_word(Enum value)
    {
        return add(std::string(call::to_word(value)));
    }
    std::vector<list_query::value> take() { return std::move(values_); }

private:
    std::vector<list_query::value> values_;
};

/// Conditions joined with AND; nothing is `1`.
class conditions {
public:
    void add(std::string const& text)
    {
        if (!text_.empty()) text_ += " AND ";
        text_ += text;
    }
    std::string str() const { return text_.empty() ? "1" : text_; }

private:
    std::string text_;
};

/// The index that is followed: where its rows come from and the names of its columns.
struct route {
    std::string from, where, id, time;
};

list_query assemble(builder& into, route const& way, conditions const& matches, std::optional<base::utc_time> from,
    std::optional<base::utc_time> to, std::optional<list_key> const& before, std::size_t looks_max)
{
    conditions along;
    if (!way.where.empty()) along.add(way.where);
    if (from) along.add(way.time + " >= " + into.add(base::to_ms(*from)));
    if (to) along.add(way.time + " < " + into.add(base::to_ms(*to)));
    if (before) {
        auto const time = into.add(before->at_ms);
        along.add("(" + way.time + ", " + way.id + ") < (" + time + ", " + into.add(before->id) + ")");
    }
    auto sql = "SELECT " + way.id + ", " + way.time + ", (" + matches.str() + ") FROM " + way.from + " WHERE "
               + along.str() + " ORDER BY " + way.time + " DESC, " + way.id + " DESC LIMIT "
               + into.add(static_cast<std::int64_t>(looks_max));
    return {std::move(sql), into.take()};
}

std::string states_in(builder& into, std::vector<call::call_state> const& states)
{
    std::string list;
    for (auto const state : states) {
        if (!list.empty()) list += ", ";
        list += into.add_word(state);
    }
    return "c.state IN (" + list + ")";
}

/// The narrowest index that serves the filter.
route route_of(builder& into, service::call_filter const& f)
{
    auto const ended = std::find(f.states.begin(), f.states.end(), call::call_state::ended) != f.states.end();
    if (f.appointment)
        return {"calls c", "c.appointment_id = " + into.add(f.appointment->str()), "c.id", "c.created_at"};
    if (f.user)
        return {"call_users u CROSS JOIN calls c", "c.id = u.call_id AND u.user_id = " + into.add(f.user->str()),
            "u.call_id", "u.created_at"};
    if (f.end_reason) return {"calls c", "c.end_reason = " + into.add_word(*f.end_reason), "c.id", "c.created_at"};
    if (f.states.size() == 1)
        return {"calls c", "c.state = " + into.add_word(f.states.front()), "c.id", "c.created_at"};
    if (!f.states.empty() && !ended) return {"calls c", "c.state <> 'ended'", "c.id", "c.created_at"};
    if (f.kind) return {"calls c", "c.kind = " + into.add_word(*f.kind), "c.id", "c.created_at"};
    return {"calls c", "", "c.id", "c.created_at"};
}

} // namespace

list_query calls_query(service::call_filter const& f, std::optional<list_key> const& before, std::size_t looks_max)
{
    builder into;
    conditions matches;
    if (!f.states.empty()) matches.add(states_in(into, f.states));
    if (f.end_reason) matches.add("COALESCE(c.end_reason, '') = " + into.add_word(*f.end_reason));
    if (f.kind) matches.add("c.kind = " + into.add_word(*f.kind));
    if (f.appointment && f.user)
        matches.add("EXISTS (SELECT 1 FROM call_users x WHERE x.call_id = c.id AND x.user_id = "
                    + into.add(f.user->str()) + ")");
    auto const way = route_of(into, f);
    return assemble(into, way, matches, f.from, f.to, before, looks_max);
}

list_query appointments_query(
    service::appointment_filter const& f, std::optional<list_key> const& before, std::size_t looks_max)
{
    builder into;
    conditions matches;
    if (f.status) matches.add("a.status = " + into.add_word(*f.status));
    if (f.call_status) matches.add("a.call_status = " + into.add_word(*f.call_status));
    route way{"appointments a", "", "a.id", "a.start_at"};
    if (f.user)
        way = {"appointment_participants p CROSS JOIN appointments a",
            "a.id = p.appointment_id AND p.removed_at IS NULL AND p.user_id = " + into.add(f.user->str()),
            "p.appointment_id", "p.start_at"};
    else if (f.call_status)
        way.where = "a.call_status = " + into.add_word(*f.call_status);
    else if (f.status)
        way.where = "a.status = " + into.add_word(*f.status);
    return assemble(into, way, matches, f.from, f.to, before, looks_max);
}

} // namespace rendezvous::store::sqlite
