#include "contract/store_support.hpp"
#include "store/migrator.hpp"
#include "store/sqlite/database.hpp"

#include <fstream>
#include <regex>

namespace rendezvous::store_tests {
namespace {

using store::open_error;
using store::read_migrations;

class Migrator : public testing::Test {
protected:
    void write(std::string const& name, std::string const& text)
    {
        std::ofstream(folder_.path() / "migrations" / name, std::ios::trunc) << text;
    }
    void SetUp() override
    {
        std::filesystem::create_directory(folder_.path() / "migrations");
        write("0001_first.sql", "CREATE TABLE first (id TEXT PRIMARY KEY);");
        write("0002_second.sql", "CREATE TABLE second (id TEXT PRIMARY KEY);");
        write("0002_second.sqlite.sql",
            "CREATE TRIGGER no_second BEFORE DELETE ON second BEGIN SELECT RAISE(ABORT, 'no'); END;");
        write("0002_second.postgres.sql", "this is for another engine");
    }
    std::filesystem::path dir() const { return folder_.path() / "migrations"; }
    std::filesystem::path file() const { return folder_.path() / "test.db"; }
    unsigned open() { return store::sqlite::database(file(), dir(), at(1)).schema_version(); }

    /// The one line that opening is refused with.
    std::string refusal(open_error::kind expected)
    {
        try {
            open();
        } catch (open_error const& e) {
            EXPECT_EQ(e.why(), expected) << e.what();
            return e.what();
        }
        ADD_FAILURE() << "it opened";
        return {};
    }

    scratch_folder folder_;
};

TEST_F(Migrator, AppliesEachStepOnceWithItsRow)
{
    EXPECT_EQ(open(), 2u);
    EXPECT_EQ(open(), 2u);
    write("0003_third.sqlite.sql", "CREATE TABLE third (id TEXT PRIMARY KEY);");
    store::sqlite::database opened(file(), dir(), at(5));
    EXPECT_EQ(opened.schema_version(), 3u);
    auto row = opened.db().prepare("SELECT version, name, sha256, applied_at FROM schema_migrations ORDER BY version");
    auto const known = read_migrations(dir(), "sqlite");
    for (auto const& step : known) {
        ASSERT_TRUE(row.step());
        EXPECT_EQ(row.integer(0), step.version);
        EXPECT_EQ(row.text(1), step.name);
        EXPECT_EQ(row.text(2), step.sha256);
        EXPECT_EQ(row.time(3), at(step.version == 3 ? 5 : 1));
    }
    EXPECT_FALSE(row.step());
    EXPECT_EQ(opened.db().run("INSERT INTO third (id) VALUES ('x')"), 1u);
    opened.db().run("INSERT INTO second (id) VALUES ('x')");
    EXPECT_THROW(opened.db().run("DELETE FROM second"), store::sqlite::failure); // the engine's own part ran too
}

TEST_F(Migrator, RefusesANewerSchema)
{
    ASSERT_EQ(open(), 2u);
    std::filesystem::remove(dir() / "0002_second.sql");
    std::filesystem::remove(dir() / "0002_second.sqlite.sql");
    EXPECT_NE(refusal(open_error::kind::schema).find("schema version 2, this program knows 1"), std::string::npos);
}

TEST_F(Migrator, RefusesAChangedFile)
{
    ASSERT_EQ(open(), 2u);
    write("0001_first.sql", "CREATE TABLE first (id TEXT PRIMARY KEY );");
    EXPECT_NE(refusal(open_error::kind::schema).find("0001_first"), std::string::npos);
    write("0001_first.sql", "CREATE TABLE first (id TEXT PRIMARY KEY);");
    EXPECT_EQ(open(), 2u);
    write("0002_second.sqlite.sql", "");
    EXPECT_NE(refusal(open_error::kind::schema).find("0002_second"), std::string::npos);
}

TEST_F(Migrator, TakesAFailedStepBackWhole)
{
    ASSERT_EQ(open(), 2u);
    write("0003_third.sql", "CREATE TABLE third (id TEXT); CREATE TABLE third (id TEXT);");
    EXPECT_NE(refusal(open_error::kind::failed).find("0003_third"), std::string::npos);
    write("0003_third.sql", "CREATE TABLE third (id TEXT);");
    EXPECT_EQ(open(), 3u);
}

TEST_F(Migrator, RefusesAnIncompleteFolder)
{
    std::filesystem::remove(dir() / "0001_first.sql");
    EXPECT_NE(refusal(open_error::kind::configuration).find("migration 1 is missing"), std::string::npos);
    write("0001_first.sql", "");
    write("0001_other.sql", "");
    refusal(open_error::kind::configuration);
    std::filesystem::remove(dir() / "0001_other.sql");
    write("calls.sql", "");
    refusal(open_error::kind::configuration);
    std::filesystem::remove_all(dir());
    refusal(open_error::kind::configuration);
}

TEST_F(Migrator, TheProductsMigrationsKeepToTheCommonSubset)
{
    auto const avoided = std::regex("AUTOINCREMENT|IDENTITY|BOOLEAN|STRICT|WITHOUT ROWID|now\\(\\)", std::regex::icase);
    for (auto const& entry : std::filesystem::directory_iterator(migrations())) {
        if (entry.path().filename().string().find(".sqlite.") != std::string::npos) continue;
        std::ifstream in(entry.path());
        std::string const text{std::istreambuf_iterator<char>(in), {}};
        EXPECT_FALSE(std::regex_search(text, avoided)) << entry.path();
    }
    EXPECT_FALSE(read_migrations(migrations(), "sqlite").empty());
}

} // namespace
} // namespace rendezvous::store_tests
