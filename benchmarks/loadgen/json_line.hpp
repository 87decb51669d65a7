#pragma once

// One flat JSON object on one line, the result of a run.

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace rendezvous::loadgen {

/// Collects fields in the order given; the values here are our own names and numbers, so nothing
/// needs escaping.
class json_line {
public:
    json_line& text(std::string_view name, std::string_view value)
    {
        add_name(name);
        out_ += '"';
        out_ += value;
        out_ += '"';
        return *this;
    }
    json_line& number(std::string_view name, double value)
    {
        add_name(name);
        char digits[64];
        std::snprintf(digits, sizeof digits, "%.6g", value);
        out_ += digits;
        return *this;
    }
    json_line& count(std::string_view name, std::uint64_t value)
    {
        add_name(name);
        out_ += std::to_string(value);
        return *this;
    }
    void print() const
    {
        std::printf("{%s}\n", out_.c_str());
        std::fflush(stdout);
    }

private:
    void add_name(std::string_view name)
    {
        if (!out_.empty()) out_ += ',';
        out_ += '"';
        out_ += name;
        out_ += "\":";
    }

    std::string out_;
};

} // namespace rendezvous::loadgen
