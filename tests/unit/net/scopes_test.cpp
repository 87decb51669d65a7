#include "net/routes.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace rendezvous::net {
namespace {

/// A key with scopes must be able to reach each route that keys are for, by exactly one of them.
TEST(Scopes, CoverEveryRouteThatKeysMayCall)
{
    std::set<std::string_view> const known{"appointments", "tokens", "webhooks", "history", "audit", "subjects"};
    std::set<std::string_view> used;
    for (auto const& r : routes()) {
        if ((r.rights & api_key) == 0) continue;
        EXPECT_TRUE(known.contains(scope_of(r.pattern))) << r.pattern;
        used.insert(scope_of(r.pattern));
    }
    EXPECT_TRUE(used.contains("appointments") && used.contains("tokens") && used.contains("history"));
}

TEST(Scopes, AreThoseOfTheTable)
{
    EXPECT_EQ(scope_of("/api/appointments/{id}/invites"), "appointments");
    EXPECT_EQ(scope_of("/api/tokens/{jti}"), "tokens");
    EXPECT_EQ(scope_of("/api/webhooks/{id}/test"), "webhooks");
    EXPECT_EQ(scope_of("/api/events"), "webhooks");
    EXPECT_EQ(scope_of("/api/calls/{callId}/events"), "history");
    EXPECT_EQ(scope_of("/api/fhir/Appointment/{id}"), "appointments");
    EXPECT_EQ(scope_of("/api/fhir/AuditEvent"), "audit");
    EXPECT_EQ(scope_of("/api/subjects/{userId}"), "subjects");
    EXPECT_EQ(scope_of("/healthz"), "");
}

} // namespace
} // namespace rendezvous::net
