#include "static_files.hpp"

#include "header_tokens.hpp"
#include "problem.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>

namespace rendezvous::net {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_bytes_max = 8U << 20;
constexpr std::size_t total_bytes_max = 64U << 20;

struct content_type {
    std::string_view extension;
    std::string_view type;
};
constexpr std::array content_types{
    content_type{".html", "text/html; charset=utf-8"},
    content_type{".css", "text/css; charset=utf-8"},
    content_type{".js", "text/javascript; charset=utf-8"},
    content_type{".mjs", "text/javascript; charset=utf-8"},
    content_type{".json", "application/json"},
    content_type{".webmanifest", "application/manifest+json"},
    content_type{".svg", "image/svg+xml"},
    content_type{".png", "image/png"},
    content_type{".jpg", "image/jpeg"},
    content_type{".webp", "image/webp"},
    content_type{".ico", "image/x-icon"},
    content_type{".woff2", "font/woff2"},
    content_type{".mp3", "audio/mpeg"},
    content_type{".ogg", "audio/ogg"},
    content_type{".wav", "audio/wav"},
    content_type{".wasm", "application/wasm"},
    content_type{".txt", "text/plain; charset=utf-8"},
};

constexpr std::array<std::string_view, 7> pages{"join", "appointments", "admin", "agent", "test", "embed", "docs"};

std::string_view type_of(fs::path const& path)
{
    auto const extension = path.extension().string();
    auto const found = std::find_if(content_types.begin(), content_types.end(),
        [&extension](content_type const& entry) { return entry.extension == extension; });
    return found == content_types.end() ? std::string_view{} : found->type;
}

std::string quoted_sha256(std::string const& bytes)
{
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size(), digest.data());
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out = "\"";
    for (unsigned char const byte : digest) {
        out.push_back(hex[byte >> 4U]);
        out.push_back(hex[byte & 15U]);
    }
    return out + "\"";
}

std::string read_file(fs::path const& path)
{
    std::ifstream in(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (!in) throw std::runtime_error("cannot read " + path.string());
    return bytes;
}

/// If-None-Match compares weakly (RFC 9110 13.1.2).
bool matches(http_request const& request, std::string const& etag)
{
    return has_exact_token(request, "if-none-match", etag) || has_exact_token(request, "if-none-match", "W/" + etag)
           || has_exact_token(request, "if-none-match", "*");
}

} // namespace

static_files::static_files(fs::path const& root)
{
    if (!fs::is_directory(root)) throw std::runtime_error("no directory of web files: " + root.string());
    std::size_t total = 0;
    for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator(); ++it) {
        auto const name = it->path().filename().string();
        // What package managers put there is no part of the site.
        if (name.starts_with(".") || name == "node_modules" || it->is_symlink()) {
            if (it->is_directory() && !it->is_symlink()) it.disable_recursion_pending();
            continue;
        }
        if (it->is_regular_file() && !type_of(it->path()).empty())
            load(it->path(), it->path().lexically_relative(root).generic_string(), total);
    }
    // For npm and the type checker, not for browsers.
    files_.erase("package.json");
    files_.erase("package-lock.json");
    files_.erase("tsconfig.json");
}

void static_files::load(fs::path const& path, std::string url_path, std::size_t& total)
{
    auto const size = fs::file_size(path);
    total += size;
    if (size > file_bytes_max || total > total_bytes_max)
        throw std::runtime_error("too much to keep in memory: " + path.string());
    file entry;
    entry.bytes = std::make_shared<std::string const>(read_file(path));
    entry.content_type = type_of(path);
    entry.etag = quoted_sha256(*entry.bytes);
    files_.emplace(std::move(url_path), std::move(entry));
}

static_files::file const* static_files::lookup(http_request const& request) const
{
    auto const at = [this](std::string const& key) -> file const* {
        auto const found = files_.find(key);
        return found == files_.end() ? nullptr : &found->second;
    };
    if (request.segments.empty()) return at("index.html");
    std::string key;
    for (auto const& segment : request.segments) {
        if (segment.find('/') != std::string::npos) return nullptr;
        if (!key.empty()) key.push_back('/');
        key.append(segment);
    }
    if (auto const* const exact = at(key); exact && !request.path.ends_with("/")) return exact;
    auto const page = std::find(pages.begin(), pages.end(), request.segments[0]);
    return page == pages.end() ? nullptr : at(request.segments[0] + ".html");
}

std::optional<http_response> static_files::find(http_request const& request) const
{
    auto const* const entry = lookup(request);
    if (!entry) return std::nullopt;
    if (request.method != http_method::get && request.method != http_method::head) {
        auto refused = problem(405, "validation", "This can only be read", request.request_id);
        refused.headers.emplace_back("Allow", "GET, HEAD");
        return refused;
    }
    http_response out;
    // Everything is asked for again with its ETag: after an update no page mixes old and new modules.
    // A 304 says its type as well: the page's security policy follows from it, and a browser that revalidates
    // takes the policy of the 304.
    out.headers = {{"ETag", entry->etag}, {"Cache-Control", "no-cache"}};
    out.headers.emplace_back("Content-Type", entry->content_type);
    if (matches(request, entry->etag)) {
        out.status = 304;
        return out;
    }
    out.shared_body = entry->bytes;
    return out;
}

} // namespace rendezvous::net
