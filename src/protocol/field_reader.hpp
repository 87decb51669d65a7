#pragma once

#include "json_scan.hpp"
#include "rendezvous/base/ids.hpp"
#include "rendezvous/call/command.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rendezvous::protocol {

/// Takes fields out of one scanned object and remembers the first that does not fit, so that a
/// message is read in straight lines and judged once at the end. A field that is null counts as
/// absent: that is what browsers make of a number that is none. Names are literals.
class field_reader {
public:
    explicit field_reader(json_object const& object) : object_(object) {}

    /// The first bad field, or empty.
    std::string_view bad() const noexcept { return bad_; }
    void refuse(std::string_view name)
    {
        if (bad_.empty()) bad_ = name;
    }

    bool has(std::string_view name) const { return present(name).has_value(); }

    /// At most `bytes_max` bytes, no NUL.
    std::optional<std::string> text(std::string_view name, std::size_t bytes_max)
    {
        auto const value = present(name);
        if (!value) return std::nullopt;
        // An escape makes at most six bytes of one.
        auto out = value->size() > 6 * bytes_max + 2 ? std::nullopt : decode_string(*value);
        if (out && out->size() <= bytes_max && out->find('\0') == std::string::npos) return out;
        refuse(name);
        return std::nullopt;
    }
    std::string required_text(std::string_view name, std::size_t bytes_max)
    {
        if (!has(name)) refuse(name);
        return text(name, bytes_max).value_or(std::string());
    }
    /// 1 to `bytes_max` printable ASCII characters without space.
    std::optional<std::string> token(std::string_view name, std::size_t bytes_max)
    {
        auto out = text(name, bytes_max);
        if (out && (out->empty() || out->find_first_not_of(printable) != std::string::npos)) {
            refuse(name);
            out.reset();
        }
        return out;
    }
    /// A UUID in lower case.
    template <class Id>
    std::optional<Id> uuid(std::string_view name)
    {
        auto out = text(name, 36);
        if (!out) return std::nullopt;
        if (base::is_uuid(*out)) return Id(std::move(*out));
        refuse(name);
        return std::nullopt;
    }
    template <class Enum>
    std::optional<Enum> word(std::string_view name)
    {
        auto const value = text(name, 32);
        if (!value) return std::nullopt;
        auto const out = call::from_word<Enum>(*value);
        if (!out) refuse(name);
        return out;
    }
    std::optional<bool> flag(std::string_view name)
    {
        auto const value = present(name);
        if (!value) return std::nullopt;
        if (*value == "true") return true;
        if (*value != "false") refuse(name);
        return false;
    }
    bool required_flag(std::string_view name)
    {
        if (!has(name)) refuse(name);
        return flag(name).value_or(false);
    }
    std::optional<double> number(std::string_view name, double least, double most)
    {
        auto const value = present(name);
        if (!value) return std::nullopt;
        auto const out = decode_number(*value);
        if (out && *out >= least && *out <= most) return out;
        refuse(name);
        return std::nullopt;
    }
    /// A whole number from 0 to 2^53.
    std::optional<std::uint64_t> count(std::string_view name)
    {
        auto const value = number(name, 0, 9007199254740992.0);
        if (!value) return std::nullopt;
        auto const out = static_cast<std::uint64_t>(*value);
        if (static_cast<double>(out) == *value) return out;
        refuse(name);
        return std::nullopt;
    }
    std::uint64_t required_count(std::string_view name)
    {
        if (!has(name)) refuse(name);
        return count(name).value_or(0);
    }
    /// The bytes of a value as they came.
    call::opaque bytes(std::string_view name, std::string_view value, std::size_t bytes_max)
    {
        if (value.size() <= bytes_max) return std::make_shared<std::string const>(value);
        refuse(name);
        return nullptr;
    }
    std::optional<std::string_view> raw(std::string_view name) const { return object_.find(name); }

private:
    static constexpr std::string_view printable =
        "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

    std::optional<std::string_view> present(std::string_view name) const
    {
        auto const value = object_.find(name);
        return value && *value != "null" ? value : std::nullopt;
    }

    json_object const& object_;
    std::string_view bad_;
};

} // namespace rendezvous::protocol
