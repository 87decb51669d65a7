#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

/// Structured log lines: an event name and key-value fields, as text or as one JSON object per
/// line on standard error. Never a token, SDP, candidate, chat text or person's name: callers pass
/// ids, codes, counts and times only. Thread: any. Lines below the level cost one comparison.
namespace rendezvous::base::log {

enum class level { debug, info, warn, error, off };
enum class format { text, json };

/// One field; numbers are written without quotes in JSON.
struct field {
    field(std::string_view k, std::string_view v) : key(k), value(v), quoted(true) {}
    field(std::string_view k, char const* v) : key(k), value(v), quoted(true) {}
    field(std::string_view k, std::string const& v) : key(k), value(v), quoted(true) {}
    field(std::string_view k, std::int64_t v) : key(k), value(std::to_string(v)) {}
    field(std::string_view k, std::uint64_t v) : key(k), value(std::to_string(v)) {}
    field(std::string_view k, int v) : key(k), value(std::to_string(v)) {}
    field(std::string_view k, unsigned v) : key(k), value(std::to_string(v)) {}
    field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}

    std::string_view key;
    std::string value;
    bool quoted = false;
};

using fields = std::initializer_list<field>;

/// Called once at start, before threads exist.
void configure(level least, format shape);
/// Changes the level while running. Thread: any.
void set_level(level least);
bool enabled(level at) noexcept;

void debug(std::string_view event, fields list = {});
void info(std::string_view event, fields list = {});
void warn(std::string_view event, fields list = {});
void error(std::string_view event, fields list = {});

} // namespace rendezvous::base::log
