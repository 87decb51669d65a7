#include "delivery_rules.hpp"

#include "signature.hpp"

#include <algorithm>
#include <charconv>
#include <curl/curl.h>

namespace rendezvous::outbound {
namespace {

using base::milliseconds;
using service::delivery_state;
using service::webhook_effect;

constexpr double jitter_share = 0.2;
constexpr milliseconds hour{3'600'000};
constexpr milliseconds retry_after_max = 24 * hour;
constexpr milliseconds quiet_max = hour;            ///< when the receiver says how long
constexpr milliseconds quiet_unasked_max{60'000};   ///< when it only says that it is too much
constexpr milliseconds failing_max = 5 * 24 * hour; ///< then the webhook is given up
constexpr std::size_t answer_bytes_max = 65'536;

bool is_success(attempt_end const& how)
{
    return how.status >= 200 && how.status < 300;
}

/// Seconds, or a date (RFC 9110 10.2.3); nothing for what is neither, or over.
std::optional<milliseconds> wait_asked_for(attempt_end const& how, base::utc_time now)
{
    if (!how.retry_after) return std::nullopt;
    auto const& text = *how.retry_after;
    std::int64_t seconds = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size()) {
        auto const at = curl_getdate(text.c_str(), nullptr);
        if (at < 0) return std::nullopt;
        seconds = std::int64_t{at} - base::to_ms(now) / 1'000;
    }
    if (seconds <= 0) return std::nullopt;
    return std::min(milliseconds{std::min(seconds, retry_after_max.count() / 1'000) * 1'000}, retry_after_max);
}

std::string word_of(base::errc why)
{
    switch (why) {
    case base::errc::ok: return {};
    case base::errc::forbidden: return "target-not-allowed";
    case base::errc::validation: return "bad-url";
    case base::errc::too_large: return "answer-too-large";
    default: return "no-answer";
    }
}

} // namespace

service::http_ask make_request(webhook_options const& options, service::webhook_row const& to,
    service::delivery_row const& what, base::utc_time now)
{
    auto const& event = what.event;
    auto const happened = base::to_rfc3339(event.at);
    auto const timestamp = base::to_ms(now) / 1'000;
    service::http_ask out;
    out.method = "POST";
    out.url = to.url;
    out.body = R"({"type":")" + event.type + R"(","timestamp":")" + happened + R"(","data":)" + event.data + "}";
    auto signatures = sign(to.secret, event.id, timestamp, out.body);
    if (to.previous_until && now < *to.previous_until) {
        auto const previous = sign(to.previous_secret, event.id, timestamp, out.body);
        if (!previous.empty()) signatures += ' ' + previous;
    }
    out.headers = {{"Content-Type", "application/json"}, {"webhook-id", event.id},
        {"webhook-timestamp", std::to_string(timestamp)}, {"webhook-signature", signatures}, {"ce-specversion", "1.0"},
        {"ce-id", event.id}, {"ce-type", event.type}, {"ce-source", options.source}, {"ce-time", happened}};
    out.timeout = options.timeout;
    out.body_bytes_max = answer_bytes_max;
    out.private_hosts = options.private_hosts;
    return out;
}

judgement judge(webhook_options const& options, service::webhook_row const& to, service::delivery_row const& what,
    attempt_end const& how, base::utc_time now, double random)
{
    namespace metrics = base::metrics;
    judgement out;
    out.outcome = {to.id, what.event.id, now, delivery_state::delivered, now, how.status, word_of(how.error),
        webhook_effect::healthy};
    out.counted = metrics::delivery_outcome::delivered;
    if (is_success(how)) return out;

    auto const made = std::size_t{what.attempts} + 1;
    bool const gone = how.status == 410;
    bool const too_long = to.failing_since && now - *to.failing_since >= failing_max;
    bool const last = gone || made >= options.retry.size();
    out.outcome.state = last ? delivery_state::dead : delivery_state::pending;
    out.outcome.effect = last ? webhook_effect::failing : webhook_effect::none;
    out.counted = last ? metrics::delivery_outcome::dead : metrics::delivery_outcome::retried;
    if (gone || too_long) {
        out.outcome.effect = webhook_effect::disabled;
        out.disabled = gone ? metrics::disable_reason::gone : metrics::disable_reason::failing;
    }
    auto const planned = options.retry[std::min(made, options.retry.size() - 1)];
    auto const wait =
        planned + milliseconds{static_cast<std::int64_t>(static_cast<double>(planned.count()) * jitter_share * random)};
    auto const asked = wait_asked_for(how, now);
    if (!last) out.outcome.next_at = now + std::max(wait, asked.value_or(milliseconds{0}));
    bool const too_much = how.status == 429 || how.status == 502 || how.status == 504;
    if (asked)
        out.quiet_until = now + std::min(*asked, quiet_max);
    else if (too_much)
        out.quiet_until = now + std::min(wait, quiet_unasked_max);
    return out;
}

} // namespace rendezvous::outbound
