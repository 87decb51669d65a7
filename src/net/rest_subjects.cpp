#include "account.hpp"
#include "audit_items.hpp"
#include "rendezvous/net/doors.hpp"
#include "rendezvous/protocol/error_map.hpp"
#include "session_table.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

// A person's rights: export of everything that mentions them, and erasure.

namespace rendezvous::net {
namespace {

using base::errc;

constexpr std::size_t pseudonym_bytes = 12;

service::task<service::subject_record> load(session_context& house, base::user_id user)
{
    std::function<void(service::completion<service::subject_record>)> begin = [&house, user](auto done) {
        house.subjects->export_subject(user, std::move(done));
    };
    auto got = co_await service::later<service::subject_record>(begin);
    co_return got;
}

service::task<service::room_status> look(session_context& house, base::appointment_id id)
{
    std::function<void(service::completion<service::room_status>)> begin = [&house, id](auto done) {
        house.calls.describe(id, std::nullopt, std::move(done));
    };
    auto got = co_await service::later<service::room_status>(begin);
    co_return got;
}

/// Puts the pseudonym in the person's place, as a write of the booking system would: their sockets
/// and their seat in a running call end with it, and the room has no name left to write again.
call::command renamed(
    session_context& house, call::appointment const& a, base::user_id const& user, base::user_id const& pseudonym)
{
    call::commands::put_appointment asked;
    asked.id = a.id;
    asked.capacity = a.capacity;
    asked.members.emplace();
    for (auto const& m : a.members) {
        bool const them = m.user == user;
        base::participant_id fresh{house.ids.uuid(house.clock.now().utc)};
        asked.members->push_back(
            {them ? pseudonym : m.user, m.role, them ? "" : m.name, them ? std::nullopt : m.locale, std::move(fresh)});
    }
    return asked;
}

service::task<void> leave_rooms(session_context& house, base::user_id user, base::user_id pseudonym)
{
    std::function<void(service::completion<std::vector<base::appointment_id>>)> begin = [&house, user](auto done) {
        house.subjects->appointments_of(user, std::move(done));
    };
    auto rooms = co_await service::later<std::vector<base::appointment_id>>(begin);
    if (!rooms) co_return rooms.error();
    for (auto const& id : *rooms) {
        auto status = co_await look(house, id);
        if (!status && base::to_errc(status.error()) == errc::not_found) continue;
        if (!status) co_return status.error();
        auto const asked = renamed(house, status->view.appointment, user, pseudonym);
        auto done = co_await submit(house, id, asked);
        if (!done) co_return done.error();
        call::command const forgetting = call::commands::forget_person{user, pseudonym};
        auto forgotten = co_await submit(house, id, forgetting);
        if (!forgotten) co_return forgotten.error();
    }
    co_return base::result<void>{};
}

service::task<service::erasure_report> erase(session_context& house, base::user_id user, service::audit_entry by)
{
    base::user_id const pseudonym{"erased-" + house.ids.secret(pseudonym_bytes)};
    auto left = co_await leave_rooms(house, user, pseudonym);
    if (!left) co_return left.error();
    std::function<void(service::completion<service::erasure_report>)> begin = [&house, user, pseudonym, by](auto done) {
        house.subjects->erase_subject(user, pseudonym, by, std::move(done));
    };
    auto report = co_await service::later<service::erasure_report>(begin);
    close_user(house, user, protocol::close_codes::removed);
    co_return report;
}

} // namespace

rest_reply export_subject(rest_call c)
{
    auto const user = base::parse_user_id(c.captures[0]);
    if (!user) co_return problem_reply(c, errc::not_found);
    c.note->subject = *user;
    auto got = co_await load(*c.house, *user);
    if (!got) co_return problem_reply(c, base::to_errc(got.error()));
    co_return json_reply(200, protocol::subject_json(item_of(*got)));
}

rest_reply erase_subject(rest_call c)
{
    auto const user = base::parse_user_id(c.captures[0]);
    if (!user) co_return problem_reply(c, errc::not_found);
    service::audit_entry by;
    by.at = c.now();
    by.actor = c.caller.api_key ? service::actor_kind::api_key : service::actor_kind::user;
    by.actor_id = c.caller.api_key ? c.caller.key_name : c.caller.bearer->user.str();
    by.action = "subject.erase";
    by.subject = *user;
    by.outcome = "ok";
    by.ip_prefix = ip_prefix(c.request->remote_ip);
    by.request_id = c.request->request_id;
    auto report = co_await erase(*c.house, *user, by);
    if (!report) co_return problem_reply(c, base::to_errc(report.error()));
    c.note->written = true;
    co_return json_reply(200, protocol::erasure_json(item_of(*report), c.now()));
}

void export_person(session_context& house, base::user_id user, service::completion<std::string> done)
{
    house.subjects->export_subject(user, [done = std::move(done)](base::result<service::subject_record> got) {
        if (!got) return done(base::to_errc(got.error()));
        done(protocol::subject_json(item_of(*got)));
    });
}

void erase_person(
    session_context& house, base::user_id user, service::audit_entry by, service::completion<std::string> done)
{
    auto const at = by.at;
    auto work = [](session_context& where, base::user_id who, service::audit_entry entry, base::utc_time when,
                    service::completion<std::string> answer) -> boost::asio::awaitable<void> {
        auto report = co_await erase(where, who, entry);
        if (!report)
            answer(base::to_errc(report.error()));
        else
            answer(protocol::erasure_json(item_of(*report), when));
    };
    boost::asio::co_spawn(house.shards.context(0), work(house, std::move(user), std::move(by), at, std::move(done)),
        boost::asio::detached);
}

} // namespace rendezvous::net
