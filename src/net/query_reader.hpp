#pragma once

#include "rest.hpp"

#include <charconv>
#include <string>

namespace rendezvous::net {

/// Reads query parameters into a filter; remembers the first that is wrong.
class query_reader {
public:
    explicit query_reader(rest_call const& c) : call_(c) {}

    void read(std::string_view name, std::optional<base::utc_time>& into)
    {
        if (auto const text = call_.query(name)) {
            into = base::from_rfc3339(*text);
            if (!into) fail(name, "an RFC 3339 time is expected");
        }
    }

    void read(std::string_view name, std::optional<base::user_id>& into)
    {
        if (auto const text = call_.query(name)) {
            into = base::parse_user_id(*text);
            if (!into) fail(name, "a user id is expected");
        }
    }

    void read(std::string_view name, std::optional<base::appointment_id>& into)
    {
        if (auto const text = call_.query(name)) {
            into = base::parse_appointment_id(*text);
            if (!into) fail(name, "an appointment id is expected");
        }
    }

    template <class Enum>
    void read_word(std::string_view name, std::optional<Enum>& into)
    {
        if (auto const text = call_.query(name)) {
            into = call::from_word<Enum>(*text);
            if (!into) fail(name, "unknown value");
        }
    }

    /// Comma separated: any of them.
    template <class Enum>
    void read_words(std::string_view name, std::vector<Enum>& into)
    {
        auto const text = call_.query(name);
        if (!text) return;
        for (std::size_t begin = 0; begin <= text->size();) {
            auto const end = std::min(text->find(',', begin), text->size());
            auto const value = call::from_word<Enum>(std::string_view(*text).substr(begin, end - begin));
            if (!value) return fail(name, "unknown value");
            into.push_back(*value);
            begin = end + 1;
        }
    }

    void read_whole(std::string_view name, std::size_t least, std::size_t most, std::size_t& into)
    {
        auto const text = call_.query(name);
        if (!text) return;
        std::size_t value = 0;
        auto const* end = text->data() + text->size();
        auto const [at, error] = std::from_chars(text->data(), end, value);
        if (error != std::errc{} || at != end || value < least || value > most)
            return fail(
                name, "a number from " + std::to_string(least) + " to " + std::to_string(most) + " is expected");
        into = value;
    }

    void read_page(std::size_t& rows_max, std::optional<std::string>& after)
    {
        after = call_.query("after");
        read_whole("limit", 1, base::limits::page_rows_max, rows_max);
    }

    bool ok() const { return wrong_.empty(); }
    http_response refusal() const { return invalid_query(call_, wrong_, why_); }

private:
    void fail(std::string_view name, std::string why)
    {
        if (!wrong_.empty()) return;
        wrong_ = name;
        why_ = std::move(why);
    }

    rest_call const& call_;
    std::string wrong_;
    std::string why_;
};

} // namespace rendezvous::net
