// RFC 6455 from outside, the case families of the Autobahn test suite: framing (1), reserved bits
// (3), opcodes (4), masks, lengths and limits (9), and no compression (12, 13). The server is no
// echo: a message has arrived if its command is answered.

#include "raw_socket.hpp"

#include <fstream>

namespace rendezvous::test {
namespace {

using namespace first_byte;

constexpr std::size_t message_bytes_max = 65'536;

/// Memory of a process that is really there, in KiB.
std::size_t resident_kib(int pid)
{
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
    return 0;
}

TEST(Framing, TakesTextOfEveryKindOfLength)
{
    for (std::size_t const size : {30U, 125U, 126U, 127U, 128U, 255U, 256U, 65'534U, 65'535U, 65'536U}) {
        raw_socket s(shared_server());
        auto const got = s.send(frame(text, command_of_size(size))).judge();
        EXPECT_EQ(got.code, alive) << size;
        ASSERT_EQ(got.answers.size(), 1U) << size;
        EXPECT_EQ(got.answers[0]["type"], "ok") << size;
    }
}

TEST(Framing, TakesAnEmptyTextAsAMessageThatIsNoJson)
{
    raw_socket s(shared_server());
    auto const got = s.send(frame(text)).send_chopped(frame(text)).judge();
    EXPECT_EQ(got.code, alive);
    ASSERT_EQ(got.answers.size(), 2U);
    EXPECT_EQ(got.answers[1]["code"], "bad-json");
}

TEST(Framing, TakesAMessageInPiecesOfEverySize)
{
    auto const message = frame(text, command_of_size(2'000));
    for (std::size_t const piece : {1U, 7U, 997U, 1'300U, 1'999U}) {
        raw_socket s(shared_server());
        EXPECT_EQ(s.send_chopped(message, piece).judge().answers.size(), 1U) << piece;
    }
}

TEST(Framing, TakesManyMessagesInOneWrite)
{
    raw_socket s(shared_server());
    auto const got = s.send(repeated(frame(text, command_of_size(40)), 100)).judge();
    EXPECT_EQ(got.answers.size(), 100U);
}

TEST(Framing, RefusesBinaryOfEveryKindOfLength)
{
    std::vector<wire_row> rows;
    for (std::size_t const size : {0U, 1U, 125U, 126U, 127U, 128U, 65'535U, 65'536U})
        rows.push_back({"binary of " + std::to_string(size), frame(binary, std::string(size, '\xfe')), 1003});
    rows.push_back({"binary in two fragments", fragment(binary, "ab") + frame(continuation, "cd"), 1003});
    expect_codes(shared_server(), rows);
}

TEST(Framing, RefusesReservedBits)
{
    std::vector<wire_row> rows;
    for (unsigned rsv = 1; rsv <= 7; ++rsv) {
        auto const bits = static_cast<std::uint8_t>(rsv << 4U);
        auto const name = "RSV " + std::to_string(rsv) + " on ";
        auto const with = [bits](std::uint8_t opcode) { return static_cast<std::uint8_t>(bits | opcode); };
        rows.push_back({name + "text", frame(with(text), "{}"), 1002});
        rows.push_back({name + "an empty text", frame(with(text)), 1002});
        rows.push_back({name + "a ping", frame(with(ping), "x"), 1002});
        rows.push_back({name + "a pong", frame(with(pong), "x"), 1002});
        rows.push_back({name + "a close", frame(with(close)), 1002});
        rows.push_back({name + "a continuation", fragment(text, "{") + frame(with(continuation), "}"), 1002});
        rows.push_back({name + "text after a good one", frame(text, "{}") + frame(with(text), "{}"), 1002});
    }
    expect_codes(shared_server(), rows);
}

TEST(Framing, RefusesReservedOpcodes)
{
    std::vector<wire_row> rows;
    for (unsigned const reserved : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
        auto const opcode = static_cast<std::uint8_t>(reserved);
        auto const name = "opcode " + std::to_string(reserved);
        rows.push_back({name + ", empty", frame(opcode), 1002});
        rows.push_back({name + " with payload", frame(opcode, "{}"), 1002});
        rows.push_back({name + " as first fragment", fragment(opcode, "{}"), 1002});
        rows.push_back(
            {name + " inside a message", fragment(text, "{") + frame(opcode) + frame(continuation, "}"), 1002});
        rows.push_back({name + " between messages", frame(text, "{}") + frame(opcode, "x") + frame(ping), 1002});
    }
    expect_codes(shared_server(), rows);
}

TEST(Framing, RefusesFramesWithoutMask)
{
    expect_codes(shared_server(), {
                                      {"text", unmasked(text, "{}"), 1002},
                                      {"an empty text", unmasked(text, ""), 1002},
                                      {"binary", unmasked(binary, "{}"), 1002},
                                      {"a ping", unmasked(ping, "x"), 1002},
                                      {"a pong", unmasked(pong, ""), 1002},
                                      {"a close", unmasked(close, "\x03\xe8"), 1002},
                                      {"a continuation", fragment(text, "{") + unmasked(continuation, "}"), 1002},
                                      {"the second of two", frame(text, "{}") + unmasked(text, "{}"), 1002},
                                  });
}

TEST(Framing, RefusesLengthsThatAreWrittenTooLong)
{
    auto const with_length = [](std::string_view length) {
        return std::string("\x81").append(length).append("mask").append(std::string(126, 'x'));
    };
    expect_codes(shared_server(), {
                                      {"125 in two bytes", with_length({"\xfe\x00\x7d", 3}), 1002},
                                      {"0 in two bytes", with_length({"\xfe\x00\x00", 3}), 1002},
                                      {"125 in eight bytes", with_length({"\xff\0\0\0\0\0\0\0\x7d", 9}), 1002},
                                      {"65535 in eight bytes", with_length({"\xff\0\0\0\0\0\0\xff\xff", 9}), 1002},
                                  });
}

TEST(Limits9, JudgeALengthByItsHeaderAlone)
{
    auto& server = shared_server();
    raw_socket(server).judge();
    auto const before = resident_kib(server.process().pid());
    expect_codes(
        server, {
                    {"2 MiB", frame_head(text, 1ULL << 21U), 1009},
                    {"2^31", frame_head(text, 1ULL << 31U), 1009},
                    {"2^32", frame_head(text, 1ULL << 32U), 1009},
                    {"2^63 - 1", frame_head(text, (1ULL << 63U) - 1), 1009},
                    {"2^63", frame_head(text, 1ULL << 63U), 1009},
                    {"2^64 - 1", frame_head(text, ~0ULL), 1009},
                    {"2^63 - 1 of binary", frame_head(binary, (1ULL << 63U) - 1), 1009},
                    {"2^31 in the second fragment", fragment(text, "{") + frame_head(continuation, 1ULL << 31U), 1009},
                    {"2^64 - 1 in the second fragment, which would wrap around",
                        fragment(text, "{") + frame_head(continuation, ~0ULL), 1009},
                });
    if (!memory_is_inflated) {
        EXPECT_LT(resident_kib(server.process().pid()), before + 16'384)
            << "nothing was set aside for what was announced";
    }
}

TEST(Limits9, CountAMessageNotItsFragments)
{
    for (std::size_t const count : {1U, 2U, 3U, 16U, 64U}) {
        raw_socket fits(shared_server());
        auto const got = fits.send(in_fragments(command_of_size(message_bytes_max), count)).judge();
        EXPECT_EQ(got.code, alive) << count << " fragments";
        EXPECT_EQ(got.answers.size(), 1U) << count << " fragments";
        raw_socket too_large(shared_server());
        EXPECT_EQ(too_large.send(in_fragments(command_of_size(message_bytes_max + 1), count)).judge().code, 1009)
            << count << " fragments";
    }
}

TEST(Limits9, HoldForControlFrames)
{
    for (auto const opcode : {ping, pong, close}) {
        auto const payload = (opcode == close ? std::string("\x03\xe8") : std::string{}) + std::string(126, 'x');
        expect_codes(
            shared_server(), {
                                 {"126 bytes", frame(opcode, payload.substr(0, 126)), 1002},
                                 {"a head with two bytes of length",
                                     std::string(1, static_cast<char>(fin | opcode)) + "\xfe\x10\x01mask", 1002},
                                 {"2^63 - 1", frame_head(opcode, (1ULL << 63U) - 1), 1002},
                             });
    }
}

TEST(Limits9, KeepMemoryWhileManyGoBeyondThem)
{
    auto& server = shared_server();
    auto const blow = [&] {
        for (int i = 0; i < 40; ++i)
            raw_socket(server)
                .send(fragment(text, std::string(message_bytes_max, 'x')) + fragment(continuation, "x"))
                .judge();
    };
    blow();
    auto const before = resident_kib(server.process().pid());
    blow();
    if (!memory_is_inflated) {
        EXPECT_LT(resident_kib(server.process().pid()), before + 4'096);
    }
}

TEST(Compression, IsNeverNegotiated)
{
    auto& server = shared_server();
    for (auto const* offer : {"permessage-deflate", "permessage-deflate; client_max_window_bits",
             "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15",
             "permessage-deflate; client_max_window_bits=8, permessage-deflate", "x-webkit-deflate-frame",
             "permessage-bzip2, permessage-snappy"}) {
        peer p(server, "/ws", {{"Sec-WebSocket-Extensions", offer}});
        EXPECT_EQ(p.socket().upgrade_answer().header("sec-websocket-extensions"), "") << offer;
        p.socket().send_raw(ws_client::frame(0xc1, "{}"));
        EXPECT_EQ(p.closed(), 1002) << offer << ": RSV1 means nothing here";
    }
}

} // namespace
} // namespace rendezvous::test
