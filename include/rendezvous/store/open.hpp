#pragma once

#include "rendezvous/base/clock.hpp"
#include "rendezvous/store/store_thread.hpp"

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace rendezvous::store {

/// Why a store could not be opened; one line for the operator in `what()`.
class open_error : public std::runtime_error {
public:
    enum class kind {
        configuration, ///< the URL or the migrations folder is wrong: exit code 78
        in_use,        ///< another process holds the database: exit code 1
        schema,        ///< newer than this program, or a migration was changed: exit code 1
        failed,        ///< the file or the database said no: exit code 1
    };
    open_error(kind why, std::string const& line) : std::runtime_error(line), why_(why) {}
    kind why() const noexcept { return why_; }

private:
    kind why_;
};

/// Opens the store of `[storage] url`, applies the migrations that are missing and starts its
/// thread. `sqlite:PATH`: creates the file (mode 0600, its folder too, mode 0700) and holds
/// `flock` on `PATH.lock` until the store is gone. `clock` must outlive the store. Boot times that
/// were stored under another boot than `boot_id` are not given out.
/// Errors: throws open_error.
std::unique_ptr<store_thread> open_store(std::string const& storage_url, std::filesystem::path const& migrations_dir,
    base::clock const& clock, std::string const& boot_id = base::boot_id());

/// A store that keeps everything in memory, for tests and the simulation.
std::unique_ptr<store_thread> open_memory_store(base::clock const& clock);

} // namespace rendezvous::store
