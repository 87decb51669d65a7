#include "app/watchdog.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

namespace rendezvous::app {
namespace {

using namespace std::chrono_literals;

/// Shards that run, with a watchdog of 40 ms.
class Watchdog : public ::testing::TestWithParam<std::size_t> {
protected:
    Watchdog()
        : shards_(3),
          watchdog_(shards_, 40ms,
              [this] {
                  std::lock_guard const lock(guard_);
                  ++fed_;
                  changed_.notify_all();
              }),
          loop_([this] { shards_.run(); })
    {}
    ~Watchdog() override
    {
        shards_.stop();
        loop_.join();
    }

    std::size_t fed()
    {
        std::lock_guard const lock(guard_);
        return fed_;
    }
    bool is_fed_up_to(std::size_t count)
    {
        std::unique_lock lock(guard_);
        return changed_.wait_for(lock, 10s, [&] { return fed_ >= count; });
    }
    /// True if nothing more comes for five of its spans.
    bool stays(std::size_t count)
    {
        std::unique_lock lock(guard_);
        return !changed_.wait_for(lock, 200ms, [&] { return fed_ > count; });
    }

    std::mutex guard_;
    std::condition_variable changed_;
    std::size_t fed_ = 0;
    service::shards shards_;
    watchdog watchdog_;
    std::thread loop_;
};

TEST_P(Watchdog, IsFedUntilAShardHangs)
{
    ASSERT_TRUE(is_fed_up_to(5));
    std::promise<void> hangs;
    std::promise<void> released;
    shards_.post(GetParam(), [&hangs, until = released.get_future().share()] {
        hangs.set_value();
        until.wait();
    });
    hangs.get_future().wait();
    // What all had answered before may still become one meal.
    auto const before = fed();
    auto const last = stays(before) ? before : before + 1;
    EXPECT_TRUE(stays(last)) << "shard " << GetParam() << " hangs";
    released.set_value();
    EXPECT_TRUE(is_fed_up_to(last + 5)) << "it answers again";
}

INSTANTIATE_TEST_SUITE_P(Shards, Watchdog, ::testing::Values(0U, 1U, 2U));

} // namespace
} // namespace rendezvous::app
