#pragma once

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// A validating scan over JSON text (RFC 8259) that builds no tree. It exists because a relayed
/// `data` must be checked for syntax, UTF-8 and depth only, and be handed on byte by byte: a tree
/// builder refuses numbers and escapes that it cannot hold, and does not say where a value stood.
namespace rendezvous::protocol {

/// One member of an object, as it stands in the text.
struct json_member {
    std::string_view key;   ///< between the quotes, escapes as written
    std::string_view value; ///< the whole value, no space around it
    bool key_escaped = false;
};

/// Members in the order of the text. Views into the text: it has to outlive them.
class json_object {
public:
    /// The value of the last member of that name (as JSON.parse would have it), or nothing.
    std::optional<std::string_view> find(std::string_view name) const;
    /// Also true for a key with an unpaired surrogate, which has no one meaning.
    bool has_duplicate_keys() const;

    boost::container::small_vector<json_member, 16> members;
};

/// Reads `text` as exactly one object, nested at most `depth_max` deep (itself is 1; never more than
/// 128). Does not look at UTF-8. Returns nothing if it is anything else.
std::optional<json_object> scan_object(std::string_view text, std::size_t depth_max);

/// True if the text is well-formed UTF-8.
bool is_utf8(std::string_view text);

/// The meaning of a JSON string that `scan_object` accepted (with its quotes), as UTF-8. Nothing
/// if the value is no string or has an unpaired surrogate.
std::optional<std::string> decode_string(std::string_view value);

/// The meaning of a JSON number. Nothing if the value is no number or beyond a double.
std::optional<double> decode_number(std::string_view value);

} // namespace rendezvous::protocol
