#include "query_reader.hpp"

#include <algorithm>

// Calls: starting, joining and ending them, and the history.

namespace rendezvous::net {
namespace {

using base::errc;

call::speaker speaker_of(rest_call const& c)
{
    return {c.caller.bearer->user, c.caller.bearer->role, std::nullopt};
}

/// Strangers learn nothing: 404. An admin may know that it exists: 403.
errc explain(rest_call const& c, errc why)
{
    bool const admin = c.caller.bearer->role == call::role::admin;
    return why == errc::not_found && admin ? errc::forbidden : why;
}

/// The refusal of a start or join; outside the window it says when that is.
rest_reply refused(rest_call c, base::appointment_id id, errc why)
{
    protocol::problem p;
    p.code = why;
    if (why == errc::outside_window) {
        auto status = co_await describe(c, id);
        if (status) {
            p.opens_at = status->view.appointment.opens_at;
            p.closes_at = status->view.appointment.closes_at;
        }
    }
    co_return problem_reply(c, std::move(p));
}

bool took_part(call::call_record const& call, base::user_id const& user)
{
    return std::any_of(call.seats.begin(), call.seats.end(), [&](auto const& s) { return s.user == user; });
}

service::task<call::call_record> load_call(rest_call const& c)
{
    if (!base::is_uuid(c.captures[0])) co_return errc::not_found;
    auto& house = *c.house;
    base::call_id const id{c.captures[0]};
    std::function<void(service::completion<call::call_record>)> begin = [&house, id](auto done) {
        house.reader.get_call(id, std::move(done));
    };
    auto call = co_await service::later<call::call_record>(begin);
    if (!call || c.caller.sees_all()) co_return call;
    auto const& who = *c.caller.bearer;
    bool const covered = !call->appointment || who.covers(*call->appointment);
    if (covered && took_part(*call, who.user)) co_return call;
    if (!call->appointment) co_return errc::not_found;
    auto member = co_await describe(c, *call->appointment);
    if (!member) co_return errc::not_found;
    co_return call;
}

} // namespace

rest_reply start_call(rest_call c)
{
    auto const id = base::parse_appointment_id(c.captures[0]);
    if (!id || !c.caller.bearer->covers(*id)) co_return problem_reply(c, errc::not_found);
    auto const body = protocol::parse_start_call(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);

    base::call_id fresh{c.house->ids.uuid(c.now())};
    call::command asked = call::commands::start_call{
        speaker_of(c), std::move(fresh), (*body).media, nullptr, std::nullopt, (*body).override_reason};
    auto done = co_await submit(*c.house, *id, asked);
    if (!done) {
        auto const why = explain(c, base::to_errc(done.error()));
        auto reply = co_await refused(c, *id, why);
        co_return reply;
    }
    co_return json_reply(done->joined_existing ? 200 : 201, protocol::call_json(*done->call));
}

rest_reply join_call(rest_call c)
{
    auto const id = base::parse_appointment_id(c.captures[0]);
    if (!id || !c.caller.bearer->covers(*id)) co_return problem_reply(c, errc::not_found);
    auto const body = protocol::parse_end_call(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);

    call::command asked = call::commands::join_call{speaker_of(c), (*body).call, nullptr, false, false};
    auto done = co_await submit(*c.house, *id, asked);
    if (!done) {
        auto const why = explain(c, base::to_errc(done.error()));
        auto reply = co_await refused(c, *id, why);
        co_return reply;
    }
    co_return json_reply(200, protocol::call_json(*done->call));
}

rest_reply end_call(rest_call c)
{
    auto const id = base::parse_appointment_id(c.captures[0]);
    if (!id || !c.caller.bearer->covers(*id)) co_return problem_reply(c, errc::not_found);
    auto const body = protocol::parse_end_call(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);

    bool const admin = c.caller.bearer->role == call::role::admin;
    call::command asked = call::commands::end_call{speaker_of(c), (*body).call, false};
    auto done = co_await submit(*c.house, *id, asked);
    if (!done && admin && base::to_errc(done.error()) == errc::not_found) {
        call::command as_admin = call::commands::end_call{speaker_of(c), (*body).call, true};
        auto again = co_await submit(*c.house, *id, as_admin);
        done = std::move(again);
    }
    if (!done) co_return problem_reply(c, base::to_errc(done.error()));
    co_return json_reply(200, protocol::call_json(*done->call));
}

rest_reply list_calls(rest_call c)
{
    service::call_filter filter;
    query_reader query(c);
    query.read("from", filter.from);
    query.read("to", filter.to);
    query.read_words("state", filter.states);
    query.read_word("endReason", filter.end_reason);
    query.read_word("kind", filter.kind);
    query.read("appointmentId", filter.appointment);
    query.read("userId", filter.user);
    query.read_page(filter.rows_max, filter.after);
    if (!query.ok()) co_return query.refusal();
    if (auto const why = limit_to_own(c, filter.user)) co_return problem_reply(c, *why);

    auto& house = *c.house;
    std::function<void(service::completion<service::page<call::call_record>>)> begin = [&house, filter](auto done) {
        house.reader.list_calls(filter, std::move(done));
    };
    auto page = co_await service::later<service::page<call::call_record>>(begin);
    if (!page && base::to_errc(page.error()) == errc::bad_field) co_return invalid_query(c, "after", "not a cursor");
    if (!page) co_return problem_reply(c, base::to_errc(page.error()));

    auto const hidden = [&](call::call_record const& call) {
        return !c.caller.sees_all() && call.appointment && !c.caller.bearer->covers(*call.appointment);
    };
    std::erase_if(page->rows, hidden);
    auto reply = cached_reply(c, protocol::calls_json(page->rows));
    add_next_link(reply, c, page->next);
    co_return reply;
}

rest_reply get_call(rest_call c)
{
    auto call = co_await load_call(c);
    if (!call) co_return problem_reply(c, base::to_errc(call.error()));
    co_return cached_reply(c, protocol::call_json(*call));
}

rest_reply list_call_events(rest_call c)
{
    auto call = co_await load_call(c);
    if (!call) co_return problem_reply(c, base::to_errc(call.error()));
    auto& house = *c.house;
    auto const id = call->id;
    std::function<void(service::completion<std::vector<service::call_event_row>>)> begin = [&house, id](auto done) {
        house.reader.list_call_events(id, std::move(done));
    };
    auto rows = co_await service::later<std::vector<service::call_event_row>>(begin);
    if (!rows) co_return problem_reply(c, base::to_errc(rows.error()));
    std::vector<protocol::call_event_item> items;
    for (auto& r : *rows) items.push_back({r.seq, r.at, r.type, r.participant, r.data, r.hash});
    co_return cached_reply(c, protocol::call_events_json(items));
}

} // namespace rendezvous::net
