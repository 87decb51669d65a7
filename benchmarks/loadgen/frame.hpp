#pragma once

// WebSocket frames as a client writes and reads them (RFC 6455 5.2).

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rendezvous::loadgen {

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// One fixed mask: the server has to unmask all the same, and the load program stays cheap.
inline constexpr std::array<std::uint8_t, 4> mask = {0x37, 0xfa, 0x21, 0x3d};

inline char masked(char byte, std::size_t payload_offset)
{
    return char(std::uint8_t(byte) ^ mask[payload_offset & 3]);
}

struct outgoing_frame {
    std::string bytes;
    std::size_t payload_offset = 0;
};

/// A final, masked frame; the payload is at most 65,535 bytes.
outgoing_frame make_frame(opcode code, std::string_view payload);

struct incoming_frame {
    opcode code = opcode::text;
    bool final = true;
    std::string_view payload;
    std::size_t bytes = 0; ///< size of the whole frame
};

/// The first whole frame in `bytes`, which it points into; none while bytes are missing.
std::optional<incoming_frame> parse_frame(std::string_view bytes);

} // namespace rendezvous::loadgen
