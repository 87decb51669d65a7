#include "database.hpp"

#include "new_file.hpp"
#include "rendezvous/store/open.hpp"

#include <sqlite3.h>
#include <system_error>

namespace rendezvous::store::sqlite {
namespace {

/// Short, because the store's thread waits in it: the retries of `store_thread` do the rest.
constexpr int busy_timeout_ms = 100;

/// A log that could be emptied is cut to this; 1,000 pages are written between two checkpoints.
constexpr int log_bytes_kept = 4 << 20;

/// Above this, looking at every page would hold up a start for seconds.
constexpr std::uintmax_t checked_bytes_max = 256u << 20;

std::string pragma(connection& db, std::string const& name)
{
    auto ready = db.prepare("PRAGMA " + name);
    return ready.step() ? ready.text(0) : std::string{};
}

/// Before anything is written into it.
void refuse_foreign(connection& db)
{
    auto found = db.prepare("SELECT COUNT(*), COALESCE(SUM(name = 'schema_migrations'), 0) FROM sqlite_master"
                            " WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
    found.step();
    if (found.integer(0) > 0 && found.integer(1) == 0) throw failure(SQLITE_NOTADB, "it belongs to another program");
}

/// SQLite itself finds a damaged page only when somebody needs it.
void refuse_damaged(connection& db, std::filesystem::path const& file)
{
    std::error_code unknown;
    if (std::filesystem::file_size(file, unknown) > checked_bytes_max || unknown) return;
    auto const found = pragma(db, "quick_check(1)");
    if (found != "ok") throw failure(SQLITE_CORRUPT, "it is damaged, restore a backup (" + found + ")");
}

} // namespace

void configure(connection& db)
{
    db.exec("PRAGMA busy_timeout=" + std::to_string(busy_timeout_ms));
    db.exec("PRAGMA secure_delete=ON; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;");
    db.exec("PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=" + std::to_string(log_bytes_kept));
    // A pragma that does not apply is ignored without an error.
    if (pragma(db, "journal_mode") != "wal" || pragma(db, "foreign_keys") != "1" || pragma(db, "secure_delete") != "1"
        || pragma(db, "synchronous") != "2")
        throw open_error(open_error::kind::failed, "SQLite does not offer WAL, foreign keys and secure_delete here");
}

void sqlite_target::prepare()
{
    db_.exec("CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL,"
             " sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)");
}

std::vector<applied_migration> sqlite_target::applied()
{
    auto ready = db_.prepare("SELECT version, name, sha256 FROM schema_migrations ORDER BY version");
    std::vector<applied_migration> out;
    while (ready.step()) out.push_back({static_cast<unsigned>(ready.integer(0)), ready.text(1), ready.text(2)});
    return out;
}

void sqlite_target::apply(migration const& step, base::utc_time now)
{
    try {
        db_.exec("BEGIN IMMEDIATE");
        db_.exec(step.script);
        db_.run("INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES ($1, $2, $3, $4)",
            step.version, step.name, step.sha256, now);
        db_.exec("COMMIT");
    } catch (failure const& e) {
        if (db_.in_transaction()) db_.exec("ROLLBACK");
        throw open_error(open_error::kind::failed, "migration " + step.name + ": " + e.what());
    }
}

database::database(std::filesystem::path const& file, std::filesystem::path const& migrations_dir, base::utc_time now)
try : lock_(file), db_((make_new_file(file), make_private_file(file), file), false) {
    refuse_foreign(db_);
    configure(db_);
    refuse_damaged(db_, file);
    sqlite_target target(db_);
    version_ = migrate(target, read_migrations(migrations_dir, "sqlite"), now);
} catch (failure const& e) {
    throw open_error(open_error::kind::failed, "database " + file.string() + ": " + e.what());
}

} // namespace rendezvous::store::sqlite
