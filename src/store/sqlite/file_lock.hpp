#pragma once

#include <filesystem>

namespace rendezvous::store::sqlite {

/// `flock` on `<database>.lock`, held as long as the object lives: one process and one connection
/// at a time. The lock file stays; its content means nothing.
class file_lock {
public:
    /// Errors: throws open_error, naming the database, if somebody holds it.
    explicit file_lock(std::filesystem::path const& database);
    file_lock(file_lock const&) = delete;
    file_lock& operator=(file_lock const&) = delete;
    ~file_lock();

private:
    int descriptor_ = -1;
};

/// Creates `file` if it is missing and makes sure that only its owner may read it (mode 0600).
/// Errors: throws open_error.
void make_private_file(std::filesystem::path const& file);

} // namespace rendezvous::store::sqlite
