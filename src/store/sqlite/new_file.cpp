#include "new_file.hpp"

#include "database.hpp"
#include "rendezvous/base/log.hpp"
#include "rendezvous/store/open.hpp"

#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace rendezvous::store::sqlite {
namespace {

namespace fs = std::filesystem;

fs::path beside(fs::path const& file, char const* suffix)
{
    return file.string() + suffix;
}

/// Below the size of the smallest page SQLite sees no database and would begin a new one.
constexpr std::uintmax_t database_bytes_min = 512;

bool has_content(fs::path const& file, std::uintmax_t bytes_min)
{
    std::error_code missing;
    auto const bytes = fs::file_size(file, missing);
    return !missing && bytes >= bytes_min;
}

[[noreturn]] void refuse(fs::path const& file, std::string const& why)
{
    throw open_error(open_error::kind::failed, "database " + file.string() + why);
}

void sync(fs::path const& what)
{
    int const descriptor = ::open(what.c_str(), O_RDONLY | O_CLOEXEC);
    bool const synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    int const error = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (!synced) refuse(what, ": " + std::generic_category().message(error));
}

} // namespace

void make_new_file(fs::path const& file)
{
    std::error_code unknown;
    if (fs::exists(file, unknown)) {
        if (fs::is_regular_file(file, unknown) && !has_content(file, database_bytes_min))
            refuse(file, " is empty or cut off: put a backup in its place, or remove it to begin anew");
        return;
    }
    if (has_content(beside(file, "-wal"), 1))
        refuse(file, " is missing, but its log (-wal) is there: put it back, or remove the log to begin anew");
    auto const fresh = beside(file, ".new");
    for (auto const* const left : {"", "-wal", "-shm", "-journal"}) fs::remove(beside(fresh, left), unknown);
    make_private_file(fresh);
    {
        connection db(fresh, false);
        configure(db); // writes the first page
    }
    sync(fresh);
    fs::rename(fresh, file, unknown);
    if (unknown) refuse(file, ": " + unknown.message());
    sync(file.has_parent_path() ? file.parent_path() : fs::path("."));
    base::log::info("store_created");
}

} // namespace rendezvous::store::sqlite
