#include "migrator.hpp"

#include "rendezvous/store/chain.hpp"
#include "rendezvous/store/open.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>

namespace rendezvous::store {
namespace {

using kind = open_error::kind;

/// The scripts of one number: for all engines, and for the one asked for.
struct parts {
    std::string name, common, own;
};

std::string read_file(std::filesystem::path const& file)
{
    std::ifstream in(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in) throw open_error(kind::configuration, "cannot read the migration " + file.string());
    return text;
}

/// `0001_calls` of `0001_calls.sqlite.sql`, with the engine behind the first dot.
struct file_name {
    unsigned version = 0;
    std::string name, engine;
};

file_name parse_name(std::filesystem::path const& file)
{
    auto const stem = file.stem().string(); // without `.sql`
    auto const dot = stem.find('.');
    file_name out{0, stem.substr(0, dot), dot == std::string::npos ? "" : stem.substr(dot + 1)};
    auto const digit = [](char c) { return c >= '0' && c <= '9'; };
    if (out.name.size() < 6 || !std::all_of(out.name.begin(), out.name.begin() + 4, digit) || out.name[4] != '_')
        throw open_error(kind::configuration, "a migration is named 0001_name.sql, not " + file.string());
    for (std::size_t i = 0; i < 4; ++i) out.version = 10 * out.version + static_cast<unsigned>(out.name[i] - '0');
    return out;
}

std::map<unsigned, parts> collect(std::filesystem::path const& folder, std::string_view engine)
{
    std::error_code error;
    std::filesystem::directory_iterator files(folder, error);
    if (error) throw open_error(kind::configuration, "no migrations in " + folder.string() + ": " + error.message());
    std::map<unsigned, parts> found;
    for (auto const& file : files) {
        if (file.path().extension() != ".sql") continue;
        auto const named = parse_name(file.path());
        if (!named.engine.empty() && named.engine != engine) continue;
        auto& into = found[named.version];
        if (!into.name.empty() && into.name != named.name)
            throw open_error(kind::configuration, "two migrations have the number of " + file.path().string());
        into.name = named.name;
        (named.engine.empty() ? into.common : into.own) = read_file(file.path());
    }
    return found;
}

} // namespace

std::vector<migration> read_migrations(std::filesystem::path const& folder, std::string_view engine)
{
    std::vector<migration> out;
    for (auto const& [version, text] : collect(folder, engine)) {
        if (version != out.size() + 1)
            throw open_error(kind::configuration,
                "migration " + std::to_string(out.size() + 1) + " is missing in " + folder.string());
        auto const script = text.common + '\n' + text.own;
        out.push_back({version, text.name, sha256_hex(script), script});
    }
    if (out.empty()) throw open_error(kind::configuration, "no migrations in " + folder.string());
    return out;
}

unsigned migrate(migration_target& target, std::vector<migration> const& known, base::utc_time now)
{
    target.prepare();
    auto const done = target.applied();
    for (auto const& row : done) {
        if (row.version > known.size())
            throw open_error(kind::schema, "the database has schema version " + std::to_string(row.version)
                                               + ", this program knows " + std::to_string(known.size())
                                               + ": use a newer program");
        auto const& same = known[row.version - 1];
        if (row.sha256 != same.sha256 || row.name != same.name)
            throw open_error(kind::schema,
                "migration " + same.name + " is not the one that was applied to this database (its content changed)");
    }
    for (auto i = done.size(); i < known.size(); ++i) target.apply(known[i], now);
    return static_cast<unsigned>(known.size());
}

} // namespace rendezvous::store
