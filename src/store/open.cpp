#include "rendezvous/store/open.hpp"

#include "sqlite/sqlite_backend.hpp"

#include <string_view>
#include <system_error>

namespace rendezvous::store {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";

std::filesystem::path file_of(std::string const& storage_url)
{
    auto const path = std::string_view(storage_url).substr(std::min(sqlite_scheme.size(), storage_url.size()));
    // `:memory:` and `file:` would be something else to SQLite than a file of ours.
    if (!storage_url.starts_with(sqlite_scheme) || path.empty() || path.front() == ':' || path.starts_with("file:"))
        throw open_error(open_error::kind::configuration, "storage.url must be sqlite:PATH");
    return std::filesystem::path(path);
}

void make_private_folder(std::filesystem::path const& folder)
{
    if (folder.empty() || std::filesystem::is_directory(folder)) return;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (!error) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    if (error)
        throw open_error(
            open_error::kind::failed, "cannot create the folder " + folder.string() + ": " + error.message());
}

} // namespace

std::unique_ptr<store_thread> open_store(std::string const& storage_url, std::filesystem::path const& migrations_dir,
    base::clock const& clock, std::string const& boot_id)
{
    auto const file = file_of(storage_url);
    make_private_folder(file.parent_path());
    return std::make_unique<store_thread>(
        std::make_unique<sqlite::sqlite_backend>(file, migrations_dir, clock, boot_id), clock);
}

std::unique_ptr<store_thread> open_memory_store(base::clock const& clock)
{
    return std::make_unique<store_thread>(make_memory_backend(), clock);
}

} // namespace rendezvous::store
