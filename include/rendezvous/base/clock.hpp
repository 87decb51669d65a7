#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rendezvous::base {

using milliseconds = std::chrono::milliseconds;

/// A point in UTC with millisecond precision: what is stored and shown.
using utc_time = std::chrono::sys_time<milliseconds>;

/// Time since boot, suspended time included (CLOCK_BOOTTIME): what spans are measured with,
/// so that a stepped wall clock never makes a call longer, shorter or negative.
using boot_time = std::chrono::duration<std::int64_t, std::milli>;

/// One reading of both clocks. The domain gets it as an argument and never asks for it.
struct instant {
    utc_time utc{};
    boot_time boot{};
};

inline instant operator+(instant at, milliseconds span)
{
    return {at.utc + span, at.boot + span};
}

/// The only place that asks the machine what time it is. Thread: any.
class clock {
public:
    virtual ~clock() = default;
    virtual instant now() const = 0;
};

/// The machine's own clocks. Thread: any.
class system_clock final : public clock {
public:
    instant now() const override;
};

/// A clock that stands still until it is moved; for tests and the simulation.
/// Thread: one at a time.
class manual_clock final : public clock {
public:
    explicit manual_clock(utc_time start) : now_{start, boot_time{1'000'000}} {}
    instant now() const override { return now_; }
    void advance(milliseconds span) { now_ = now_ + span; }
    /// Steps the wall clock only, as a time server would.
    void step_wall(milliseconds span) { now_.utc += span; }

private:
    instant now_;
};

/// CLOCK_MONOTONIC, as systemd wants it with RELOADING=1.
std::chrono::microseconds monotonic_time();

/// Which boot of the machine this is (Linux: /proc/sys/kernel/random/boot_id): boot times of two
/// processes can be compared as long as it is the same. Empty where the system does not say.
std::string const& boot_id();

/// The calendar day around `at` in the machine's own time zone (TZ): its first instant and that
/// of the next day.
std::pair<utc_time, utc_time> local_day(utc_time at);

/// RFC 3339 in UTC with milliseconds: `2026-11-20T14:00:00.000Z`.
std::string to_rfc3339(utc_time at);

/// Reads RFC 3339 date-times, any offset, fractions cut to milliseconds; nothing else
/// (no space for `T`, no missing zone). Years 0001 to 9999.
std::optional<utc_time> from_rfc3339(std::string_view text);

/// Milliseconds since 1970 as the database keeps them, and back.
inline std::int64_t to_ms(utc_time at)
{
    return at.time_since_epoch().count();
}
inline utc_time from_ms(std::int64_t ms)
{
    return utc_time{milliseconds{ms}};
}

} // namespace rendezvous::base
