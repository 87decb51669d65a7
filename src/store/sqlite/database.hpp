#pragma once

#include "../migrator.hpp"
#include "connection.hpp"
#include "file_lock.hpp"

#include <filesystem>

namespace rendezvous::store::sqlite {

/// The pragmas of every connection that writes our records.
void configure(connection& db);

/// How the migrator sees SQLite.
class sqlite_target final : public migration_target {
public:
    explicit sqlite_target(connection& db) : db_(db) {}
    void prepare() override;
    std::vector<applied_migration> applied() override;
    void apply(migration const& step, base::utc_time now) override;

private:
    connection& db_;
};

/// The database file: locked, private, configured and migrated, with the one connection to it.
/// Errors: the constructor throws open_error.
class database {
public:
    database(std::filesystem::path const& file, std::filesystem::path const& migrations_dir, base::utc_time now);

    connection& db() noexcept { return db_; }
    unsigned schema_version() const noexcept { return version_; }

private:
    file_lock lock_;
    connection db_;
    unsigned version_ = 0;
};

} // namespace rendezvous::store::sqlite
