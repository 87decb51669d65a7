#include "backup.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace rendezvous::store::sqlite {
namespace {

constexpr int pages_per_step = 64;

boost::system::error_code last_error()
{
    return {errno, boost::system::generic_category()};
}

/// The file of the copy; deleted again unless it is moved to its place.
class partial_file {
public:
    partial_file(std::filesystem::path file, int descriptor) : file_(std::move(file)), descriptor_(descriptor) {}
    partial_file(partial_file const&) = delete;
    partial_file& operator=(partial_file const&) = delete;
    ~partial_file()
    {
        ::close(descriptor_);
        if (!moved_) ::unlink(file_.c_str());
    }
    std::filesystem::path const& path() const { return file_; }
    bool flush() const { return ::fdatasync(descriptor_) == 0; }

    /// Refuses an existing target, unlike rename(2).
    result<void> move_to(std::filesystem::path const& target)
    {
        if (::fsync(descriptor_) != 0) return last_error();
        if (::renameat2(AT_FDCWD, file_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) return last_error();
        moved_ = true;
        auto const folder = target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
        int const directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) return last_error();
        bool const synced = ::fsync(directory) == 0;
        auto const error = last_error();
        ::close(directory);
        if (!synced) return error;
        return {};
    }

private:
    std::filesystem::path file_;
    int descriptor_;
    bool moved_ = false;
};

class backup final : public copy_job {
public:
    backup(connection& source, std::unique_ptr<partial_file> file, std::filesystem::path target)
        : file_(std::move(file)),
          copy_(std::make_unique<connection>(file_->path(), false)),
          target_(std::move(target))
    {
        // An unfinished copy is worth nothing, so it needs no journal; what is finished is synced below.
        copy_->exec("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF");
        job_ = sqlite3_backup_init(copy_->handle(), "main", source.handle(), "main");
        if (!job_) throw failure(sqlite3_extended_errcode(copy_->handle()), sqlite3_errmsg(copy_->handle()));
    }
    ~backup() override { sqlite3_backup_finish(job_); }

    result<bool> step() override
    {
        int const code = sqlite3_backup_step(job_, pages_per_step);
        // Little by little, so that the last sync has little left to do.
        if (!file_->flush()) return {boost::system::in_place_error, last_error()};
        if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) return false;
        int const finished = sqlite3_backup_finish(job_);
        job_ = nullptr;
        if (code != SQLITE_DONE || finished != SQLITE_OK) return base::errc::store_unavailable;
        copy_.reset();
        auto const moved = file_->move_to(target_);
        if (!moved) return {boost::system::in_place_error, moved.error()};
        return true;
    }

private:
    std::unique_ptr<partial_file> file_;
    std::unique_ptr<connection> copy_;
    std::filesystem::path target_;
    sqlite3_backup* job_ = nullptr;
};

} // namespace

result<std::unique_ptr<copy_job>> make_backup(connection& source, std::filesystem::path const& target)
{
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::symlink_status(target, ignored)))
        return boost::system::error_code(EEXIST, boost::system::generic_category());
    auto partial = target;
    partial += ".partial";
    // What a copy that was cut off has left; O_EXCL below refuses to follow a link put in its place.
    ::unlink(partial.c_str());
    int const descriptor = ::open(partial.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) return last_error();
    auto file = std::make_unique<partial_file>(partial, descriptor);
    return std::unique_ptr<copy_job>(std::make_unique<backup>(source, std::move(file), target));
}

} // namespace rendezvous::store::sqlite
