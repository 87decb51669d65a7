#include "frame.hpp"

#include <stdexcept>

namespace rendezvous::loadgen {

outgoing_frame make_frame(opcode code, std::string_view payload)
{
    if (payload.size() > 0xffff) throw std::length_error("frame payload over 65,535 bytes");
    outgoing_frame frame;
    std::string& out = frame.bytes;
    out.reserve(payload.size() + 8);
    out.push_back(char(0x80 | int(code)));
    if (payload.size() < 126) {
        out.push_back(char(0x80 | payload.size()));
    } else {
        out.push_back(char(0x80 | 126));
        out.push_back(char(payload.size() >> 8));
        out.push_back(char(payload.size() & 0xff));
    }
    for (std::uint8_t const byte : mask) out.push_back(char(byte));
    frame.payload_offset = out.size();
    for (std::size_t i = 0; i < payload.size(); ++i) out.push_back(masked(payload[i], i));
    return frame;
}

std::optional<incoming_frame> parse_frame(std::string_view bytes)
{
    if (bytes.size() < 2) return std::nullopt;
    auto const byte = [&](std::size_t i) { return std::uint8_t(bytes[i]); };
    std::size_t length = byte(1) & 0x7fU;
    std::size_t header = 2;
    if (length >= 126) {
        std::size_t const length_bytes = length == 126 ? 2 : 8;
        header += length_bytes;
        if (bytes.size() < header) return std::nullopt;
        length = 0;
        for (std::size_t i = 0; i < length_bytes; ++i) length = length << 8 | byte(2 + i);
    }
    if (bytes.size() - header < length) return std::nullopt;
    return incoming_frame{.code = opcode(byte(0) & 0x0f),
        .final = (byte(0) & 0x80) != 0,
        .payload = bytes.substr(header, length),
        .bytes = header + length};
}

} // namespace rendezvous::loadgen
