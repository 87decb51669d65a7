#pragma once

#include <cstddef>
#include <string_view>

namespace rendezvous::fuzz {

/// What nlohmann's parser, an independent reader, says of a text.
struct json_opinion {
    bool object = false;        ///< exactly one object in UTF-8, without byte order mark
    std::size_t depth = 0;      ///< of nesting, the outer object is 1
    bool duplicate_key = false; ///< at the top level
};
json_opinion judge(std::string_view text);

/// Whether it is JSON by syntax. nlohmann's parser also refuses numbers beyond a double and
/// unpaired surrogates, which RFC 8259 allows; they are put into a harmless form first.
bool is_json(std::string_view text);

} // namespace rendezvous::fuzz
