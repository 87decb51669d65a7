#pragma once

#include "system_fixture.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::test {

// First bytes of frames (RFC 6455 5.2).
namespace first_byte {
constexpr std::uint8_t fin = 0x80;
constexpr std::uint8_t continuation = 0x00;
constexpr std::uint8_t text = 0x01;
constexpr std::uint8_t binary = 0x02;
constexpr std::uint8_t close = 0x08;
constexpr std::uint8_t ping = 0x09;
constexpr std::uint8_t pong = 0x0a;
} // namespace first_byte

/// The socket still answers commands.
constexpr std::uint16_t alive = 0;

/// What became of a socket.
struct outcome {
    std::uint16_t code = alive;     ///< the close code, or `alive`
    std::vector<std::string> pongs; ///< their payloads, in order
    std::vector<json> answers;      ///< to what was sent; the last question of `judge` is none of them
};

/// A registered socket that is spoken to below the level of messages.
class raw_socket {
public:
    /// Registers as somebody who has not been here before.
    explicit raw_socket(running_server& server);

    /// One write; what the server no longer takes is dropped, since it may have closed by now.
    raw_socket& send(std::string_view bytes);
    /// A write, a TLS record and a TCP segment for every few bytes.
    raw_socket& send_chopped(std::string_view bytes, std::size_t piece = 1);
    /// Asks for something harmless and reads until its answer or the end.
    outcome judge();

private:
    peer peer_;
};

/// A masked frame, FIN set.
std::string frame(std::uint8_t opcode, std::string_view payload = {});
/// A masked frame that another one continues.
std::string fragment(std::uint8_t opcode, std::string_view payload = {});
/// Without a mask, as only servers may.
std::string unmasked(std::uint8_t opcode, std::string_view payload);
/// Only the head of a masked frame that says it has that many bytes.
std::string frame_head(std::uint8_t opcode, std::uint64_t length);
std::string close_frame(unsigned code, std::string_view reason = {});
/// A message in `count` fragments of about the same size.
std::string in_fragments(std::string_view message, std::size_t count);
/// A command with that many bytes, at least 30; its answer is `ok` to `m`.
std::string command_of_size(std::size_t bytes);
std::string repeated(std::string_view text, std::size_t times);

/// Bytes to send, and what shall become of the socket.
struct wire_row {
    std::string what;
    std::string bytes;
    std::uint16_t code = alive;
};
/// Tries every row on a socket of its own: in one write, and if it is short, byte by byte.
void expect_codes(running_server& server, std::vector<wire_row> const& rows);

/// One server for the tests of a process that break nothing beyond their own sockets.
running_server& shared_server();

} // namespace rendezvous::test
