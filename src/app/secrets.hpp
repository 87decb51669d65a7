#pragma once

#include "rendezvous/app/config.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace rendezvous::app {

/// The content of a secret file without the line end that editors leave behind.
struct secret {
    std::string bytes;
    std::optional<std::string> warning; ///< others than the owner may read the file
};

/// Reads a secret; a `file` without folder is looked for in `credentials_directory` (systemd)
/// first. Throws config_error (missing, unreadable, empty, larger than 64 KiB, no regular file).
secret read_secret(std::filesystem::path const& file, std::filesystem::path const& credentials_directory);

/// Reads a file that holds no secret, such as a public key; looked for as a secret is. Throws
/// config_error (missing, unreadable, empty, larger than `bytes_max`, no regular file).
std::string read_public_file(
    std::filesystem::path const& file, std::filesystem::path const& credentials_directory, std::size_t bytes_max);

/// Makes a folder that is not there yet, readable by its owner only. Throws std::system_error.
void make_private_folder(std::filesystem::path const& folder);

/// The server's own signing key: 32 random bytes, made at the first call (mode 0600, complete or
/// not there at all, also with two processes at once) and read ever after.
/// Throws config_error if the file is there but cannot be a key, std::system_error if it cannot
/// be made.
std::string load_or_make_signing_key(std::filesystem::path const& file);

/// The secret shared with the TURN server, empty if none is configured. Throws config_error.
std::string load_turn_secret(config const& settings);

} // namespace rendezvous::app
