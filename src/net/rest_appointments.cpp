#include "list_reply.hpp"

#include <array>

// Appointments: what the booking system writes, and what everybody may read of it.

namespace rendezvous::net {
namespace {

using base::errc;

/// As the caller sees it; those who see all look through the first member's eyes.
call::appointment_view view_of(rest_call const& c, call::room_record const& record)
{
    auto const* me = c.caller.sees_all() ? nullptr : call::find_member(*record.appointment, c.caller.bearer->user);
    auto const& as = me ? *me : call::first_member(record);
    return call::summarize(record, {as.user, as.role, false}, c.house->rules, c.now());
}

constexpr auto appointment_columns = std::to_array<std::string_view>(
    {"id", "status", "paymentStatus", "start", "end", "media", "startPolicy", "capacity", "opensAt", "closesAt",
        "hardEnd", "participants.userId", "participants.role", "participants.name", "participants.locale", "callStatus",
        "callStartedBy", "callStartedAt", "callEndedAt", "version", "canStart", "canJoin", "reason", "online"});

/// One page of the list as the caller may see it.
service::task<list_page> appointments_page(rest_call c, service::appointment_filter filter)
{
    auto& house = *c.house;
    std::function<void(service::completion<service::page<service::appointment_row>>)> begin =
        [&house, filter](auto done) { house.reader.list_appointments(filter, std::move(done)); };
    auto page = co_await service::later<service::page<service::appointment_row>>(begin);
    if (!page) co_return page.error();
    std::vector<call::appointment_view> views;
    for (auto const& row : page->rows)
        if (c.caller.sees_all() || c.caller.bearer->covers(row.appointment->id)) views.push_back(view_of(c, row));
    co_return list_page{protocol::appointments_json(views), views.size(), page->next};
}

std::string version_of(call::appointment const& a)
{
    return std::to_string(a.version);
}

} // namespace

rest_reply put_appointment(rest_call c)
{
    auto const id = base::parse_appointment_id(c.captures[0]);
    if (!id) co_return problem_reply(c, errc::validation);
    auto body = protocol::parse_put_appointment(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);
    auto asked = std::move(*body);
    asked.id = *id;
    asked.if_version = if_match_version(c);
    if (asked.members)
        for (auto& m : *asked.members) m.fresh_id = base::participant_id{c.house->ids.uuid(c.now())};

    call::command command = std::move(asked);
    auto done = co_await submit(*c.house, *id, command);
    if (!done) co_return problem_reply(c, base::to_errc(done.error()));

    auto const& view = *done->appointment;
    auto reply = cached_reply(c, protocol::appointment_json(view), version_of(view.appointment));
    if (done->created) reply.status = 201;
    if (done->created) reply.headers.emplace_back("Location", c.request->path);
    co_return reply;
}

rest_reply get_appointment(rest_call c)
{
    auto const id = base::parse_appointment_id(c.captures[0]);
    if (!id) co_return problem_reply(c, errc::not_found);
    auto status = co_await describe(c, *id);
    if (!status) co_return problem_reply(c, base::to_errc(status.error()));
    co_return cached_reply(c, protocol::appointment_json(status->view), version_of(status->view.appointment));
}

rest_reply delete_appointment(rest_call c)
{
    auto const id = base::parse_appointment_id(c.captures[0]);
    if (!id) co_return problem_reply(c, errc::not_found);
    call::command asked = call::commands::cancel_appointment{};
    auto done = co_await submit(*c.house, *id, asked);
    if (!done) co_return problem_reply(c, base::to_errc(done.error()));
    http_response reply;
    reply.status = 204;
    co_return reply;
}

/// Staff moves the end. An admin who is no member may, as they may end a call.
rest_reply extend_appointment(rest_call c)
{
    auto const id = base::parse_appointment_id(c.captures[0]);
    auto const& who = *c.caller.bearer;
    if (!id || !who.covers(*id)) co_return problem_reply(c, errc::not_found);
    auto const body = protocol::parse_extend(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);
    bool const admin = who.role == call::role::admin;
    call::command asked = call::commands::extend_appointment{{who.user, who.role, std::nullopt}, (*body).by, admin};
    auto done = co_await submit(*c.house, *id, asked);
    if (!done) co_return problem_reply(c, base::to_errc(done.error()));
    auto const& view = *done->appointment;
    co_return cached_reply(c, protocol::appointment_json(view), version_of(view.appointment));
}

rest_reply list_appointments(rest_call c)
{
    service::appointment_filter filter;
    query_reader query(c);
    query.read("from", filter.from);
    query.read("to", filter.to);
    query.read_word("status", filter.status);
    query.read_word("callStatus", filter.call_status);
    query.read("userId", filter.user);
    auto const asked = read_list_request(c, query);
    if (!query.ok()) co_return query.refusal();
    if (auto const why = limit_to_own(c, filter.user)) co_return problem_reply(c, *why);
    // No index serves both, and one of them alone may fit nearly all appointments there ever were.
    if (filter.status && filter.call_status && !filter.user)
        co_return invalid_query(c, "callStatus", "needs userId beside status");

    auto const read = [c, filter](std::size_t rows_max, std::optional<std::string> after) {
        auto some = filter;
        some.rows_max = rows_max;
        some.after = std::move(after);
        return appointments_page(c, std::move(some));
    };
    list_shape const shape{"appointments", appointment_columns};
    auto reply = co_await list_reply(c, asked, shape, read);
    co_return reply;
}

rest_reply get_call_status(rest_call c)
{
    auto const id = base::parse_appointment_id(c.captures[0]);
    if (!id) co_return problem_reply(c, errc::not_found);
    auto status = co_await describe(c, *id);
    if (!status) co_return problem_reply(c, base::to_errc(status.error()));
    auto const* newest = status->newest ? &*status->newest : nullptr;
    co_return cached_reply(c, protocol::call_status_json(status->view, newest));
}

} // namespace rendezvous::net
