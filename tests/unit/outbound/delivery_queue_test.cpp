#include "delivery_support.hpp"
#include "outbound/delivery_queue.hpp"

#include <gtest/gtest.h>

namespace rendezvous::outbound_tests {
namespace {

using outbound::delivery_queue;
using strings = std::vector<std::string>;

service::due_work found(std::vector<std::pair<std::string, strings>> const& all)
{
    service::due_work out;
    for (auto const& [id, events] : all) {
        service::webhook_work work{webhook(id), {}};
        for (auto const& event : events) work.due.push_back(delivery(event));
        out.webhooks.push_back(std::move(work));
    }
    return out;
}

strings chosen(delivery_queue& queue, service::due_work const& work, std::int64_t when = 0)
{
    strings out;
    for (auto const& one : queue.choose(work, at(when))) out.push_back(one.to.id + one.what.event.id);
    return out;
}

TEST(DeliveryQueue, SendsSoManyAtATimeToEach)
{
    delivery_queue queue(2);
    auto const work = found({{"w", {"1", "2", "3"}}, {"v", {"1", "2", "3"}}});
    EXPECT_EQ(chosen(queue, work), (strings{"w1", "w2", "v1", "v2"}));
    EXPECT_EQ(chosen(queue, work), strings{}) << "those under way are not sent twice";
    queue.ended("w", "1");
    EXPECT_EQ(chosen(queue, found({{"w", {"2", "3", "4"}}, {"v", {"1", "2", "3"}}})), strings{"w3"});
    EXPECT_GE(queue.look_rows(), 4U) << "those under way hide none";
}

TEST(DeliveryQueue, ASilentReceiverHoldsUpOnlyItself)
{
    delivery_queue queue(1);
    EXPECT_EQ(chosen(queue, found({{"slow", {"1", "2"}}, {"w", {"1", "2"}}})), (strings{"slow1", "w1"}));
    queue.ended("w", "1");
    EXPECT_EQ(chosen(queue, found({{"slow", {"1", "2"}}, {"w", {"2"}}})), strings{"w2"});
}

TEST(DeliveryQueue, KeepsQuietAsLongAsAsked)
{
    delivery_queue queue(2);
    queue.keep_quiet("w", at(10));
    queue.keep_quiet("w", at(5));
    queue.keep_quiet("v", at(20));
    auto const work = found({{"w", {"1"}}, {"v", {"1"}}, {"u", {"1"}}});
    EXPECT_EQ(queue.quiet_until(at(0)), at(10));
    EXPECT_EQ(chosen(queue, work, 9), strings{"u1"});
    EXPECT_EQ(chosen(queue, work, 10), strings{"w1"});
    EXPECT_EQ(queue.quiet_until(at(10)), at(20));
    EXPECT_EQ(queue.quiet_until(at(20)), std::nullopt);
}

} // namespace
} // namespace rendezvous::outbound_tests
