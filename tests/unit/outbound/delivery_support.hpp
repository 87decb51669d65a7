#pragma once

#include "outbound/delivery_rules.hpp"

#include <string>

namespace rendezvous::outbound_tests {

using base::milliseconds;

inline base::utc_time at(std::int64_t seconds)
{
    return base::from_ms(1'800'000'000'000 + 1'000 * seconds);
}

inline service::webhook_row webhook(std::string const& id)
{
    service::webhook_row out;
    out.id = id;
    out.url = "https://booking.example/hooks";
    out.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    return out;
}

inline service::delivery_row delivery(std::string const& id, unsigned attempts = 0)
{
    service::delivery_row out;
    out.event = {id, "call.ended", at(0), base::call_id("c"), R"({"callId":"c","seq":1})"};
    out.attempts = attempts;
    return out;
}

/// Attempts at once, after 10 s, after 100 s.
inline outbound::webhook_options options()
{
    outbound::webhook_options out;
    out.source = "https://call.clinic.example";
    out.retry = {milliseconds{0}, milliseconds{10'000}, milliseconds{100'000}};
    out.private_hosts = {"booking.local"};
    return out;
}

} // namespace rendezvous::outbound_tests
