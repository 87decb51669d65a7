#pragma once

#include "connection.hpp"
#include "rendezvous/store/backend.hpp"

#include <filesystem>
#include <memory>

namespace rendezvous::store::sqlite {

/// A copy of `source` page by page (sqlite3_backup): what `source` writes between two steps goes
/// into the copy too. Made in `<target>.partial`, mode 0600, and renamed when it is durable; an
/// unfinished one is deleted. `source` must outlive it.
/// Errors: `file_exists` for `target` and others of the file system; throws failure.
result<std::unique_ptr<copy_job>> make_backup(connection& source, std::filesystem::path const& target);

} // namespace rendezvous::store::sqlite
