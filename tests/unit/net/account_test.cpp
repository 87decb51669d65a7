#include "net/account.hpp"

#include <gtest/gtest.h>

namespace rendezvous::net {
namespace {

TEST(Account, EveryRouteUnderApiHasAnActionAndNoneOutside)
{
    for (auto const& r : routes()) {
        auto const action = action_of(r);
        EXPECT_EQ(action.empty(), !r.pattern.starts_with("/api/")) << r.pattern;
        EXPECT_LE(action.size(), 64u) << r.pattern;
        EXPECT_EQ(action.find_first_of("{}/"), std::string::npos) << action;
    }
}

TEST(Account, NamesObjectsThatAreIdsOnly)
{
    route const appointment{http_method::get, "/api/appointments/{id}", open_to_all, nullptr};
    route const call{http_method::get, "/api/calls/{callId}", open_to_all, nullptr};
    route const invite{http_method::post, "/api/invites/{code}/redeem", open_to_all, nullptr};
    EXPECT_EQ(object_of(appointment, {"8123"}), "appointment:8123");
    EXPECT_EQ(object_of(appointment, {"8123' OR 1=1"}), "");
    EXPECT_EQ(object_of(call, {"01900000-0000-7000-8000-000000000001"}), "call:01900000-0000-7000-8000-000000000001");
    EXPECT_EQ(object_of(call, {"../etc"}), "");
    EXPECT_EQ(object_of(invite, {"a-secret-code"}), "");
}

TEST(Account, KeepsTheNetworkOfAnAddressAndNotTheAddress)
{
    EXPECT_EQ(ip_prefix("192.0.2.77"), "192.0.2.0/24");
    EXPECT_EQ(ip_prefix("2001:db8:1:2:3::4"), "2001:db8:1::/48");
    EXPECT_EQ(ip_prefix("::ffff:192.0.2.77"), "192.0.2.0/24");
    EXPECT_EQ(ip_prefix("nonsense"), "");
}

} // namespace
} // namespace rendezvous::net
