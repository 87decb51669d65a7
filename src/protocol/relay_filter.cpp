#include "rendezvous/protocol/relay_filter.hpp"

#include <nlohmann/json.hpp>

namespace rendezvous::protocol {
namespace {

using nlohmann::json;

constexpr std::string_view candidate_word = "candidate:";

/// Cuts the next word off the front of `line`.
std::string_view next_word(std::string_view& line)
{
    auto const begin = std::min(line.find_first_not_of(' '), line.size());
    auto const end = std::min(line.find(' ', begin), line.size());
    auto const word = line.substr(begin, end - begin);
    line.remove_prefix(end);
    return word;
}

/// A candidate attribute (RFC 8839 5.1) as it may be shown: of a relay, without the address behind it.
std::optional<std::string> shown_candidate(std::string_view line)
{
    std::string out;
    bool relay = false;
    std::string before;
    for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
        if (before == "typ") relay = word == "relay";
        if (before == "raddr") word = word.find(':') == std::string_view::npos ? "0.0.0.0" : "::";
        if (before == "rport") word = "0";
        before = word;
        if (!out.empty()) out += ' ';
        out += word;
    }
    if (!relay) return std::nullopt;
    return out;
}

/// `c=IN IP4 192.0.2.1` and its like: the address is the last word.
std::string without_address(std::string_view line)
{
    auto const last = line.rfind(' ');
    bool const v6 = line.find("IN IP6 ") != std::string_view::npos;
    return std::string(line.substr(0, last + 1)) + (v6 ? "::" : "0.0.0.0");
}

bool names_address(std::string_view line)
{
    bool const kind = line.starts_with("c=") || line.starts_with("o=") || line.starts_with("a=rtcp:");
    return kind && line.find("IN IP") != std::string_view::npos;
}

std::string shown_description(std::string_view sdp)
{
    std::string out;
    out.reserve(sdp.size());
    while (!sdp.empty()) {
        auto const end = std::min(sdp.find('\n'), sdp.size());
        auto line = sdp.substr(0, end);
        bool const has_return = !line.empty() && line.back() == '\r';
        if (has_return) line.remove_suffix(1);
        sdp.remove_prefix(std::min(end + 1, sdp.size()));
        if (line.starts_with("a=candidate:")) {
            auto const shown = shown_candidate(line.substr(2));
            if (!shown) continue;
            out.append("a=").append(*shown);
        } else if (names_address(line)) {
            out += without_address(line);
        } else {
            out += line;
        }
        out += has_return ? "\r\n" : "\n";
    }
    return out;
}

/// Makes every string of the value fit to be shown; false if one is a candidate that is not.
bool strip(json& value)
{
    if (value.is_string()) {
        auto& text = value.get_ref<std::string&>();
        if (text.starts_with("v=0")) {
            text = shown_description(text);
        } else if (text.starts_with(candidate_word) || text.starts_with("a=candidate:")) {
            auto shown = shown_candidate(text);
            if (!shown) return false;
            text = std::move(*shown);
        }
        return true;
    }
    if (!value.is_structured()) return true;
    for (auto& part : value)
        if (!strip(part)) return false;
    return true;
}

} // namespace

base::result<std::optional<std::string>> relay_only(std::string_view text)
{
    auto value = json::parse(text, nullptr, false);
    if (value.is_discarded()) return base::errc::bad_field;
    if (!strip(value)) return std::optional<std::string>{};
    return std::optional{value.dump(-1, ' ', false, json::error_handler_t::replace)};
}

base::result<std::string> relay_only_description(std::string_view text)
{
    auto passed = relay_only(text);
    if (!passed) return passed.error();
    if (!*passed) return base::errc::bad_field;
    return std::move(**passed);
}

} // namespace rendezvous::protocol
