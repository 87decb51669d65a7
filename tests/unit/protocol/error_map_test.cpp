#include "rendezvous/protocol/error_map.hpp"

#include <gtest/gtest.h>
#include <set>
#include <string>

namespace rendezvous::protocol {
namespace {

using base::errc;

TEST(ErrorMap, HasALineForEveryError)
{
    for (int value = 1; value <= static_cast<int>(errc::internal); ++value) {
        auto const code = static_cast<errc>(value);
        auto const& line = describe(code);
        EXPECT_EQ(line.code, code) << value;
        EXPECT_FALSE(line.wire.empty());
        EXPECT_FALSE(line.title.empty());
        EXPECT_TRUE(line.http_status >= 400 && line.http_status < 600) << value;
        EXPECT_TRUE(line.close_code == 1009 || line.close_code == 1011 || line.close_code >= 4000) << value;
        EXPECT_NE(close_text(line.close_code), "") << value;
    }
    EXPECT_EQ(describe(errc::ok).code, errc::internal);
    EXPECT_EQ(describe(static_cast<errc>(9999)).code, errc::internal);
}

TEST(ErrorMap, UsesOnlyTheDocumentedCodes)
{
    std::set<std::string_view> const documented = {"bad-json", "bad-field", "unknown-type", "not-registered",
        "unauthenticated", "token-expired", "forbidden", "not-found", "not-admitted", "outside-window",
        "payment-required", "appointment-closed", "no-call", "call-ended", "already-answered", "in-call-elsewhere",
        "peer-absent", "busy", "room-full", "illegal-transition", "rate-limited", "too-large", "too-many-candidates",
        "origin-not-allowed", "idempotency-key-reused", "idempotency-in-progress", "version-mismatch",
        "connector-disabled", "connector-unavailable", "draining", "store-unavailable", "validation",
        "unsupported-media-type", "gone", "internal"};
    std::set<std::string_view> used;
    for (int value = 1; value <= static_cast<int>(errc::internal); ++value)
        used.insert(wire_code(static_cast<errc>(value)));
    EXPECT_EQ(used, documented);
}

TEST(ErrorMap, KeepsTheStatusesOfTheRestDoor)
{
    std::pair<errc, int> const statuses[] = {{errc::bad_json, 400}, {errc::unauthenticated, 401},
        {errc::token_expired, 401}, {errc::token_invalid, 401}, {errc::payment_required, 402}, {errc::forbidden, 403},
        {errc::outside_window, 403}, {errc::not_admitted, 403}, {errc::origin_not_allowed, 403}, {errc::not_found, 404},
        {errc::method_not_allowed, 405}, {errc::no_call, 409}, {errc::call_ended, 409}, {errc::in_call_elsewhere, 409},
        {errc::room_full, 409}, {errc::appointment_closed, 410}, {errc::gone, 410}, {errc::version_mismatch, 412},
        {errc::too_large, 413}, {errc::unsupported_media_type, 415}, {errc::validation, 422}, {errc::rate_limited, 429},
        {errc::internal, 500}, {errc::store_unavailable, 503}, {errc::draining, 503}};
    for (auto const& [code, status] : statuses) EXPECT_EQ(describe(code).http_status, status) << wire_code(code);
}

TEST(ErrorMap, ClosesRefusedRegistersWithTheDocumentedCodes)
{
    std::pair<errc, int> const codes[] = {{errc::bad_json, 4400}, {errc::bad_field, 4400}, {errc::unknown_type, 4400},
        {errc::not_registered, 4401}, {errc::unauthenticated, 4422}, {errc::token_invalid, 4422},
        {errc::token_expired, 4200}, {errc::forbidden, 4403}, {errc::not_found, 4403}, {errc::appointment_closed, 4103},
        {errc::rate_limited, 4429}, {errc::draining, 4300}, {errc::store_unavailable, 4301}, {errc::internal, 1011},
        {errc::too_large, 1009}};
    for (auto const& [code, close] : codes) EXPECT_EQ(describe(code).close_code, close) << wire_code(code);
}

TEST(ErrorMap, CallsRetryableWhatPassesByItself)
{
    std::set<errc> const retryable = {errc::rate_limited, errc::too_many_candidates, errc::draining,
        errc::store_unavailable, errc::internal, errc::idempotency_in_progress, errc::connector_unavailable};
    for (int value = 1; value <= static_cast<int>(errc::internal); ++value) {
        auto const code = static_cast<errc>(value);
        EXPECT_EQ(describe(code).retryable, retryable.contains(code)) << wire_code(code);
    }
}

TEST(ErrorMap, NamesTheCloseCodesOfTheRooms)
{
    EXPECT_EQ(close_code_of(call::close_reason::taken_over), 4101);
    EXPECT_EQ(close_code_of(call::close_reason::too_many_devices), 4102);
    EXPECT_EQ(close_code_of(call::close_reason::appointment_closed), 4103);
    EXPECT_EQ(close_code_of(call::close_reason::removed), 4104);
    EXPECT_EQ(close_code_of(call::close_reason::left), 1000);
    EXPECT_EQ(close_text(4101), "taken over");
    EXPECT_EQ(close_text(4999), "closed");
}

} // namespace
} // namespace rendezvous::protocol
