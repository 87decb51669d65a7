#pragma once

#include "rendezvous/base/clock.hpp"
#include "rendezvous/call/words.hpp"
#include "rendezvous/protocol/rest_types.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::protocol {

/// Takes the fields of one JSON object and notes everything that is wrong with it, each with its
/// JSON pointer, so that one answer tells all. `finish` refuses fields that nobody asked for.
class body_reader {
public:
    body_reader(nlohmann::json const& object, std::string pointer, std::vector<field_error>& errors)
        : object_(object),
          pointer_(std::move(pointer)),
          errors_(errors)
    {}

    void refuse(std::string_view name, std::string detail);
    /// Notes a missing field that has to be there.
    void require(std::string_view name);
    bool has(std::string_view name) const { return object_.contains(name); }

    /// The value of a field, whatever it is, or null.
    nlohmann::json const* value(std::string_view name);
    std::optional<std::string> text(std::string_view name);
    /// 1 to `bytes_max` bytes without control characters.
    std::optional<std::string> line(std::string_view name, std::size_t bytes_max);
    std::optional<bool> flag(std::string_view name);
    std::optional<unsigned> whole(std::string_view name, unsigned least, unsigned most);
    std::optional<base::utc_time> time(std::string_view name);
    std::optional<base::user_id> user(std::string_view name);
    template <class Enum>
    std::optional<Enum> word(std::string_view name)
    {
        auto const found = text(name);
        if (!found) return std::nullopt;
        auto const out = call::from_word<Enum>(*found);
        if (!out) refuse(name, one_of(call::word_table<Enum>::words));
        return out;
    }
    void finish();
    std::vector<field_error>& errors() { return errors_; }

    /// The pointer of a field of this object (RFC 6901).
    std::string pointer(std::string_view name) const;

private:
    template <class Words>
    static std::string one_of(Words const& words)
    {
        std::string out = "must be one of";
        for (auto const& w : words) out.append(" ").append(w);
        return out;
    }

    nlohmann::json const& object_;
    std::string pointer_;
    std::vector<field_error>& errors_;
    std::set<std::string, std::less<>> known_;
};

/// The text as one JSON object without duplicate keys at any level, nested at most `depth_max`.
std::optional<nlohmann::json> parse_object(std::string_view text, std::size_t depth_max);

} // namespace rendezvous::protocol
