#pragma once

#include <filesystem>

namespace rendezvous::store::sqlite {

/// Makes an empty database at `file` if there is none, whole or not at all, so that a file without
/// content is never one of ours: it is what is left of a database, as a log without its database is.
/// Errors: throws open_error for such remains, failure.
void make_new_file(std::filesystem::path const& file);

} // namespace rendezvous::store::sqlite
