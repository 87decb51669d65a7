#pragma once

#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>

namespace rendezvous::store {

/// A flat JSON object. Strings are words and ids, which need no escaping.
class json_object {
public:
    json_object& word(std::string_view key, std::string_view value)
    {
        assert(value.find_first_of("\"\\") == std::string_view::npos);
        return raw(key, '"' + std::string(value) + '"');
    }
    json_object& number(std::string_view key, std::int64_t value) { return raw(key, std::to_string(value)); }
    json_object& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
    std::string str() const { return text_ + '}'; }

private:
    json_object& raw(std::string_view key, std::string const& value)
    {
        if (text_.size() > 1) text_ += ',';
        text_ += '"';
        text_ += key;
        text_ += "\":";
        text_ += value;
        return *this;
    }
    std::string text_ = "{";
};

} // namespace rendezvous::store
