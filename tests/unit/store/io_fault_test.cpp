#include "contract/store_support.hpp"
#include "faulty_disk.hpp"
#include "store/sqlite/sqlite_backend.hpp"

#include <random>

namespace rendezvous::store_tests {
namespace {

class IoFault : public testing::Test {
protected:
    std::filesystem::path folder(std::string const& name)
    {
        auto const path = folder_.path() / name;
        std::filesystem::create_directory(path);
        return path;
    }
    std::unique_ptr<store::store_thread> open(std::filesystem::path const& in)
    {
        store::store_options options;
        options.write_timeout = write_timeout_;
        return std::make_unique<store::store_thread>(
            std::make_unique<store::sqlite::sqlite_backend>(in / "calls.db", migrations(), clock_, "boot"), clock_,
            options);
    }
    static errc put(store::store_thread& to, unsigned n)
    {
        return asking{to}.append({facts::appointment_put{appointment_of(n), true}, started(n, n, n)});
    }
    /// Reopened, the store has all of these calls and works on.
    void expect_kept(std::filesystem::path const& in, std::vector<unsigned> const& all)
    {
        auto const again = open(in);
        for (auto const n : all) EXPECT_TRUE(asking{*again}.call(n)) << "acknowledged call " << n << " is gone";
        EXPECT_FALSE(asking{*again}.chain().broken);
        EXPECT_EQ(put(*again, 9'999), errc::ok);
    }

    base::system_clock clock_;
    scratch_folder folder_;
    base::milliseconds write_timeout_{2'000};
    faulty_disk disk_;
};

struct fault {
    char const* name;
    unsigned kinds;
    int code;
    bool seen_by_writes; ///< a write cannot succeed while it lasts
};

class LastingFault : public IoFault, public testing::WithParamInterface<fault> {};
INSTANTIATE_TEST_SUITE_P(Kinds, LastingFault,
    testing::Values(fault{"Full", faulty_disk::writing, SQLITE_FULL, true},
        fault{"Write", faulty_disk::writing, SQLITE_IOERR_WRITE, true},
        fault{"Sync", faulty_disk::syncing, SQLITE_IOERR_FSYNC, true},
        fault{"Truncate", faulty_disk::truncating, SQLITE_IOERR_TRUNCATE, false},
        fault{"Read", faulty_disk::reading, SQLITE_IOERR_READ, false},
        fault{"SharedMemory", faulty_disk::mapping, SQLITE_IOERR_SHMMAP, false},
        fault{"All", faulty_disk::all, SQLITE_IOERR, true}),
    [](auto const& tested) { return tested.param.name; });

TEST_P(LastingFault, RefusesWhileItLastsAndHealsByItself)
{
    write_timeout_ = base::milliseconds{300};
    auto kept = open(folder_.path());
    ASSERT_EQ(put(*kept, 1), errc::ok);
    disk_.fail(GetParam().kinds, GetParam().code);
    auto const during = put(*kept, 2);
    if (GetParam().seen_by_writes) {
        EXPECT_EQ(during, errc::store_unavailable);
    }
    disk_.heal();
    EXPECT_EQ(put(*kept, 3), errc::ok);
    EXPECT_EQ(asking{*kept}.call(2).has_value(), during == errc::ok);
    kept.reset();
    expect_kept(folder_.path(), {1, 3});
    EXPECT_EQ(asking{*open(folder_.path())}.call(2).has_value(), during == errc::ok);
}

TEST_F(IoFault, AnySingleFailureIsTriedAgain)
{
    auto kept = open(folder_.path());
    std::vector<unsigned> all;
    std::size_t seen = 1;
    for (std::size_t n = 0; n < seen; ++n) {
        disk_.fail(faulty_disk::all, SQLITE_IOERR, n, 1);
        for (int times = 0; times < 2; ++times) {
            all.push_back(static_cast<unsigned>(all.size()) + 1);
            EXPECT_EQ(put(*kept, all.back()), errc::ok) << "operation " << n;
        }
        seen = disk_.seen();
    }
    disk_.heal();
    EXPECT_GT(seen, 10u);
    kept.reset();
    expect_kept(folder_.path(), all);
}

TEST_F(IoFault, KeepsEveryAcknowledgedCallThroughAPowerLoss)
{
    write_timeout_ = base::milliseconds{40};
    std::mt19937 random(7);
    for (unsigned trial = 0; trial < 40; ++trial) {
        SCOPED_TRACE(trial);
        auto const in = folder("before" + std::to_string(trial)), after = folder("after" + std::to_string(trial));
        auto kept = open(in);
        std::vector<unsigned> acknowledged;
        // Every place of the first calls, then some far behind, where the log is being emptied.
        disk_.fail(faulty_disk::all, SQLITE_IOERR, trial < 30 ? 2 * trial : random() % 3'000);
        for (unsigned n = 1; n <= 150 && put(*kept, n) == errc::ok; ++n) acknowledged.push_back(n);
        kept.reset();
        disk_.lose_power(in, after);
        disk_.heal();
        expect_kept(after, acknowledged);
    }
}

TEST_F(IoFault, NeverTakesAFailedSyncForADoneOne)
{
    for (std::size_t good = 0; good < 12; ++good) {
        SCOPED_TRACE(good);
        auto const in = folder("before" + std::to_string(good)), after = folder("after" + std::to_string(good));
        auto kept = open(in);
        std::vector<unsigned> acknowledged;
        disk_.fail(faulty_disk::syncing, SQLITE_IOERR_FSYNC, good, 2);
        for (unsigned n = 1; n <= 10; ++n)
            if (put(*kept, n) == errc::ok) acknowledged.push_back(n);
        EXPECT_EQ(acknowledged.size(), 10u);
        disk_.lose_power(in, after);
        disk_.heal();
        kept.reset();
        expect_kept(after, acknowledged);
    }
}

} // namespace
} // namespace rendezvous::store_tests
