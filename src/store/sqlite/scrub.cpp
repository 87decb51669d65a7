#include "scrub.hpp"

#include "rendezvous/base/log.hpp"

#include <algorithm>
#include <sqlite3.h>

namespace rendezvous::store::sqlite {
namespace {

constexpr std::int64_t slice_bytes = 1 << 20;
/// Shorter ones stand in any file by chance.
constexpr std::size_t needle_bytes_min = 4;
/// Other processes that read hold the log up; each attempt waits as long as a lock is waited for.
constexpr unsigned attempts_max = 50;
/// Up to here the copy is made in memory, beyond in a file that has no name.
constexpr std::int64_t copy_in_memory_max = 64 << 20;

/// The file as SQLite has opened it: closing another descriptor of it would drop SQLite's locks.
sqlite3_file* file_of(connection& db)
{
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return nullptr;
    return file && file->pMethods ? file : nullptr;
}

} // namespace

scrub::scrub(connection& db, std::vector<std::string> needles) : db_(db), needles_(std::move(needles))
{
    std::erase_if(needles_, [](std::string const& each) { return each.size() < needle_bytes_min; });
    for (auto const& each : needles_) overlap_ = std::max(overlap_, static_cast<std::int64_t>(each.size()) - 1);
}

bool scrub::empty_log()
{
    return sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) == SQLITE_OK;
}

bool scrub::find_in_next_slice()
{
    auto* const file = file_of(db_);
    if (!file) throw failure(SQLITE_IOERR, "the file cannot be read");
    auto const from = std::max<std::int64_t>(read_ - overlap_, 0);
    auto const bytes = std::min(slice_bytes + overlap_, size_ - from);
    window_.resize(static_cast<std::size_t>(bytes));
    auto const code = file->pMethods->xRead(file, window_.data(), static_cast<int>(bytes), from);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) throw failure(code, "the file cannot be read");
    read_ = from + bytes;
    return std::any_of(needles_.begin(), needles_.end(),
        [this](std::string const& each) { return window_.find(each) != std::string::npos; });
}

void scrub::rewrite()
{
    base::log::info("store_rewritten", {{"why", "remnants of an erased person"}});
    if (size_ > copy_in_memory_max) db_.exec("PRAGMA temp_store=FILE");
    try {
        db_.exec("VACUUM");
    } catch (failure const&) {
        db_.exec("PRAGMA temp_store=MEMORY");
        throw;
    }
    db_.exec("PRAGMA temp_store=MEMORY");
    rewritten_ = true;
    log_emptied_ = false;
    attempts_ = 0;
}

base::result<bool> scrub::step()
{
    try {
        if (!log_emptied_) {
            log_emptied_ = empty_log();
            if (!log_emptied_ && ++attempts_ >= attempts_max) return base::errc::store_unavailable;
            auto* const file = file_of(db_);
            sqlite3_int64 size = 0;
            if (!file || file->pMethods->xFileSize(file, &size) != SQLITE_OK) return base::errc::store_unavailable;
            size_ = size;
            return log_emptied_ && (needles_.empty() || rewritten_);
        }
        if (find_in_next_slice()) {
            rewrite();
            return false;
        }
        return read_ >= size_;
    } catch (failure const& e) {
        base::log::error("store_rewrite_failed", {{"code", e.code()}, {"problem", e.what()}});
        return e.error();
    }
}

} // namespace rendezvous::store::sqlite
