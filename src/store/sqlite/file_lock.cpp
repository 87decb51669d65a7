#include "file_lock.hpp"

#include "rendezvous/store/open.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace rendezvous::store::sqlite {
namespace {

[[noreturn]] void refuse(std::string const& what, std::filesystem::path const& file, int error)
{
    throw open_error(
        open_error::kind::failed, what + " " + file.string() + ": " + std::generic_category().message(error));
}

} // namespace

file_lock::file_lock(std::filesystem::path const& database)
{
    auto file = database;
    file += ".lock";
    descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor_ < 0) refuse("cannot open the lock file", file, errno);
    int locked = 0;
    do locked = ::flock(descriptor_, LOCK_EX | LOCK_NB);
    while (locked != 0 && errno == EINTR);
    if (locked == 0) return;
    int const error = errno;
    ::close(descriptor_);
    if (error != EWOULDBLOCK) refuse("cannot lock", file, error);
    throw open_error(open_error::kind::in_use,
        "database " + database.string() + " is in use by another process (it holds " + file.string() + ")");
}

file_lock::~file_lock()
{
    ::close(descriptor_);
}

void make_private_file(std::filesystem::path const& file)
{
    int const descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) refuse("cannot open the database", file, errno);
    struct stat now {};
    bool const known = ::fstat(descriptor, &now) == 0;
    bool const good = known && ((now.st_mode & 0777) == 0600 || ::fchmod(descriptor, 0600) == 0);
    int const error = errno;
    ::close(descriptor);
    if (!good) refuse("cannot make the database private (mode 0600)", file, error);
}

} // namespace rendezvous::store::sqlite
