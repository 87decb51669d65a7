#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <sqlite3.h>
#include <string>

namespace rendezvous::store_tests {

/// The disk of every SQLite connection that is opened while it lives: real files, but operations
/// fail when told, and it knows what a power loss would leave of each file. Thread: any.
class faulty_disk {
public:
    enum operation : unsigned { reading = 1, writing = 2, syncing = 4, truncating = 8, mapping = 16, all = 31 };

    faulty_disk();
    faulty_disk(faulty_disk const&) = delete;
    faulty_disk& operator=(faulty_disk const&) = delete;
    /// All connections must be closed.
    ~faulty_disk();

    /// Of the operations of these kinds from now on, the first `good` work; the `count` behind them
    /// answer `code` (an extended SQLite result code).
    void fail(unsigned kinds, int code, std::size_t good = 0, std::size_t count = ~std::size_t{0});
    void heal() { fail(0, SQLITE_OK); }
    /// Operations of those kinds since `fail`, failed ones included.
    std::size_t seen() const;
    /// Puts what a power loss now would leave of the files of `folder` into `into`: what was synced.
    /// What a failed sync was for is lost, whatever a later one says.
    void lose_power(std::filesystem::path const& folder, std::filesystem::path const& into) const;

    // For the file methods.
    int judge(operation kind);
    void note_write(std::string const& file, sqlite3_int64 at, int bytes);
    void note_sync(std::string const& file, bool done);
    void note_truncate(std::string const& file);
    void note_open(std::string const& file);
    void note_delete(std::string const& file);

private:
    struct kept_file {
        std::string durable;
        std::set<sqlite3_int64> dirty; ///< pages of 4 KiB written since the last sync
    };

    mutable std::mutex guard_;
    unsigned kinds_ = 0;
    int code_ = SQLITE_OK;
    std::size_t good_ = 0, count_ = 0, seen_ = 0;
    std::map<std::string, kept_file> files_;
    sqlite3_vfs vfs_{};
};

} // namespace rendezvous::store_tests
