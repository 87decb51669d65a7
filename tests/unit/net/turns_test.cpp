#include "net/turns.hpp"

#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace rendezvous::net {
namespace {

class Turns : public testing::Test {
protected:
    turns::job note(std::string name)
    {
        return [this, name = std::move(name)] { served.push_back(name); };
    }

    /// Everything that can be done without time passing.
    void poll()
    {
        shard.restart();
        shard.poll();
    }

    boost::asio::io_context shard;
    deadline_wheel wheel;
    std::vector<std::string> served;
};

using names = std::vector<std::string>;

TEST_F(Turns, WhoOwesLeastIsNextAndAmongEqualsTheLast)
{
    turns queue(shard, wheel, 1'000);
    queue.newcomer(5, note("five"));
    queue.newcomer(1, note("one, early"));
    queue.newcomer(1, note("one, late"));
    poll();
    EXPECT_EQ(served, (names{"one, late", "one, early", "five"}));
}

TEST_F(Turns, OneJobAtATimeBetweenWhatElseTheShardHasToDo)
{
    turns queue(shard, wheel, 1'000);
    queue.pipelined(1, note("second request"));
    queue.pipelined(2, note("third request"));
    EXPECT_TRUE(served.empty()) << "not from within the call";
    boost::asio::post(shard, note("somebody in a call"));
    poll();
    EXPECT_EQ(served, (names{"second request", "somebody in a call", "third request"}));
}

TEST_F(Turns, BeyondTheRateNewcomersWaitAndRequestsDoNot)
{
    turns queue(shard, wheel, 2);
    for (int i = 0; i < 3; ++i) queue.newcomer(0, note("newcomer"));
    queue.pipelined(0, note("request"));
    poll();
    EXPECT_EQ(std::count(served.begin(), served.end(), "newcomer"), 2);
    EXPECT_EQ(std::count(served.begin(), served.end(), "request"), 1);
    for (int i = 0; i < 12; ++i) {
        wheel.tick();
        poll();
    }
    EXPECT_EQ(std::count(served.begin(), served.end(), "newcomer"), 3);
}

TEST_F(Turns, WhoOwesMuchLeavesSomeOfTheRateToOthers)
{
    turns queue(shard, wheel, 100);
    for (int i = 0; i < 100; ++i) queue.newcomer(turns::debt_large, note("struck"));
    poll();
    EXPECT_EQ(served.size(), 50U);
    for (int i = 0; i < 100; ++i) queue.newcomer(turns::debt_small, note("many strangers"));
    poll();
    EXPECT_EQ(served.size(), 75U);
    for (int i = 0; i < 100; ++i) queue.newcomer(1, note("good"));
    poll();
    EXPECT_EQ(served.size(), 100U);
    EXPECT_EQ(served.back(), "good");
}

TEST_F(Turns, AreDroppedAtTheEnd)
{
    turns queue(shard, wheel, 1'000);
    auto const held = std::make_shared<int>(0);
    queue.newcomer(0, [held] {});
    queue.pipelined(0, [held] {});
    queue.clear();
    EXPECT_EQ(held.use_count(), 1);
    poll();
}

} // namespace
} // namespace rendezvous::net
