#include "read_jobs.hpp"

#include <utility>

namespace rendezvous::store {

using service::completion;

void store_thread::append(std::vector<call::fact> facts, completion<void> done)
{
    auto const work = [facts = std::move(facts)](backend& records) -> result<void> {
        for (auto const& happened : facts)
            if (auto stored = records.apply(happened); !stored) return stored;
        return {};
    };
    push_write(work, std::move(done));
}

void store_thread::load_room(base::appointment_id id, completion<call::room_record> done)
{
    push_read(make_single(std::move(done),
        [id = std::move(id), &clock = clock_](backend& records) { return records.load_room(id, clock.now().utc); }));
}

void store_thread::open_rooms(completion<std::vector<base::appointment_id>> done)
{
    push_read(make_open_rooms(std::move(done)));
}

void store_thread::unjudged(
    base::utc_time now, std::size_t rows_max, completion<std::vector<base::appointment_id>> done)
{
    push_read(
        make_single(std::move(done), [now, rows_max](backend& records) { return records.unjudged(now, rows_max); }));
}

void store_thread::list_calls(service::call_filter filter, completion<service::page<call::call_record>> done)
{
    push_read(make_list(std::move(filter), std::move(done)));
}

void store_thread::get_call(base::call_id id, completion<call::call_record> done)
{
    push_read(make_single(std::move(done), [id = std::move(id)](backend& records) { return records.get_call(id); }));
}

void store_thread::list_call_events(base::call_id id, completion<std::vector<service::call_event_row>> done)
{
    push_read(make_events(std::move(id), std::move(done)));
}

void store_thread::list_appointments(
    service::appointment_filter filter, completion<service::page<service::appointment_row>> done)
{
    push_read(make_list(std::move(filter), std::move(done)));
}

void store_thread::put_api_key(service::api_key_row row, completion<void> done)
{
    push_write([row = std::move(row)](backend& records) { return records.put_api_key(row); }, std::move(done));
}

void store_thread::revoke_api_keys(std::string name, base::utc_time at, completion<std::size_t> done)
{
    auto const count = std::make_shared<std::size_t>(0);
    auto const work = [name = std::move(name), at, count](backend& records) -> result<void> {
        auto const revoked = records.revoke_api_keys(name, at);
        if (!revoked) return revoked.error();
        *count = *revoked;
        return {};
    };
    auto const answer = [count, done = std::move(done)](result<void> stored) {
        if (stored)
            done(*count);
        else
            done(stored.error());
    };
    push_write(work, answer);
}

void store_thread::list_api_keys(completion<std::vector<service::api_key_row>> done)
{
    push_read(make_single(std::move(done), [](backend& records) { return records.list_api_keys(); }));
}

void store_thread::find_api_key(std::string hash, completion<service::api_key_row> done)
{
    push_read(make_single(
        std::move(done), [hash = std::move(hash)](backend& records) { return records.find_api_key(hash); }));
}

void store_thread::put_invite(service::invite_row row, completion<void> done)
{
    push_write([row = std::move(row)](backend& records) { return records.put_invite(row); }, std::move(done));
}

void store_thread::find_invite(std::string hash, completion<service::invite_row> done)
{
    push_read(
        make_single(std::move(done), [hash = std::move(hash)](backend& records) { return records.find_invite(hash); }));
}

void store_thread::list_invites(base::appointment_id id, completion<std::vector<service::invite_row>> done)
{
    push_read(make_single(std::move(done),
        [id = std::move(id)](backend& records) { return records.list_invites(id, base::limits::page_rows_max); }));
}

void store_thread::revoke_invite(
    base::appointment_id id, std::string invite_id, base::utc_time at, completion<void> done)
{
    auto const work = [id = std::move(id), invite_id = std::move(invite_id), at](
                          backend& records) { return records.revoke_invite(id, invite_id, at); };
    push_write(work, std::move(done));
}

void store_thread::backup(std::filesystem::path target, completion<void> done)
{
    push_read(make_backup(std::move(target), std::move(done)));
}

void store_thread::verify_chain(completion<chain_report> done, chain_kind chain)
{
    {
        std::lock_guard const lock(guard_);
        audit_.hurry();
    }
    push_read(make_verify(chain, std::move(done)));
}

} // namespace rendezvous::store
