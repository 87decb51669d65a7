#pragma once

#include "rendezvous/base/clock.hpp"
#include "rendezvous/call/words.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rendezvous::protocol {

/// Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_quoted(std::string& out, std::string_view text);

/// Puts JSON together by appending. Member names are literals that need no escaping. The caller
/// keeps braces in balance; commas are the writer's business.
class json_writer {
public:
    explicit json_writer(std::size_t reserve) { out_.reserve(reserve); }

    json_writer& begin_object()
    {
        comma();
        out_ += '{';
        return *this;
    }
    json_writer& begin_array()
    {
        comma();
        out_ += '[';
        return *this;
    }
    json_writer& end_object()
    {
        out_ += '}';
        return *this;
    }
    json_writer& end_array()
    {
        out_ += ']';
        return *this;
    }
    json_writer& key(std::string_view name)
    {
        comma();
        out_ += '"';
        out_ += name;
        out_ += "\":";
        return *this;
    }
    /// An element, or the value behind a key.
    json_writer& text(std::string_view value)
    {
        comma();
        append_quoted(out_, value);
        return *this;
    }
    /// Appends JSON as it is.
    json_writer& raw(std::string_view json)
    {
        comma();
        out_ += json;
        return *this;
    }

    /// A string that needs no escaping, such as our own ids and words.
    json_writer& plain(std::string_view name, std::string_view value)
    {
        key(name);
        out_ += '"';
        out_ += value;
        out_ += '"';
        return *this;
    }
    json_writer& text(std::string_view name, std::string_view value) { return key(name).text(value); }
    json_writer& raw(std::string_view name, std::string_view json) { return key(name).raw(json); }
    json_writer& null(std::string_view name) { return key(name).raw("null"); }
    json_writer& flag(std::string_view name, bool value) { return key(name).raw(value ? "true" : "false"); }
    json_writer& number(std::string_view name, std::uint64_t value)
    {
        std::array<char, 20> digits;
        auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        return key(name).raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    json_writer& span_ms(std::string_view name, base::milliseconds span)
    {
        return key(name).raw(std::to_string(span.count()));
    }
    /// Whole seconds, rounded down, never negative.
    json_writer& span_s(std::string_view name, base::milliseconds span)
    {
        return number(name, span.count() > 0 ? static_cast<std::uint64_t>(span.count()) / 1000 : 0);
    }
    json_writer& time(std::string_view name, base::utc_time at) { return text(name, base::to_rfc3339(at)); }
    json_writer& time_if(std::string_view name, std::optional<base::utc_time> const& at)
    {
        return at ? time(name, *at) : *this;
    }
    json_writer& time_or_null(std::string_view name, std::optional<base::utc_time> const& at)
    {
        return at ? time(name, *at) : null(name);
    }
    template <class Enum>
    json_writer& word(std::string_view name, Enum value)
    {
        return text(name, call::to_word(value));
    }

    std::string take() { return std::move(out_); }

private:
    /// A brace, bracket or colon at the end can only be one that was just opened: a finished value
    /// ends in none of them.
    void comma()
    {
        if (out_.empty()) return;
        char const last = out_.back();
        if (last != '{' && last != '[' && last != ':') out_ += ',';
    }

    std::string out_;
};

} // namespace rendezvous::protocol
