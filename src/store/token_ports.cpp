#include "read_jobs.hpp"

#include <memory>
#include <utility>

namespace rendezvous::store {

using service::completion;

void store_thread::put_token(service::token_row row, completion<void> done)
{
    push_write([row = std::move(row)](backend& records) { return records.put_token(row); }, std::move(done));
}

void store_thread::revoke(service::revocation what, completion<service::revocation> done)
{
    auto const kept = std::make_shared<service::revocation>();
    auto const work = [what = std::move(what), kept](backend& records) -> result<void> {
        auto stored = records.revoke(what);
        if (!stored) return stored.error();
        *kept = std::move(*stored);
        return {};
    };
    auto const answer = [kept, done = std::move(done)](result<void> stored) {
        if (stored)
            done(*kept);
        else
            done(stored.error());
    };
    push_write(work, answer);
}

void store_thread::list_revocations(
    base::utc_time now, std::size_t rows_max, completion<std::vector<service::revocation>> done)
{
    push_read(make_single(
        std::move(done), [now, rows_max](backend& records) { return records.list_revocations(now, rows_max); }));
}

void store_thread::take_pin_try(std::string invite_id, completion<unsigned> done)
{
    auto const left = std::make_shared<unsigned>(0);
    auto const work = [id = std::move(invite_id), left](backend& records) -> result<void> {
        auto const taken = records.take_pin_try(id);
        if (!taken) return taken.error();
        *left = *taken;
        return {};
    };
    auto const answer = [left, done = std::move(done)](result<void> stored) {
        if (stored)
            done(*left);
        else
            done(stored.error());
    };
    push_write(work, answer);
}

void store_thread::redeem_invite(std::string invite_id, service::token_row given, completion<void> done)
{
    auto const work = [id = std::move(invite_id), given = std::move(given)](
                          backend& records) { return records.redeem_invite(id, given); };
    push_write(work, std::move(done));
}

void store_thread::reissue_invite(base::appointment_id id, std::string invite_id, std::string hash,
    std::optional<base::utc_time> expires_at, completion<service::invite_row> done)
{
    auto const row = std::make_shared<service::invite_row>();
    auto const work = [id = std::move(id), invite_id = std::move(invite_id), hash = std::move(hash), expires_at, row](
                          backend& records) -> result<void> {
        auto stored = records.reissue_invite(id, invite_id, hash, expires_at);
        if (!stored) return stored.error();
        *row = std::move(*stored);
        return {};
    };
    auto const answer = [row, done = std::move(done)](result<void> stored) {
        if (stored)
            done(*row);
        else
            done(stored.error());
    };
    push_write(work, answer);
}

} // namespace rendezvous::store
