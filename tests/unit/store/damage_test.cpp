#include "contract/store_support.hpp"
#include "store/sqlite/database.hpp"

#include <fstream>

namespace rendezvous::store_tests {
namespace {

namespace fs = std::filesystem;
using store::open_error;

/// What a start makes of files that something has happened to.
class Damage : public testing::Test {
protected:
    fs::path file(char const* suffix = "") const { return folder_.path() / (std::string("calls.db") + suffix); }
    std::unique_ptr<store::store_thread> open()
    {
        return store::open_store("sqlite:" + file().string(), migrations(), clock_);
    }
    static errc put(store::store_thread& to, unsigned n)
    {
        return asking{to}.append({facts::appointment_put{appointment_of(n), true}, started(n, n, n)});
    }
    /// A database with calls 1 to 60, closed.
    void fill()
    {
        auto const kept = open();
        for (unsigned n = 1; n <= 60; ++n) ASSERT_EQ(put(*kept, n), errc::ok);
    }
    std::string refusal()
    {
        try {
            open();
        } catch (open_error const& e) {
            EXPECT_EQ(e.why(), open_error::kind::failed) << e.what();
            EXPECT_NE(std::string(e.what()).find("calls.db"), std::string::npos) << e.what();
            return e.what();
        }
        ADD_FAILURE() << "it opened";
        return {};
    }
    void overwrite(std::uintmax_t where, std::string const& bytes)
    {
        std::fstream out(file(), std::ios::binary | std::ios::in | std::ios::out);
        out.seekp(static_cast<std::streamoff>(where));
        out << bytes;
    }

    base::system_clock clock_;
    scratch_folder folder_;
};

TEST_F(Damage, ADatabaseWithoutContentIsRefused)
{
    fill();
    fs::resize_file(file(), 0);
    EXPECT_NE(refusal().find("is empty"), std::string::npos);
    EXPECT_EQ(fs::file_size(file()), 0u); // and left as it is
}

TEST_F(Damage, ALogWithoutItsDatabaseIsRefused)
{
    auto kept = open();
    ASSERT_EQ(put(*kept, 1), errc::ok);
    fs::copy_file(file("-wal"), file(".saved"));
    kept.reset();
    fs::remove(file());
    fs::rename(file(".saved"), file("-wal"));
    EXPECT_NE(refusal().find("is missing"), std::string::npos);
    EXPECT_GT(fs::file_size(file("-wal")), 0u);
    EXPECT_FALSE(fs::exists(file()));
}

TEST_F(Damage, WhatABegunCreationLeftIsNoHindrance)
{
    for (auto const* const suffix : {".new", ".new-wal", ".new-shm", ".new-journal"})
        std::ofstream(file(suffix)) << "half a database";
    EXPECT_EQ(put(*open(), 1), errc::ok);
    for (auto const* const suffix : {".new", ".new-wal", ".new-shm", ".new-journal"})
        EXPECT_FALSE(fs::exists(file(suffix))) << suffix;
}

TEST_F(Damage, ACutOffDatabaseIsRefused)
{
    fill();
    auto const whole = fs::file_size(file());
    for (auto const left : {whole - 4'096, whole / 2, std::uintmax_t{4'096}, std::uintmax_t{512}, std::uintmax_t{511},
             std::uintmax_t{100}, std::uintmax_t{1}}) {
        fs::resize_file(file(), left);
        refusal();
        EXPECT_EQ(fs::file_size(file()), left);
    }
}

TEST_F(Damage, ADamagedPageIsRefusedWhereverItIs)
{
    fill();
    fs::copy_file(file(), file(".whole"));
    auto const pages = fs::file_size(file()) / 4'096;
    ASSERT_GT(pages, 40u);
    std::string const rubbish(4'096, '\x5a');
    for (std::uintmax_t n = 0; n < pages; ++n) {
        SCOPED_TRACE(n);
        overwrite(n * 4'096, rubbish);
        refusal();
        fs::copy_file(file(".whole"), file(), fs::copy_options::overwrite_existing);
    }
    EXPECT_TRUE(asking{*open()}.call(60));
}

TEST_F(Damage, ACutOffLogKeepsWhatIsWholeInIt)
{
    auto kept = open();
    for (unsigned n = 1; n <= 10; ++n) ASSERT_EQ(put(*kept, n), errc::ok);
    fs::copy_file(file(), file(".database"));
    fs::copy_file(file("-wal"), file(".log"));
    kept.reset();
    auto const whole = fs::file_size(file(".log"));
    unsigned before = 0;
    for (unsigned part = 0; part <= 20; ++part) {
        fs::copy_file(file(".database"), file(), fs::copy_options::overwrite_existing);
        fs::copy_file(file(".log"), file("-wal"), fs::copy_options::overwrite_existing);
        fs::resize_file(file("-wal"), whole * part / 20);
        auto const again = open();
        asking const ports{*again};
        unsigned found = 0;
        while (ports.call(found + 1)) ++found;
        for (unsigned n = found + 1; n <= 10; ++n) EXPECT_FALSE(ports.call(n)) << n;
        EXPECT_EQ(ports.chain().rows, found);
        EXPECT_FALSE(ports.chain().broken);
        EXPECT_GE(found, before);
        before = found;
    }
    EXPECT_EQ(before, 10u);
}

TEST_F(Damage, ADatabaseOfAnotherProgramIsLeftAlone)
{
    {
        std::ofstream const made(file());
    }
    {
        store::sqlite::connection other(file(), false);
        other.exec("CREATE TABLE recipes (id INTEGER PRIMARY KEY)");
    }
    auto const before = fs::file_size(file());
    EXPECT_NE(refusal().find("another program"), std::string::npos);
    EXPECT_EQ(fs::file_size(file()), before);
    store::sqlite::connection other(file(), false);
    auto row = other.prepare("SELECT COUNT(*) FROM sqlite_master");
    ASSERT_TRUE(row.step());
    EXPECT_EQ(row.integer(0), 1);
}

} // namespace
} // namespace rendezvous::store_tests
