#include "rendezvous/base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace rendezvous::base::log {
namespace {

std::atomic<level> least_level{level::info};
std::atomic<format> shape_now{format::text};

spdlog::logger& logger()
{
    static auto const instance = [] {
        auto made = std::make_shared<spdlog::logger>("rendezvous", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_level(spdlog::level::trace);
        made->flush_on(spdlog::level::warn);
        return made;
    }();
    return *instance;
}

/// Escapes for JSON; also keeps control characters out of text lines (CWE-117).
void append_escaped(std::string& out, std::string_view text)
{
    constexpr std::string_view hex = "0123456789abcdef";
    for (char c : text) {
        auto const u = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (u < 0x20 || u == 0x7f) {
            out += "\\u00";
            out += hex[u >> 4];
            out += hex[u & 15];
        } else {
            out += c;
        }
    }
}

bool plain(std::string_view text)
{
    for (char c : text)
        if (c <= ' ' || c == '"' || c == '\\' || c == '=' || static_cast<unsigned char>(c) >= 0x7f) return false;
    return !text.empty();
}

std::string text_line(std::string_view event, fields list)
{
    std::string out(event);
    for (auto const& f : list) {
        out += ' ';
        out += f.key;
        out += '=';
        bool const bare = plain(f.value);
        if (!bare) out += '"';
        append_escaped(out, f.value);
        if (!bare) out += '"';
    }
    return out;
}

std::string json_tail(std::string_view event, fields list)
{
    std::string out = "\"event\":\"";
    append_escaped(out, event);
    out += '"';
    for (auto const& f : list) {
        out += ",\"";
        append_escaped(out, f.key);
        out += "\":";
        if (f.quoted) out += '"';
        append_escaped(out, f.value);
        if (f.quoted) out += '"';
    }
    return out;
}

void write(level at, spdlog::level::level_enum spd, std::string_view event, fields list)
{
    if (!enabled(at)) return;
    if (shape_now.load(std::memory_order_relaxed) == format::json)
        logger().log(spd, spdlog::string_view_t(json_tail(event, list)));
    else
        logger().log(spd, spdlog::string_view_t(text_line(event, list)));
}

} // namespace

void configure(level least, format shape)
{
    least_level = least;
    shape_now = shape;
    auto const pattern =
        shape == format::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %L %v";
    logger().set_pattern(pattern, spdlog::pattern_time_type::utc);
}

void set_level(level least)
{
    least_level = least;
}

bool enabled(level at) noexcept
{
    return at >= least_level.load(std::memory_order_relaxed);
}

void debug(std::string_view event, fields list)
{
    write(level::debug, spdlog::level::debug, event, list);
}
void info(std::string_view event, fields list)
{
    write(level::info, spdlog::level::info, event, list);
}
void warn(std::string_view event, fields list)
{
    write(level::warn, spdlog::level::warn, event, list);
}
void error(std::string_view event, fields list)
{
    write(level::error, spdlog::level::err, event, list);
}

} // namespace rendezvous::base::log
