#include "payload.hpp"

#include <algorithm>
#include <array>

namespace rendezvous::loadgen {
namespace {

constexpr std::array<std::string_view, 28> sdp_lines = {
    "v=0",
    "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0 1",
    "a=extmap-allow-mixed",
    "a=msid-semantic: WMS 7a1c",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
    "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=ice-ufrag:4ZcD",
    "a=ice-pwd:2/1muCWoOi3uLifh0NuRHlig",
    "a=ice-options:trickle",
    "a=fingerprint:sha-256 19:E2:1C:3B:4B:9F:81:E6:B8:5C:F4:A5:A8:D8:73:04:BB:05:2F:70:9F:04:A9:0E:05:E9:26:33:E8:70:"
    "88:A2",
    "a=setup:actpass",
    "a=mid:0",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=sendrecv",
    "a=rtcp-mux",
    "a=rtpmap:111 opus/48000/2",
    "a=rtcp-fb:111 transport-cc",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103",
    "a=rtpmap:96 VP8/90000",
    "a=rtcp-fb:96 goog-remb",
    "a=rtcp-fb:96 nack pli",
    "a=fmtp:97 apt=96",
    "a=ssrc-group:FID 2231627014 632943048",
};

constexpr std::size_t description_from_bytes = 512;

std::string sdp_text(std::size_t bytes_max)
{
    std::string text;
    for (std::size_t i = 0;; ++i) {
        auto const line = sdp_lines[i % sdp_lines.size()];
        if (text.size() + line.size() + 4 > bytes_max) return text;
        text += line;
        text += "\\r\\n";
    }
}

std::uint64_t read_hex(char const* digits, std::size_t count)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        char const digit = digits[i];
        value = (value << 4) | std::uint64_t(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return value;
}

} // namespace

std::string make_body(std::size_t bytes)
{
    std::string head = "{";
    head += stamp_marker;
    head.append(stamp_time_digits + stamp_sender_digits, '0');
    head += "\",";
    bool const description = bytes >= description_from_bytes;
    head += description ? R"("type":"offer","sdp":")"
                        : R"("candidate":"candidate:842163049 1 udp 1677729535 203.0.113.77 46154 typ srflx)";
    std::string const tail(description ? R"("})" : R"(","sdpMid":"0","sdpMLineIndex":0})");
    std::size_t const room = bytes > head.size() + tail.size() ? bytes - head.size() - tail.size() : 0;
    std::string middle = description ? sdp_text(room) : std::string();
    middle.append(room - middle.size(), 'x');
    return head + middle + tail;
}

void write_hex(std::uint64_t value, char* out, std::size_t digits)
{
    for (std::size_t i = digits; i-- > 0; value >>= 4) out[i] = "0123456789abcdef"[value & 15];
}

std::optional<stamp> find_stamp(std::string_view text, std::size_t& hint)
{
    if (text.compare(std::min(hint, text.size()), stamp_marker.size(), stamp_marker) != 0) {
        auto const found = text.find(stamp_marker);
        if (found == std::string_view::npos) return std::nullopt;
        hint = found;
    }
    std::size_t const at = hint + stamp_marker.size();
    if (text.size() < at + stamp_time_digits + stamp_sender_digits) return std::nullopt;
    char const* const digits = text.data() + at;
    return stamp{.time_ns = read_hex(digits, stamp_time_digits),
        .sender = std::uint32_t(read_hex(digits + stamp_time_digits, stamp_sender_digits))};
}

} // namespace rendezvous::loadgen
