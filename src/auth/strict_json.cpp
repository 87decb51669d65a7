#include "strict_json.hpp"

#include <nlohmann/json.hpp>

#include <set>
#include <string>
#include <vector>

namespace rendezvous::auth {
namespace {

constexpr std::size_t depth_max = 4;

/// Walks the text without building anything and stops at what nlohmann's parser would let pass:
/// a name that stands twice, and deep nesting.
class strictness final : public nlohmann::json_sax<nlohmann::json> {
public:
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, string_t const&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override { return names_.back().insert(name).second; }
    bool parse_error(std::size_t, std::string const&, nlohmann::detail::exception const&) override { return false; }

private:
    bool open()
    {
        names_.emplace_back();
        return names_.size() <= depth_max;
    }
    bool close()
    {
        names_.pop_back();
        return true;
    }

    std::vector<std::set<std::string>> names_;
};

} // namespace

std::optional<nlohmann::json> parse_strict_object(std::string_view text)
{
    if (!text.starts_with('{')) return std::nullopt; // nlohmann skips a byte order mark
    strictness rules;
    if (!nlohmann::json::sax_parse(text, &rules)) return std::nullopt;
    auto parsed = nlohmann::json::parse(text, nullptr, false);
    if (!parsed.is_object()) return std::nullopt;
    return parsed;
}

} // namespace rendezvous::auth
