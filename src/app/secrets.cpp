#include "secrets.hpp"

#include "rendezvous/base/ids.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace rendezvous::app {
namespace {

constexpr std::size_t secret_file_bytes_max = 65'536;
constexpr std::size_t signing_key_bytes = 32;

/// Closes what it holds.
class file_descriptor {
public:
    explicit file_descriptor(int fd) : fd_(fd) {}
    ~file_descriptor()
    {
        if (fd_ >= 0) ::close(fd_);
    }
    file_descriptor(file_descriptor const&) = delete;
    file_descriptor& operator=(file_descriptor const&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

[[noreturn]] void refuse(std::filesystem::path const& file, std::string const& why)
{
    throw config_error(file.string() + ": " + why);
}

std::string reason_of(int error)
{
    return std::generic_category().message(error);
}

[[noreturn]] void fail(std::filesystem::path const& file, char const* doing)
{
    throw std::system_error(errno, std::generic_category(), std::string(doing) + " " + file.string());
}

std::string read_all(int fd, std::filesystem::path const& file, std::size_t bytes_max)
{
    std::string out;
    std::array<char, 4096> chunk{};
    for (;;) {
        auto const got = ::read(fd, chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) refuse(file, "cannot be read: " + reason_of(errno));
        if (got == 0) return out;
        out.append(chunk.data(), static_cast<std::size_t>(got));
        if (out.size() > bytes_max)
            refuse(file, "larger than " + std::to_string(bytes_max / 1024) + " KiB, this cannot be a secret or key");
    }
}

struct file_content {
    std::string bytes;
    bool open_to_others = false;
};

file_content read_file(std::filesystem::path const& file, std::size_t bytes_max = secret_file_bytes_max)
{
    // Without O_NONBLOCK opening a pipe would wait for its writer.
    file_descriptor const fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0) refuse(file, "cannot be read: " + reason_of(errno));
    struct stat about {};
    if (::fstat(fd.get(), &about) != 0 || !S_ISREG(about.st_mode)) refuse(file, "is no regular file");
    return {read_all(fd.get(), file, bytes_max), (about.st_mode & (S_IRWXG | S_IRWXO)) != 0};
}

void write_all(int fd, std::string_view bytes, std::filesystem::path const& file)
{
    while (!bytes.empty()) {
        auto const done = ::write(fd, bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) fail(file, "writing");
        bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    if (::fsync(fd) != 0) fail(file, "writing");
}

/// Removes its file again.
class temporary_file {
public:
    explicit temporary_file(std::filesystem::path file) : file_(std::move(file)) {}
    ~temporary_file()
    {
        std::error_code ignored;
        std::filesystem::remove(file_, ignored);
    }
    temporary_file(temporary_file const&) = delete;
    temporary_file& operator=(temporary_file const&) = delete;
    std::filesystem::path const& path() const { return file_; }

private:
    std::filesystem::path file_;
};

/// Writes beside and links: the name appears with all its bytes or not at all, and never replaces
/// the key of a process that was faster.
void make_signing_key(std::filesystem::path const& file)
{
    base::system_id_generator random;
    auto const key = base::from_base64url(random.secret(signing_key_bytes)).value();
    temporary_file const beside(file.string() + "." + random.secret(6) + ".new");
    file_descriptor const fd(::open(beside.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (fd.get() < 0) fail(file, "creating");
    write_all(fd.get(), key, file);
    if (::link(beside.path().c_str(), file.c_str()) != 0 && errno != EEXIST) fail(file, "creating");
}

/// systemd's credentials come first, if the name has no folder.
std::filesystem::path place_of(std::filesystem::path const& file, std::filesystem::path const& credentials_directory)
{
    if (credentials_directory.empty() || file.has_parent_path()) return file;
    std::error_code ignored;
    auto const there = credentials_directory / file;
    return std::filesystem::exists(there, ignored) ? there : file;
}

} // namespace

secret read_secret(std::filesystem::path const& file, std::filesystem::path const& credentials_directory)
{
    auto const where = place_of(file, credentials_directory);
    auto content = read_file(where);
    if (content.bytes.ends_with('\n')) content.bytes.pop_back();
    if (content.bytes.ends_with('\r')) content.bytes.pop_back();
    if (content.bytes.empty()) refuse(where, "is empty");
    secret out{std::move(content.bytes), std::nullopt};
    if (content.open_to_others) out.warning = where.string() + ": others may read this secret; chmod 600 it";
    return out;
}

std::string read_public_file(
    std::filesystem::path const& file, std::filesystem::path const& credentials_directory, std::size_t bytes_max)
{
    auto const where = place_of(file, credentials_directory);
    auto content = read_file(where, bytes_max);
    if (content.bytes.empty()) refuse(where, "is empty");
    return std::move(content.bytes);
}

void make_private_folder(std::filesystem::path const& folder)
{
    if (folder.empty() || !std::filesystem::create_directories(folder)) return;
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
}

std::string load_or_make_signing_key(std::filesystem::path const& file)
{
    make_private_folder(file.parent_path());
    if (!std::filesystem::exists(file)) make_signing_key(file);
    auto content = read_file(file);
    if (content.bytes.size() < signing_key_bytes) refuse(file, "is no signing key; remove it to get a new one");
    if (content.open_to_others && ::chmod(file.c_str(), S_IRUSR | S_IWUSR) != 0)
        refuse(file, "others may read the signing key; chmod 600 it");
    return std::move(content.bytes);
}

std::string load_turn_secret(config const& settings)
{
    if (settings.turn.secret_file.empty()) return {};
    return read_secret(settings.turn.secret_file, settings.credentials_directory).bytes;
}

} // namespace rendezvous::app
