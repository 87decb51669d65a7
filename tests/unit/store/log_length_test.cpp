#include "contract/store_support.hpp"
#include "store/sqlite/connection.hpp"

#include <thread>

namespace rendezvous::store_tests {
namespace {

constexpr std::uintmax_t mib = 1 << 20;

/// Readers of other processes against the length of the log (`-wal`).
class LogLength : public testing::Test {
protected:
    LogLength() : store_(store::open_store("sqlite:" + file().string(), migrations(), clock_)) {}

    std::filesystem::path file() const { return folder_.path() / "calls.db"; }
    std::uintmax_t length() const { return std::filesystem::file_size(file().string() + "-wal"); }
    /// Writes about one MiB.
    void put_much(unsigned n)
    {
        auto a = appointment_of(n);
        a.members[0].name.assign(mib, 'x');
        ASSERT_EQ(asking{*store_}.append({facts::appointment_put{a, true}}), errc::ok);
        clock_.advance(1'000);
    }
    static void begin_read(store::sqlite::connection& by) { by.exec("BEGIN; SELECT COUNT(*) FROM appointments"); }

    shared_clock clock_;
    scratch_folder folder_;
    std::unique_ptr<store::store_thread> store_;
};

TEST_F(LogLength, StaysShortWithoutReaders)
{
    for (unsigned n = 1; n <= 30; ++n) put_much(n);
    EXPECT_LE(length(), 8 * mib);
}

TEST_F(LogLength, ShrinksWhenALongReaderIsDone)
{
    store::sqlite::connection reader(file(), false);
    put_much(1);
    begin_read(reader);
    for (unsigned n = 2; n <= 25; ++n) put_much(n);
    EXPECT_GE(length(), 20 * mib);
    reader.exec("COMMIT");
    put_much(26);
    EXPECT_LE(length(), 4 * mib);
    EXPECT_EQ(asking{*store_}.room(25).appointment->members[0].name.size(), mib);
}

TEST_F(LogLength, ShrinksWithoutAnotherWrite)
{
    store::sqlite::connection reader(file(), false);
    begin_read(reader);
    for (unsigned n = 1; n <= 20; ++n) put_much(n);
    reader.exec("COMMIT");
    clock_.advance(60'000);
    asking const ports{*store_};
    auto const deadline = std::chrono::steady_clock::now() + patience;
    while (length() > 4 * mib && std::chrono::steady_clock::now() < deadline) ports.room(1);
    EXPECT_LE(length(), 4 * mib);
}

TEST_F(LogLength, IsBoundedUnderReadersOneBehindTheOther)
{
    std::atomic<bool> stop{false};
    std::atomic<unsigned> rounds{0};
    std::thread readers([&] {
        store::sqlite::connection even(file(), false), odd(file(), false);
        begin_read(even);
        for (; !stop; ++rounds) {
            begin_read(odd);
            even.exec("COMMIT");
            begin_read(even);
            odd.exec("COMMIT");
        }
    });
    std::uintmax_t longest = 0;
    for (unsigned n = 1; n <= 100; ++n) {
        put_much(n);
        longest = std::max(longest, length());
    }
    stop = true;
    readers.join();
    EXPECT_GT(rounds, 100u);
    EXPECT_LE(longest, 64 * mib);
}

} // namespace
} // namespace rendezvous::store_tests
