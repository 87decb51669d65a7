#include "contract/store_support.hpp"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace rendezvous::store_tests {
namespace {

/// The child: appends without end, up to 64 at a time, and writes the number of every acknowledged
/// one to the pipe. It never returns.
[[noreturn]] void append_for_ever(std::string const& url, int acks)
{
    base::system_clock const clock;
    auto const kept = store::open_store(url, migrations(), clock);
    std::mutex guard;
    std::condition_variable changed;
    unsigned waiting = 0;
    for (unsigned n = 1;; ++n) {
        std::unique_lock lock(guard);
        changed.wait(lock, [&] { return waiting < 64; });
        ++waiting;
        lock.unlock();
        kept->append({facts::appointment_put{appointment_of(n), true}, started(n, n, n), answered(n, n, n + 1)},
            [&, n](result<void> stored) {
                if (!stored || ::write(acks, &n, sizeof n) != sizeof n) ::_exit(2);
                {
                    std::lock_guard const in(guard);
                    --waiting;
                }
                changed.notify_one();
            });
    }
}

TEST(Crash, KeepsEveryAcknowledgedAppendThroughKill)
{
    scratch_folder const folder;
    auto const url = "sqlite:" + (folder.path() / "calls.db").string();
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    auto const child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::close(ends[0]);
        try {
            append_for_ever(url, ends[1]);
        } catch (...) {
            ::_exit(1);
        }
    }
    ::close(ends[1]);
    unsigned acknowledged = 0, last = 0;
    bool killed = false;
    for (unsigned n = 0; ::read(ends[0], &n, sizeof n) == sizeof n; ++acknowledged) {
        EXPECT_EQ(n, last + 1); // in the order of the calls
        last = n;
        if (acknowledged >= 300 && !killed) killed = ::kill(child, SIGKILL) == 0;
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself: " << status;
    ASSERT_GT(acknowledged, 300u);

    base::system_clock const clock;
    auto const kept = store::open_store(url, migrations(), clock);
    asking const ports{*kept};
    for (unsigned n = 1; n <= last; ++n) {
        auto const found = ports.call(n);
        ASSERT_TRUE(found) << "acknowledged append " << n << " is gone";
        EXPECT_EQ(found->state, call::call_state::active);
    }
    auto const report = ports.chain();
    EXPECT_FALSE(report.broken);
    EXPECT_GE(report.rows, 2 * last);
    EXPECT_EQ(report.rows % 2, 0u); // an append is there whole or not at all
}

} // namespace
} // namespace rendezvous::store_tests
