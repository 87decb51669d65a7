#include "sqlite_backend.hpp"

#include "../audit_of.hpp"
#include "backup.hpp"
#include "chain_retention.hpp"
#include "fact_writer.hpp"
#include "rendezvous/base/log.hpp"
#include "rendezvous/store/retention.hpp"

#include <sqlite3.h>
#include <system_error>
#include <utility>

namespace rendezvous::store::sqlite {

using base::errc;

namespace {

constexpr std::uintmax_t log_bytes_max = 16u << 20;
constexpr base::milliseconds log_look_interval{1'000};

} // namespace

sqlite_backend::sqlite_backend(std::filesystem::path const& file, std::filesystem::path const& migrations_dir,
    base::clock const& clock, std::string boot_id)
    : base_(file, migrations_dir, clock.now().utc),
      db_(base_.db()),
      reads_(db_, boot_id),
      chain_(db_),
      outbox_(db_),
      audit_(db_),
      clock_(clock),
      log_file_(file.string() + "-wal"),
      boot_id_(std::move(boot_id))
{}

/// Lost races are ordinary; a row that breaks another rule of the schema is a bug of ours.
errc sqlite_backend::note(failure const& e)
{
    auto const error = e.error();
    if (error == errc::store_unavailable) trouble_ = "sqlite " + std::to_string(e.code()) + ": " + e.what();
    bool const ordinary = e.code() == SQLITE_CONSTRAINT_UNIQUE || e.code() == SQLITE_CONSTRAINT_PRIMARYKEY
                          || e.code() == SQLITE_CONSTRAINT_FOREIGNKEY;
    if (error == errc::internal || (e.is_constraint() && !ordinary))
        base::log::error("store_row_refused", {{"code", e.code()}, {"problem", e.what()}});
    return error;
}

result<void> sqlite_backend::attempt_exec(char const* sql)
{
    try {
        db_.run(sql);
        return {};
    } catch (failure const& e) {
        return note(e);
    }
}

result<void> sqlite_backend::begin()
{
    if (auto begun = attempt_exec("BEGIN IMMEDIATE"); !begun) return begun;
    auto const loaded = attempt([&] { return chain_.load(), audit_.load(), true; });
    if (!loaded) return loaded.error();
    return {};
}

result<void> sqlite_backend::commit()
{
    auto done = attempt_exec("COMMIT");
    if (done) {
        bound_log();
        return done;
    }
    rollback();
    // If only the fsync failed, the log already holds the commit, and a crash before the next write
    // would bring it back. Emptying the log makes "not stored" true for good; on a disk that is
    // beyond even that, the next commit overwrites it.
    sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    return errc::store_unavailable;
}

/// Readers of other processes keep the log from being emptied; with one behind the other it would
/// grow without end. So from a certain length on, now and then, new ones are held off until those
/// that read now are done, for as long as a lock is waited for.
void sqlite_backend::bound_log()
{
    auto const now = clock_.now().boot;
    if (now < log_looked_at_) return;
    log_looked_at_ = now + log_look_interval;
    auto const too_long = [this] {
        std::error_code unknown;
        auto const bytes = std::filesystem::file_size(log_file_, unknown);
        return !unknown && bytes > log_bytes_max;
    };
    bool was_long = std::exchange(log_long_, too_long());
    if (log_long_) {
        sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
        log_long_ = too_long();
    }
    if (log_long_ && !was_long) base::log::warn("store_log_long", {{"problem", "another process reads without end"}});
    if (!log_long_ && was_long) base::log::info("store_log_short");
}

void sqlite_backend::rollback() noexcept
{
    chain_.forget();
    audit_.forget();
    if (db_.in_transaction()) sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

result<void> sqlite_backend::begin_part()
{
    part_mark_ = chain_.mark();
    audit_mark_ = audit_.mark();
    return attempt_exec("SAVEPOINT part");
}

result<void> sqlite_backend::keep_part()
{
    return attempt_exec("RELEASE part");
}

result<void> sqlite_backend::drop_part()
{
    chain_.go_back(part_mark_);
    audit_.go_back(audit_mark_);
    if (auto back = attempt_exec("ROLLBACK TO part"); !back) return back;
    return attempt_exec("RELEASE part");
}

result<void> sqlite_backend::apply(call::fact const& happened)
{
    try {
        auto const known = outbox_.look_up(happened);
        auto const outcome = std::visit(fact_writer(db_, clock_.now().utc, boot_id_), happened);
        if (outcome != errc::ok) return outcome;
        if (auto const event = event_of(happened)) chain_.add(*event);
        for (auto const& told : outbox_of(happened, known)) outbox_.add(told);
        if (auto const entry = audit_of(happened)) audit_.add(*entry);
        return {};
    } catch (failure const& e) {
        return note(e);
    }
}

result<call::room_record> sqlite_backend::load_room(base::appointment_id const& id, base::utc_time now)
{
    return attempt([&] {
        auto out = reads_.room(id);
        out.done = reads_.done_commands(id, now - retention::done_commands);
        return out;
    });
}

result<std::vector<base::appointment_id>> sqlite_backend::open_rooms(
    base::appointment_id const& after, std::size_t rows_max)
{
    return attempt([&] { return reads_.open_rooms(after, rows_max); });
}

result<std::vector<base::appointment_id>> sqlite_backend::unjudged(base::utc_time now, std::size_t rows_max)
{
    return attempt([&] { return reads_.unjudged(now, rows_max); });
}

result<chunk<call::call_record>> sqlite_backend::list_calls(
    service::call_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max)
{
    return attempt([&] { return reads_.list_calls(filter, before, rows_max); });
}

result<chunk<call::room_record>> sqlite_backend::list_appointments(
    service::appointment_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max)
{
    return attempt([&] { return reads_.list_appointments(filter, before, rows_max); });
}

result<call::call_record> sqlite_backend::get_call(base::call_id const& id)
{
    auto found = attempt([&] { return reads_.call(id); });
    if (!found) return found.error();
    if (!*found) return errc::not_found;
    return std::move(**found);
}

result<std::vector<service::call_event_row>> sqlite_backend::list_call_events(
    base::call_id const& id, std::uint64_t after, std::size_t rows_max)
{
    return attempt([&] { return reads_.events(id, after, rows_max); });
}

result<std::vector<chain_row>> sqlite_backend::chain_rows(std::uint64_t after, std::size_t rows_max)
{
    return attempt([&] { return reads_.chain(after, rows_max); });
}

/// Each part finds its rows along an index by time, oldest first.
result<std::size_t> sqlite_backend::sweep(base::utc_time now, std::size_t rows_max)
{
    return attempt([&] {
        db_.run("BEGIN IMMEDIATE");
        auto count = db_.run("DELETE FROM done_commands WHERE rowid IN"
                             " (SELECT rowid FROM done_commands WHERE at <= $1 ORDER BY at LIMIT $2)",
            now - retention::done_commands, rows_max);
        count += db_.run("DELETE FROM call_stats WHERE rowid IN"
                         " (SELECT rowid FROM call_stats WHERE at <= $1 ORDER BY at LIMIT $2)",
            now - retention::call_stats, rows_max - count);
        count += sweep_credentials(now, rows_max - count);
        count += outbox_.sweep(now, rows_max - count);
        count += drop_old_audit(db_, now, rows_max - count);
        db_.run("COMMIT");
        bound_log();
        return count;
    });
}

result<std::unique_ptr<copy_job>> sqlite_backend::start_backup(std::filesystem::path const& target)
{
    try {
        return make_backup(db_, target);
    } catch (failure const& e) {
        return note(e);
    }
}

} // namespace rendezvous::store::sqlite
