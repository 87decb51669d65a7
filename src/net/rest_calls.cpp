#include "rest_calls.hpp"
#include "command_key.hpp"

#include <algorithm>
#include <array>

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

constexpr auto call_columns = std::to_array<std::string_view>(
    {"callId", "appointmentId", "kind", "media", "state", "endReason", "startedBy", "createdAt", "answeredAt",
        "connectedAt", "endedAt", "durationSeconds", "billableSeconds", "parentCallId", "participants.participantId",
        "participants.userId", "participants.role", "participants.name", "participants.order", "participants.state",
        "participants.joinedAt", "participants.leftAt", "participants.leaveReason"});
constexpr auto event_columns = std::to_array<std::string_view>({"seq", "at", "type", "participantId", "data", "hash"});

service::task<list_page> calls_page(rest_call c, service::call_filter filter)
{
    auto page = co_await visible_calls(c, filter);
    if (!page) co_return page.error();
    co_return list_page{protocol::calls_json(page->rows), page->rows.size(), page->next};
}

service::task<list_page> events_page(rest_call c, base::call_id id)
{
    auto& house = *c.house;
    std::function<void(service::completion<std::vector<service::call_event_row>>)> begin = [&house, id](auto done) {
        house.reader.list_call_events(id, std::move(done));
    };
    auto rows = co_await service::later<std::vector<service::call_event_row>>(begin);
    if (!rows) co_return rows.error();
    std::vector<protocol::call_event_item> items;
    for (auto& r : *rows) items.push_back({r.seq, r.at, r.type, r.participant, r.data, r.hash});
    co_return list_page{protocol::call_events_json(items), items.size(), std::nullopt};
}

/// The answer to a start, join or end: the call, also if the command is a repeat and a newer call
/// has begun since.
rest_reply done_reply(rest_call c, unsigned status, call::outcome done)
{
    if (!done.call && done.repeated) {
        auto& house = *c.house;
        auto const id = *done.repeated;
        std::function<void(service::completion<call::call_record>)> begin = [&house, id](auto then) {
            house.reader.get_call(id, std::move(then));
        };
        auto call = co_await service::later<call::call_record>(begin);
        if (!call) co_return problem_reply(c, base::to_errc(call.error()));
        done.call = std::move(*call);
    }
    auto reply = json_reply(status, protocol::call_json(*done.call));
    if (done.repeated) reply.headers.emplace_back("Idempotency-Replayed", "true");
    co_return reply;
}

/// A filter that no index serves, or nothing: one by one a few matches would be looked for among all
/// calls there ever were. Calls of one person or appointment are few enough for any combination.
std::optional<std::string_view> unserved(service::call_filter const& f)
{
    if (f.appointment || f.user || !f.end_reason) return std::nullopt;
    auto const ended = std::find(f.states.begin(), f.states.end(), call::call_state::ended) != f.states.end();
    if (f.kind) return "kind";
    if (!f.states.empty() && !ended) return "state";
    return std::nullopt;
}

bool took_part(call::call_record const& call, base::user_id const& user)
{
    return std::any_of(call.seats.begin(), call.seats.end(), [&](auto const& s) { return s.user == user; });
}

/// The outcome of an `end`: an admin may end what they are no member of.
service::task<call::outcome> submit_end(
    rest_call c, base::appointment_id id, std::optional<base::call_id> call, std::optional<call::command_key> key)
{
    bool const admin = c.caller.bearer->role == call::role::admin;
    call::command asked = call::commands::end_call{speaker_of(c), call, false, key};
    auto done = co_await submit(*c.house, id, asked);
    if (done || !admin || base::to_errc(done.error()) != errc::not_found) co_return done;
    call::command as_admin = call::commands::end_call{speaker_of(c), call, true, key};
    auto again = co_await submit(*c.house, id, as_admin);
    co_return again;
}

} // namespace

service::task<call::call_record> load_call(rest_call c)
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

service::task<service::page<call::call_record>> visible_calls(rest_call c, service::call_filter filter)
{
    auto& house = *c.house;
    std::function<void(service::completion<service::page<call::call_record>>)> begin = [&house, filter](auto done) {
        house.reader.list_calls(filter, std::move(done));
    };
    auto page = co_await service::later<service::page<call::call_record>>(begin);
    if (!page) co_return page;
    auto const hidden = [&](call::call_record const& call) {
        return !c.caller.sees_all() && call.appointment && !c.caller.bearer->covers(*call.appointment);
    };
    std::erase_if(page->rows, hidden);
    co_return page;
}

rest_reply start_call(rest_call c)
{
    auto const id = base::parse_appointment_id(c.captures[0]);
    if (!id || !c.caller.bearer->covers(*id)) co_return problem_reply(c, errc::not_found);
    auto const body = protocol::parse_start_call(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);

    auto const media = (*body).media ? call::to_word(*(*body).media) : std::string_view{};
    auto key = command_key_of(c, command_content("startCall", media, (*body).override_reason.value_or("")));
    if (!key) co_return refusal_reply(c, key.refusal);
    base::call_id fresh{c.house->ids.uuid(c.now())};
    call::command asked = call::commands::start_call{
        speaker_of(c), std::move(fresh), (*body).media, nullptr, std::move(*key), (*body).override_reason};
    auto done = co_await submit(*c.house, *id, asked);
    if (!done) {
        auto const why = explain(c, base::to_errc(done.error()));
        auto reply = co_await refused(c, *id, why);
        co_return reply;
    }
    unsigned const status = done->joined_existing ? 200 : 201;
    auto reply = co_await done_reply(c, status, std::move(*done));
    co_return reply;
}

rest_reply join_call(rest_call c)
{
    auto const id = base::parse_appointment_id(c.captures[0]);
    if (!id || !c.caller.bearer->covers(*id)) co_return problem_reply(c, errc::not_found);
    auto const body = protocol::parse_end_call(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);

    auto key = command_key_of(c, command_content("joinCall", text_of((*body).call)));
    if (!key) co_return refusal_reply(c, key.refusal);
    call::command asked =
        call::commands::join_call{speaker_of(c), (*body).call, nullptr, false, false, std::move(*key)};
    auto done = co_await submit(*c.house, *id, asked);
    if (!done) {
        auto const why = explain(c, base::to_errc(done.error()));
        auto reply = co_await refused(c, *id, why);
        co_return reply;
    }
    auto reply = co_await done_reply(c, 200, std::move(*done));
    co_return reply;
}

rest_reply end_call(rest_call c)
{
    auto const id = base::parse_appointment_id(c.captures[0]);
    if (!id || !c.caller.bearer->covers(*id)) co_return problem_reply(c, errc::not_found);
    auto const body = protocol::parse_end_call(c.request->body);
    if (!body) co_return refusal_reply(c, body.refusal);

    auto const key = command_key_of(c, command_content("endCall", text_of((*body).call)));
    if (!key) co_return refusal_reply(c, key.refusal);
    auto done = co_await submit_end(c, *id, (*body).call, *key);
    if (!done) co_return problem_reply(c, base::to_errc(done.error()));
    auto reply = co_await done_reply(c, 200, std::move(*done));
    co_return reply;
}

boost::asio::awaitable<ended_call> end_by_id(rest_call c)
{
    ended_call out;
    auto const body = protocol::parse_end_call(c.request->body);
    if (!body) out.refusal = refusal_reply(c, body.refusal);
    if (!body) co_return out;
    auto const key = command_key_of(c, command_content("endCall", c.captures[0]));
    if (!key) out.refusal = refusal_reply(c, key.refusal);
    if (!key) co_return out;

    auto call = co_await load_call(c);
    if (!call) out.refusal = problem_reply(c, base::to_errc(call.error()));
    if (!call) co_return out;
    if (!call->appointment) {
        out.call = std::move(*call);
        co_return out;
    }
    auto const id = *call->appointment;
    auto done = co_await submit_end(c, id, call->id, *key);
    auto const why = done ? errc::ok : base::to_errc(done.error());
    if (!done && why != errc::call_ended) out.refusal = problem_reply(c, why);
    if (!done && why != errc::call_ended) co_return out;
    out.replayed = done && done->repeated.has_value();
    out.call = done && done->call ? std::move(done->call) : std::move(*call);
    co_return out;
}

rest_reply end_call_by_id(rest_call c)
{
    auto ended = co_await end_by_id(c);
    if (!ended.call) co_return ended.refusal;
    auto reply = json_reply(200, protocol::call_json(*ended.call));
    if (ended.replayed) reply.headers.emplace_back("Idempotency-Replayed", "true");
    co_return reply;
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
    auto const asked = read_list_request(c, query);
    if (!query.ok()) co_return query.refusal();
    if (auto const why = limit_to_own(c, filter.user)) co_return problem_reply(c, *why);
    if (auto const name = unserved(filter))
        co_return invalid_query(c, *name, "needs userId or appointmentId beside endReason");

    auto const read = [c, filter](std::size_t rows_max, std::optional<std::string> after) {
        auto some = filter;
        some.rows_max = rows_max;
        some.after = std::move(after);
        return calls_page(c, std::move(some));
    };
    list_shape const shape{"calls", call_columns};
    auto reply = co_await list_reply(c, asked, shape, read);
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
    query_reader query(c);
    auto const asked = read_list_request(c, query);
    if (!query.ok()) co_return query.refusal();
    auto call = co_await load_call(c);
    if (!call) co_return problem_reply(c, base::to_errc(call.error()));
    auto const read = [c, id = call->id](std::size_t, std::optional<std::string>) { return events_page(c, id); };
    list_shape const shape{"call-events", event_columns};
    auto reply = co_await list_reply(c, asked, shape, read);
    co_return reply;
}

} // namespace rendezvous::net
