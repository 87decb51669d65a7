#pragma once

#include "rendezvous/base/clock.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::store {

/// One numbered step of the schema: `0001_calls.sql`, then the engine's own part
/// `0001_calls.sqlite.sql` if there is one. One of the two is enough.
struct migration {
    unsigned version = 0;
    std::string name;   ///< `0001_calls`
    std::string sha256; ///< of the text below, hex
    std::string script;
};

/// A row of `schema_migrations`.
struct applied_migration {
    unsigned version = 0;
    std::string name;
    std::string sha256;
};

/// The database that is brought up to date. Functions throw what its adapter throws.
class migration_target {
public:
    virtual ~migration_target() = default;
    /// Creates `schema_migrations` if it is missing.
    virtual void prepare() = 0;
    virtual std::vector<applied_migration> applied() = 0;
    /// Runs the script and writes its row, in one transaction.
    virtual void apply(migration const& step, base::utc_time now) = 0;
};

/// All migrations of the folder for `engine` (`sqlite`), by number: 1, 2, 3... without a gap.
/// Errors: throws open_error (configuration) for a missing folder, a gap or a doubled number.
std::vector<migration> read_migrations(std::filesystem::path const& folder, std::string_view engine);

/// Applies what is missing; the version reached. Nothing is changed in a database that is newer
/// than `known` or whose applied migrations differ from it: throws open_error (schema).
unsigned migrate(migration_target& target, std::vector<migration> const& known, base::utc_time now);

} // namespace rendezvous::store
