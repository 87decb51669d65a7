#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rendezvous::app::testing {

/// A fresh folder that goes away with its test.
class folder {
public:
    folder()
    {
        auto pattern = (std::filesystem::temp_directory_path() / "rendezvous-test-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
        path_ = pattern;
    }
    ~folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;

    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
    std::filesystem::path const& path() const { return path_; }

    /// Writes a file that only its owner may read.
    std::filesystem::path write(std::string_view name, std::string_view text) const
    {
        auto const file = path_ / name;
        std::ofstream(file, std::ios::binary) << text;
        std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        return file;
    }

private:
    std::filesystem::path path_;
};

inline std::string read_file(std::filesystem::path const& file)
{
    std::ifstream in(file, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

inline unsigned mode_of(std::filesystem::path const& file)
{
    return static_cast<unsigned>(std::filesystem::status(file).permissions() & std::filesystem::perms::mask);
}

} // namespace rendezvous::app::testing
