#pragma once

#include "rendezvous/base/metrics.hpp"
#include "rendezvous/outbound/webhook_worker.hpp"

#include <optional>
#include <string>

namespace rendezvous::outbound {

/// How one attempt ended: with an answer, or with the error of who asked.
struct attempt_end {
    unsigned status = 0; ///< 0: no answer
    base::errc error = base::errc::ok;
    std::optional<std::string> retry_after; ///< the header, as it came
};

/// What follows from it.
struct judgement {
    service::delivery_outcome outcome;
    /// The webhook is sent nothing until then: it said that it is asked too much.
    std::optional<base::utc_time> quiet_until;
    base::metrics::delivery_outcome counted{};
    std::optional<base::metrics::disable_reason> disabled;
};

/// The request of one attempt at `now`: Standard Webhooks headers with a signature by each valid
/// secret, CloudEvents headers in binary mode, and the event as `{type, timestamp, data}`.
service::http_ask make_request(webhook_options const& options, service::webhook_row const& to,
    service::delivery_row const& what, base::utc_time now);

/// `random`: 0 to 1; up to a fifth of the time to the next attempt is added by it.
judgement judge(webhook_options const& options, service::webhook_row const& to, service::delivery_row const& what,
    attempt_end const& how, base::utc_time now, double random);

} // namespace rendezvous::outbound
