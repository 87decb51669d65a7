#include "net/admission.hpp"
#include "net/deadline_wheel.hpp"
#include "net/origins.hpp"
#include "net/peer_address.hpp"
#include "net/send_queue.hpp"
#include "net/token_bucket.hpp"

#include <gtest/gtest.h>

namespace rendezvous::net {
namespace {

using base::milliseconds;

constexpr std::size_t sockets_max = 100'000;

std::shared_ptr<std::string const> text(std::size_t size)
{
    return std::make_shared<std::string const>(size, 'x');
}

TEST(SendQueue, IsBoundedInBytes)
{
    send_queue queue(100);
    EXPECT_TRUE(queue.push(text(60)));
    EXPECT_TRUE(queue.push(text(40)));
    EXPECT_FALSE(queue.push(text(1)));
    queue.pop();
    EXPECT_EQ(queue.bytes(), 40U);
    EXPECT_TRUE(queue.push(text(60)));
    EXPECT_FALSE(queue.push(text(std::size_t(-1) >> 40)));
}

TEST(SendQueue, DropsAllButWhatIsBeingWritten)
{
    send_queue queue(100);
    auto const first = text(10);
    queue.push(first);
    queue.push(text(20));
    queue.push(text(30));
    queue.drop_waiting();
    EXPECT_EQ(queue.bytes(), 10U);
    EXPECT_EQ(&queue.front(), first.get());
    queue.pop();
    EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, DoesNotCountWhatIsReplayed)
{
    send_queue queue(100);
    queue.push_replay(text(300));
    queue.push_replay(text(300));
    EXPECT_EQ(queue.bytes(), 0U);
    EXPECT_TRUE(queue.push(text(100)));
    EXPECT_FALSE(queue.push(text(1)));
    queue.pop();
    EXPECT_EQ(queue.bytes(), 100U);
    EXPECT_EQ(queue.front().size(), 300U);
    queue.drop_waiting();
    EXPECT_EQ(queue.bytes(), 0U);
    queue.pop();
    EXPECT_TRUE(queue.empty());
}

TEST(TokenBucket, GivesABurstAndThenARate)
{
    token_bucket bucket(50, 200);
    int taken = 0;
    while (bucket.take(milliseconds{0})) ++taken;
    EXPECT_EQ(taken, 200);
    EXPECT_FALSE(bucket.take(milliseconds{19}));
    EXPECT_TRUE(bucket.take(milliseconds{20}));
    EXPECT_FALSE(bucket.take(milliseconds{20}));
    taken = 0;
    while (bucket.take(milliseconds{1'020})) ++taken;
    EXPECT_EQ(taken, 50);
    taken = 0;
    while (bucket.take(milliseconds{1'000'000})) ++taken;
    EXPECT_EQ(taken, 200);
}

TEST(Admission, CountsSocketsPerAddress)
{
    base::limits limits;
    limits.sockets_per_ip = 2;
    admission gate(limits, sockets_max);
    using verdict = admission::verdict;
    EXPECT_EQ(gate.enter("a"), verdict::welcome);
    EXPECT_EQ(gate.enter("a"), verdict::welcome);
    EXPECT_EQ(gate.enter("a"), verdict::refuse);
    EXPECT_EQ(gate.enter("b"), verdict::welcome);
    gate.leave("a", false);
    gate.leave("a", false);
    EXPECT_EQ(gate.enter("a"), verdict::welcome);
    gate.leave("a", false);
    gate.leave("a", false);
    gate.leave("b", false);
    EXPECT_EQ(gate.addresses(), 0U);
}

TEST(Admission, CutsWhoIgnoresRefusals)
{
    base::limits limits;
    limits.sockets_per_ip = 4;
    admission gate(limits, sockets_max);
    int entered = 0;
    while (gate.enter("a") != admission::verdict::cut) ++entered;
    EXPECT_EQ(entered, 13);
    for (int i = 0; i < entered; ++i) gate.leave("a", false);
    EXPECT_EQ(gate.addresses(), 0U);
}

TEST(Admission, CountsWhoHasNotRegistered)
{
    base::limits limits;
    limits.sockets_per_ip = 20;
    admission gate(limits, sockets_max);
    using verdict = admission::verdict;
    for (int i = 0; i < 20; ++i) EXPECT_EQ(gate.enter("a"), verdict::welcome);
    for (int i = 0; i < 10; ++i) gate.settle("a");
    EXPECT_EQ(gate.unregistered(), 10U);
    EXPECT_EQ(gate.enter("a"), verdict::refuse) << "registered or not, there are twenty";
    for (int i = 0; i < 11; ++i) gate.leave("a", false);
    for (int i = 0; i < 10; ++i) gate.leave("a", true);
    EXPECT_EQ(gate.addresses(), 0U);
    EXPECT_EQ(gate.unregistered(), 0U);
}

/// Two hundred addresses that only ever open connections leave places to everybody else.
TEST(Admission, LeavesRoomBesideManyStrangers)
{
    base::limits limits;
    admission gate(limits, 2'000);
    using verdict = admission::verdict;
    for (int round = 0; round < 600; ++round)
        for (int address = 0; address < 200; ++address) gate.enter("stranger " + std::to_string(address));
    EXPECT_LE(gate.unregistered(), 1'000U) << "half of all sockets";
    for (int address = 0; address < 200; ++address) gate.leave("stranger " + std::to_string(address), false);
    EXPECT_EQ(gate.enter("a guest"), verdict::welcome);
}

TEST(Admission, GivesAnAddressFewPlacesOnceManyAreTaken)
{
    base::limits limits;
    admission gate(limits, sockets_max);
    using verdict = admission::verdict;
    std::size_t const many = base::limits::unregistered_max / 2;
    for (std::size_t i = 0; i < many; ++i) EXPECT_EQ(gate.enter("address " + std::to_string(i)), verdict::welcome);
    for (std::size_t i = 0; i < limits.sockets_per_ip / base::limits::unregistered_share_when_many; ++i)
        EXPECT_EQ(gate.enter("greedy"), verdict::welcome);
    EXPECT_EQ(gate.enter("greedy"), verdict::refuse);
    EXPECT_EQ(gate.enter("newcomer"), verdict::welcome);
}

TEST(Admission, RemembersForAWhileWhoWasLate)
{
    base::limits limits;
    admission gate(limits, sockets_max);
    gate.enter("late");
    gate.enter("good");
    EXPECT_EQ(gate.debt("late", milliseconds{0}), gate.debt("good", milliseconds{0}));
    gate.strike("late", milliseconds{0});
    gate.leave("late", false);
    EXPECT_GT(gate.debt("late", milliseconds{5'000}), gate.debt("good", milliseconds{5'000}));
    EXPECT_EQ(gate.debt("late", milliseconds{30'000}), 0U);
}

TEST(DeadlineWheel, FiresOnceAndNeverEarly)
{
    deadline_wheel wheel;
    int fired = 0;
    deadline one(wheel, [&fired] { ++fired; });
    for (auto const span : {milliseconds{0}, milliseconds{1}, milliseconds{120}, milliseconds{60'000}}) {
        fired = 0;
        auto const armed_at = wheel.now();
        one.arm(span);
        while (fired == 0) wheel.tick();
        EXPECT_GE(wheel.now() - armed_at, span);
        EXPECT_LE(wheel.now() - armed_at, span + 2 * deadline_wheel::tick_span);
        for (int i = 0; i < 600; ++i) wheel.tick();
        EXPECT_EQ(fired, 1);
    }
}

TEST(DeadlineWheel, CanBeRearmedDisarmedAndDestroyed)
{
    deadline_wheel wheel;
    int fired = 0;
    deadline later(wheel, [&fired] { ++fired; });
    auto gone = std::make_unique<deadline>(wheel, [&fired] { fired += 100; });
    deadline killer(wheel, [&] {
        gone.reset();
        later.disarm();
    });
    killer.arm(milliseconds{10});
    gone->arm(milliseconds{10});
    later.arm(milliseconds{10});
    for (int i = 0; i < 10; ++i) wheel.tick();
    EXPECT_EQ(fired, 0);
    later.arm(milliseconds{50});
    later.arm(milliseconds{1'000});
    for (int i = 0; i < 10; ++i) wheel.tick();
    EXPECT_EQ(fired, 0);
    for (int i = 0; i < 20; ++i) wheel.tick();
    EXPECT_EQ(fired, 1);
}

TEST(Origins, AreComparedWhole)
{
    origin_rules const rules("https://Calls.Example:443/path", {"https://booking.example", "http://localhost:3000/"});
    EXPECT_TRUE(rules.may_connect("https://calls.example"));
    EXPECT_TRUE(rules.may_connect("https://booking.example"));
    EXPECT_TRUE(rules.may_connect("http://localhost:3000"));
    for (auto const* const bad : {"null", "", "https://calls.example.evil", "https://calls.example:8443",
             "http://calls.example", "https://evil-calls.example", "https://calls.example/", "https://a@calls.example"})
        EXPECT_FALSE(rules.may_connect(bad)) << bad;
    EXPECT_FALSE(rules.may_read("https://calls.example"));
    EXPECT_TRUE(rules.may_read("https://booking.example"));
    EXPECT_FALSE(origin_rules("nonsense", {"*", "null", ""}).may_connect("null"));
    EXPECT_FALSE(origin_rules("", {}).may_connect(""));
}

TEST(PeerAddress, CountsIpv6ByNetwork)
{
    auto const key = [](char const* address) { return address_key(boost::asio::ip::make_address(address)); };
    EXPECT_EQ(key("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(key("::ffff:192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::1"));
    EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
}

TEST(PeerAddress, BelievesTrustedProxiesOnly)
{
    auto const peer = [](char const* address) { return boost::asio::ip::make_address(address); };
    address_blocks const trusted({"10.0.0.0/8", "2001:db8::/32", "192.0.2.7"});
    auto const client = [&](char const* from, std::optional<std::string_view> forwarded) {
        return client_address(peer(from), forwarded, trusted).to_string();
    };
    EXPECT_EQ(client("203.0.113.5", "198.51.100.1"), "203.0.113.5");
    EXPECT_EQ(client("10.1.2.3", "198.51.100.1"), "198.51.100.1");
    EXPECT_EQ(client("10.1.2.3", "6.6.6.6, 198.51.100.1 ,10.9.9.9"), "198.51.100.1");
    EXPECT_EQ(client("10.1.2.3", "6.6.6.6, nonsense"), "10.1.2.3");
    EXPECT_EQ(client("10.1.2.3", std::nullopt), "10.1.2.3");
    EXPECT_EQ(client("192.0.2.7", "192.0.2.8"), "192.0.2.8");
    EXPECT_EQ(client("192.0.2.8", "192.0.2.9"), "192.0.2.8");
    EXPECT_EQ(client("2001:db8::1", "2001:db9::1"), "2001:db9::1");
    EXPECT_EQ(client("::ffff:10.0.0.1", "198.51.100.1"), "198.51.100.1");
    EXPECT_THROW(address_blocks({"10.0.0.0/33"}), std::runtime_error);
    EXPECT_THROW(address_blocks({"10.0.0.0/"}), std::runtime_error);
    EXPECT_THROW(address_blocks({"proxy.example"}), std::runtime_error);
}

} // namespace
} // namespace rendezvous::net
