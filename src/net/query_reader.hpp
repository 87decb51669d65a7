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

    void read_page(std::size_t& rows_max, std::optional<std::string>& after)
    {
        after = call_.query("after");
        auto const text = call_.query("limit");
        if (!text) return;
        auto const* end = text->data() + text->size();
        auto const [at, error] = std::from_chars(text->data(), end, rows_max);
        if (error != std::errc{} || at != end || rows_max < 1 || rows_max > base::limits::page_rows_max)
            fail("limit", "a number from 1 to 200 is expected");
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
