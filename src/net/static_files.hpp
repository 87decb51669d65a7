#pragma once

#include "rendezvous/net/http_types.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rendezvous::net {

/// The files of web/, read into memory once. A request can only name an entry of a map, so there
/// is no path to climb out of. Immutable after construction; read from all shards.
class static_files {
public:
    static_files() = default;
    /// Reads every file below `root` with a known extension, without dot files and links.
    /// Throws std::runtime_error for a missing root, an unreadable file, a file over 8 MiB or
    /// more than 64 MiB in all.
    explicit static_files(std::filesystem::path const& root);

    /// The answer, if a page or file stands at that path: 200, 304 or 405. Pages: `/`, and
    /// `/join`, `/appointments`, `/admin`, `/agent`, `/test`, `/embed`, `/docs`, each with all below it,
    /// if their html file exists.
    std::optional<http_response> find(http_request const& request) const;

    std::size_t count() const noexcept { return files_.size(); }

private:
    struct file {
        std::shared_ptr<std::string const> bytes;
        std::string_view content_type;
        std::string etag;
    };

    void load(std::filesystem::path const& path, std::string url_path, std::size_t& total);
    file const* lookup(http_request const& request) const;

    std::unordered_map<std::string, file> files_; ///< by path without leading slash
};

} // namespace rendezvous::net
