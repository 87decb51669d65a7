#include "rendezvous/base/clock.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>

namespace rendezvous::base {
namespace {

std::int64_t read_ms(clockid_t id)
{
    timespec ts{};
    ::clock_gettime(id, &ts);
    return std::int64_t{ts.tv_sec} * 1000 + ts.tv_nsec / 1'000'000;
}

/// Reads exactly `count` digits at `pos` and moves behind them; -1 if they are not there.
int digits(std::string_view text, std::size_t& pos, std::size_t count)
{
    if (pos + count > text.size()) return -1;
    int value = 0;
    for (std::size_t end = pos + count; pos < end; ++pos) {
        if (text[pos] < '0' || text[pos] > '9') return -1;
        value = value * 10 + (text[pos] - '0');
    }
    return value;
}

bool literal(std::string_view text, std::size_t& pos, char wanted)
{
    if (pos >= text.size() || text[pos] != wanted) return false;
    ++pos;
    return true;
}

/// Fraction of a second in milliseconds; further digits are read and dropped.
std::optional<int> fraction_ms(std::string_view text, std::size_t& pos)
{
    if (pos >= text.size() || text[pos] != '.') return 0;
    int value = 0;
    int weight = 100;
    auto const first = ++pos;
    for (; pos < text.size() && text[pos] >= '0' && text[pos] <= '9'; ++pos) {
        value += (text[pos] - '0') * weight;
        weight /= 10;
    }
    if (pos == first || pos - first > 9) return std::nullopt;
    return value;
}

std::optional<std::chrono::minutes> offset(std::string_view text, std::size_t& pos)
{
    if (pos >= text.size()) return std::nullopt;
    char const sign = text[pos++];
    if (sign == 'Z' || sign == 'z') return std::chrono::minutes{0};
    if (sign != '+' && sign != '-') return std::nullopt;
    int const hours = digits(text, pos, 2);
    if (!literal(text, pos, ':')) return std::nullopt;
    int const minutes = digits(text, pos, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
    auto const span = std::chrono::minutes{hours * 60 + minutes};
    return sign == '-' ? -span : span;
}

} // namespace

instant system_clock::now() const
{
    return {from_ms(read_ms(CLOCK_REALTIME)), boot_time{read_ms(CLOCK_BOOTTIME)}};
}

std::chrono::microseconds monotonic_time()
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::chrono::seconds{now.tv_sec} + std::chrono::microseconds{now.tv_nsec / 1'000};
}

std::string const& boot_id()
{
    static std::string const id = [] {
        std::string text;
        std::ifstream("/proc/sys/kernel/random/boot_id") >> text;
        return text;
    }();
    return id;
}

std::pair<utc_time, utc_time> local_day(utc_time at)
{
    auto const seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
    std::time_t const time{seconds};
    std::tm parts{};
    ::localtime_r(&time, &parts);
    parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
    parts.tm_isdst = -1;
    std::tm next = parts;
    ++next.tm_mday;
    return {from_ms(std::int64_t{::mktime(&parts)} * 1000), from_ms(std::int64_t{::mktime(&next)} * 1000)};
}

std::string to_rfc3339(utc_time at)
{
    using namespace std::chrono;
    auto const day = floor<days>(at);
    year_month_day const date{day};
    hh_mm_ss const time{at - day};
    std::array<char, 40> out{};
    std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int(date.year()),
        unsigned(date.month()), unsigned(date.day()), int(time.hours().count()), int(time.minutes().count()),
        int(time.seconds().count()), int(time.subseconds().count()));
    return out.data();
}

std::optional<utc_time> from_rfc3339(std::string_view text)
{
    using namespace std::chrono;
    std::size_t pos = 0;
    int const y = digits(text, pos, 4);
    bool ok = literal(text, pos, '-');
    int const mo = digits(text, pos, 2);
    ok = ok && literal(text, pos, '-');
    int const d = digits(text, pos, 2);
    ok = ok && (literal(text, pos, 'T') || literal(text, pos, 't'));
    int const h = digits(text, pos, 2);
    ok = ok && literal(text, pos, ':');
    int const mi = digits(text, pos, 2);
    ok = ok && literal(text, pos, ':');
    int const s = digits(text, pos, 2);
    if (!ok || y < 1 || mo < 0 || d < 0 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59) return std::nullopt;
    year_month_day const date{year{y}, month{unsigned(mo)}, day{unsigned(d)}};
    auto const ms = fraction_ms(text, pos);
    if (!date.ok() || !ms) return std::nullopt;
    auto const zone = offset(text, pos);
    if (!zone || pos != text.size()) return std::nullopt;
    auto const at = utc_time{sys_days{date}} + hours{h} + minutes{mi} + seconds{s} + milliseconds{*ms} - *zone;
    // The offset may carry a time over either end of the calendar, where it could not be written again.
    if (at < utc_time{sys_days{year{1} / 1 / 1}} || at >= utc_time{sys_days{year{10000} / 1 / 1}}) return std::nullopt;
    return at;
}

} // namespace rendezvous::base
