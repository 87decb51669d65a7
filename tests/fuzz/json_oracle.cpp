#include "json_oracle.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace rendezvous::fuzz {
namespace {

/// What nlohmann's parser lets pass: a byte order mark before the text, anything behind a NUL.
bool has_foreign_bytes(std::string_view text)
{
    return text.starts_with("\xef\xbb\xbf") || text.find('\0') != text.npos;
}

class measure final : public nlohmann::json_sax<nlohmann::json> {
public:
    json_opinion opinion;

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, string_t const&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return open(); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override
    {
        if (depth_ == 1 && !names_.insert(name).second) opinion.duplicate_key = true;
        return true;
    }
    bool parse_error(std::size_t, std::string const&, nlohmann::detail::exception const&) override { return false; }

private:
    bool open()
    {
        opinion.depth = std::max(opinion.depth, ++depth_);
        return true;
    }
    bool close()
    {
        --depth_;
        return true;
    }

    std::size_t depth_ = 0;
    std::set<std::string> names_;
};

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/// Numbers lose their exponents' digits but one and all digits beyond the fifteenth of a run;
/// `\uXXXX` becomes `\u0041` if XXXX are hexadecimal.
std::string made_harmless(std::string_view text)
{
    std::string out;
    bool in_string = false;
    std::size_t run = 0;
    bool in_exponent = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (in_string) {
            out += c;
            if (c == '"') in_string = false;
            if (c != '\\' || i + 1 == text.size()) continue;
            out += text[++i];
            auto const hex = text.substr(i + 1, 4);
            if (text[i] != 'u' || hex.size() < 4 || hex.find_first_not_of("0123456789abcdefABCDEF") != hex.npos)
                continue;
            out += "0041";
            i += 4;
            continue;
        }
        run = is_digit(c) ? run + 1 : 0;
        if (c == 'e' || c == 'E') in_exponent = true;
        if (!is_digit(c) && c != 'e' && c != 'E' && c != '+' && c != '-') in_exponent = false;
        if (run > (in_exponent ? 1U : 15U)) continue;
        out += c;
        in_string = c == '"';
    }
    return out;
}

} // namespace

json_opinion judge(std::string_view text)
{
    measure reader;
    if (has_foreign_bytes(text) || !nlohmann::json::sax_parse(text, &reader)) return {};
    auto const first = text.find_first_not_of(" \t\r\n");
    reader.opinion.object = first != text.npos && text[first] == '{';
    return reader.opinion;
}

bool is_json(std::string_view text)
{
    return !has_foreign_bytes(text) && nlohmann::json::accept(made_harmless(text));
}

} // namespace rendezvous::fuzz
