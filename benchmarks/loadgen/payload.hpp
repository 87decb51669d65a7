#pragma once

// The JSON object that is relayed, and the stamp in it by which it is recognised again.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rendezvous::loadgen {

/// Each body carries `"lgts":"` + 16 hexadecimal digits of time + 8 of the sender's number.
inline constexpr std::string_view stamp_marker = "\"lgts\":\"";
inline constexpr std::size_t stamp_time_digits = 16;
inline constexpr std::size_t stamp_sender_digits = 8;

struct stamp {
    std::uint64_t time_ns = 0;
    std::uint32_t sender = 0;
};

/// A JSON object of exactly `bytes` (at least 200) that looks like an ICE candidate, or from 512
/// on like a session description with its `\r\n` escapes; the stamp is zero.
std::string make_body(std::size_t bytes);

void write_hex(std::uint64_t value, char* out, std::size_t digits);

/// Finds the stamp in a relayed text. `hint` remembers where it was last time.
std::optional<stamp> find_stamp(std::string_view text, std::size_t& hint);

} // namespace rendezvous::loadgen
