#include "contract/store_support.hpp"
#include "store/sqlite/connection.hpp"

#include <atomic>
#include <fstream>
#include <sys/stat.h>

namespace rendezvous::store_tests {
namespace {

class Backup : public testing::Test {
protected:
    std::unique_ptr<store::store_thread> open(std::string const& name)
    {
        return store::open_store("sqlite:" + (folder_.path() / name).string(), migrations(), clock_);
    }
    static result<void> backup(store::store_thread& of, std::filesystem::path const& to)
    {
        return ask<void>([&](auto done) { of.backup(to, done); });
    }
    static void fill(store::store_thread& to, unsigned first, unsigned last)
    {
        for (unsigned n = first; n <= last; ++n)
            ASSERT_EQ(asking{to}.append({facts::appointment_put{appointment_of(n), true}, started(n, n, n),
                          answered(n, n, n + 1), ended(n, n + 2)}),
                errc::ok);
    }

    base::system_clock clock_;
    scratch_folder folder_;
};

TEST_F(Backup, OpensAndVerifies)
{
    auto const kept = open("calls.db");
    fill(*kept, 1, 50);
    auto const target = folder_.path() / "copy.db";
    ASSERT_TRUE(backup(*kept, target));
    struct stat found {};
    ASSERT_EQ(::stat(target.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);
    EXPECT_FALSE(std::filesystem::exists(target.string() + ".partial"));
    {
        store::sqlite::connection plain(target, false);
        auto row = plain.prepare("PRAGMA integrity_check");
        ASSERT_TRUE(row.step());
        EXPECT_EQ(row.text(0), "ok");
    }
    auto const copy = open("copy.db");
    EXPECT_EQ(asking{*copy}.chain().rows, 150u);
    EXPECT_EQ(asking{*copy}.chain().head, asking{*kept}.chain().head);
    EXPECT_EQ(asking{*copy}.call(50).value(), asking{*kept}.call(50).value());
    fill(*copy, 51, 51); // it works on
    EXPECT_EQ(asking{*copy}.chain().rows, 153u);
}

TEST_F(Backup, WritesGoOnWhileItIsMade)
{
    auto const kept = open("calls.db");
    fill(*kept, 1, 150); // several steps' worth of pages
    auto const target = folder_.path() / "copy.db";
    std::atomic<bool> complete{false};
    std::promise<result<void>> answer;
    kept->backup(target, [&](result<void> r) {
        complete = true;
        answer.set_value(r);
    });
    unsigned n = 150, written_meanwhile = 0;
    while (!complete) {
        ++n;
        fill(*kept, n, n);
        if (!complete) ++written_meanwhile;
    }
    ASSERT_TRUE(answer.get_future().get());
    EXPECT_GE(written_meanwhile, 1u);
    auto const copy = open("copy.db");
    auto const report = asking{*copy}.chain();
    EXPECT_FALSE(report.broken);
    EXPECT_GE(report.rows, 450u);
    EXPECT_EQ(report.rows % 3, 0u); // whole transactions only
}

TEST_F(Backup, RefusesATargetThatExists)
{
    auto const kept = open("calls.db");
    EXPECT_EQ(backup(*kept, folder_.path() / "calls.db").error(), boost::system::errc::file_exists);
    std::ofstream(folder_.path() / "other") << "precious";
    EXPECT_EQ(backup(*kept, folder_.path() / "other").error(), boost::system::errc::file_exists);
    EXPECT_EQ(std::filesystem::file_size(folder_.path() / "other"), 8u);
    EXPECT_EQ(backup(*kept, folder_.path() / "no folder" / "copy.db").error(),
        boost::system::errc::no_such_file_or_directory);
    fill(*kept, 1, 1);
}

TEST_F(Backup, AnUnfinishedOneLeavesNothing)
{
    auto kept = open("calls.db");
    fill(*kept, 1, 150);
    std::promise<result<void>> answer;
    kept->backup(folder_.path() / "copy.db", [&](result<void> r) { answer.set_value(r); });
    kept.reset();
    if (!answer.get_future().get()) {
        EXPECT_FALSE(std::filesystem::exists(folder_.path() / "copy.db"));
    }
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "copy.db.partial"));
}

TEST_F(Backup, IsNotOfferedInMemory)
{
    auto const memory = store::open_memory_store(clock_);
    EXPECT_EQ(backup(*memory, folder_.path() / "copy.db").error(), boost::system::errc::operation_not_supported);
}

} // namespace
} // namespace rendezvous::store_tests
