#include "body_reader.hpp"

#include "json_scan.hpp"

#include <algorithm>
#include <functional>

namespace rendezvous::protocol {
namespace {

using nlohmann::json;

constexpr std::size_t errors_max = 32; // an answer never grows with what was sent

/// Follows the parser and notes whether an object names a member twice.
class duplicate_watch {
public:
    bool operator()(int, json::parse_event_t event, json& parsed)
    {
        if (event == json::parse_event_t::object_start) open_.emplace_back();
        if (event == json::parse_event_t::object_end) open_.pop_back();
        if (event == json::parse_event_t::key && !open_.back().insert(parsed.get<std::string>()).second) found_ = true;
        return true;
    }
    bool found() const { return found_; }

private:
    std::vector<std::set<std::string>> open_;
    bool found_ = false;
};

bool is_control(char c)
{
    auto const u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f;
}

} // namespace

void body_reader::refuse(std::string_view name, std::string detail)
{
    if (errors_.size() < errors_max) errors_.push_back({pointer(name), std::move(detail)});
}

void body_reader::require(std::string_view name)
{
    if (!has(name)) refuse(name, "is missing");
}

std::string body_reader::pointer(std::string_view name) const
{
    std::string out = pointer_ + '/';
    for (char const c : name) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

json const* body_reader::value(std::string_view name)
{
    known_.emplace(name);
    auto const found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
}

std::optional<std::string> body_reader::text(std::string_view name)
{
    auto const* const found = value(name);
    if (!found) return std::nullopt;
    if (found->is_string()) return found->get<std::string>();
    refuse(name, "must be a string");
    return std::nullopt;
}

std::optional<std::string> body_reader::line(std::string_view name, std::size_t bytes_max)
{
    auto out = text(name);
    if (!out) return std::nullopt;
    if (!out->empty() && out->size() <= bytes_max && std::none_of(out->begin(), out->end(), is_control)) return out;
    refuse(name, "must be 1 to " + std::to_string(bytes_max) + " bytes without control characters");
    return std::nullopt;
}

std::optional<bool> body_reader::flag(std::string_view name)
{
    auto const* const found = value(name);
    if (!found) return std::nullopt;
    if (found->is_boolean()) return found->get<bool>();
    refuse(name, "must be true or false");
    return std::nullopt;
}

std::optional<unsigned> body_reader::whole(std::string_view name, unsigned least, unsigned most)
{
    auto const* const found = value(name);
    if (!found) return std::nullopt;
    if (found->is_number_unsigned()) {
        auto const out = found->get<std::uint64_t>();
        if (out >= least && out <= most) return static_cast<unsigned>(out);
    }
    refuse(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

std::optional<base::utc_time> body_reader::time(std::string_view name)
{
    auto const found = text(name);
    if (!found) return std::nullopt;
    auto const out = base::from_rfc3339(*found);
    if (!out) refuse(name, "must be an RFC 3339 time such as 2026-11-20T14:00:00.000Z");
    return out;
}

std::optional<base::user_id> body_reader::user(std::string_view name)
{
    auto const found = text(name);
    if (!found) return std::nullopt;
    auto out = base::parse_user_id(*found);
    if (!out) refuse(name, "must be 1 to 255 printable ASCII characters without space");
    return out;
}

void body_reader::finish()
{
    for (auto const& item : object_.items())
        if (known_.find(item.key()) == known_.end()) refuse(item.key(), "is not a known field");
}

std::optional<json> parse_object(std::string_view text, std::size_t depth_max)
{
    if (!is_utf8(text) || !scan_object(text, depth_max)) return std::nullopt;
    duplicate_watch watch;
    auto out = json::parse(text, std::ref(watch), false);
    if (out.is_discarded() || watch.found()) return std::nullopt;
    return out;
}

} // namespace rendezvous::protocol
