#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rendezvous::app {

/// Why a text is not handed to the TOML parser.
struct text_fault {
    std::size_t line = 0; ///< from 1
    std::string_view why; ///< literal
};

/// Finds what toml++ 3.3 takes for granted instead of refusing it, undefined behaviour there: a `[` that
/// begins a line without a name behind it, a `}` where a list wants a value, times, and characters beyond ASCII
/// outside quotes and comments. No key of ours needs any of them. What else is wrong with the text is left to the parser.
std::optional<text_fault> find_text_fault(std::string_view text);

/// The text with each character beyond ASCII written as `\uXXXX` or `\UXXXXXXXX`, so that the parser's
/// own tables for them are never asked, wherever it believes a string to end. Means the same in strings of double
/// quotes, and nothing in comments; elsewhere find_text_fault allows none. Precondition: it found no fault.
std::string in_ascii(std::string_view text);

} // namespace rendezvous::app
