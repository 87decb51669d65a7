// RFC 6455 from outside: pings and pongs (2), fragmentation (5) and the closing handshake (7).

#include "raw_socket.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace rendezvous::test {
namespace {

using namespace first_byte;
using std::string;
using texts = std::vector<string>;

/// Processor time of a process.
std::uint64_t cpu_ms(int pid)
{
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    string text((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    std::uint64_t user = 0;
    std::uint64_t system = 0;
    fields >> user >> system;
    return (user + system) * 1'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
}

// --- pings and pongs ---

TEST(Pings, AreAnsweredWithTheirPayload)
{
    for (std::size_t size = 0; size <= 125; size += size < 8 || size >= 120 ? 1 : 16) {
        auto const payload = string(size, '\xfe');
        EXPECT_EQ(raw_socket(shared_server()).send(frame(ping, payload)).judge().pongs, texts{payload}) << size;
    }
    auto const bytes = string("\0\xff\xfe\xfd\r\n\x1b[2J", 10);
    EXPECT_EQ(raw_socket(shared_server()).send_chopped(frame(ping, bytes)).judge().pongs, texts{bytes});
}

TEST(Pings, AreAnsweredInOrder)
{
    string all;
    texts payloads;
    for (int i = 0; i < 10; ++i) {
        payloads.push_back("ping " + std::to_string(i));
        all += frame(ping, payloads.back());
    }
    EXPECT_EQ(raw_socket(shared_server()).send(all).judge().pongs, payloads);
    EXPECT_EQ(raw_socket(shared_server()).send_chopped(all, 3).judge().pongs, payloads);
}

TEST(Pings, AreAnsweredInsideAFragmentedMessage)
{
    auto const message = command_of_size(60);
    auto const bytes = fragment(text, message.substr(0, 20)) + frame(ping, "one")
                       + fragment(continuation, message.substr(20, 20)) + frame(ping, "two") + frame(ping, "three")
                       + frame(continuation, message.substr(40));
    for (bool const chopped : {false, true}) {
        raw_socket s(shared_server());
        auto const got = (chopped ? s.send_chopped(bytes) : s.send(bytes)).judge();
        EXPECT_EQ(got.pongs, (texts{"one", "two", "three"}));
        EXPECT_EQ(got.answers.size(), 1U);
    }
}

TEST(Pongs, ThatNobodyAskedForAreIgnored)
{
    auto const got =
        raw_socket(shared_server())
            .send(frame(pong) + frame(pong, "unasked") + frame(ping, "asked") + frame(pong, string(125, 'x')))
            .judge();
    EXPECT_EQ(got.code, alive);
    EXPECT_EQ(got.pongs, texts{"asked"});
}

TEST(Pings, InAFloodCloseTheSocketOnly)
{
    auto& server = shared_server();
    raw_socket neighbour(server);
    for (auto const opcode : {ping, pong})
        EXPECT_EQ(raw_socket(server).send(repeated(frame(opcode, "flood"), 20'000)).judge().code, 4429);
    EXPECT_EQ(neighbour.judge().code, alive);
}

// --- fragmentation ---

TEST(Fragmentation, OfTextIsPutTogether)
{
    auto const message = command_of_size(120);
    texts shapes;
    for (std::size_t const count : {2U, 3U, 5U, 60U, 120U}) shapes.push_back(in_fragments(message, count));
    shapes.push_back(fragment(text) + frame(continuation, message));
    shapes.push_back(fragment(text, message) + frame(continuation));
    shapes.push_back(fragment(text) + repeated(fragment(continuation), 50) + frame(continuation, message));
    shapes.push_back(fragment(text, message) + repeated(fragment(continuation), 50) + frame(continuation));
    for (std::size_t i = 0; i < shapes.size(); ++i)
        for (std::size_t const piece : {shapes[i].size(), std::size_t{1}}) {
            raw_socket s(shared_server());
            auto const got = s.send_chopped(shapes[i], piece).judge();
            EXPECT_EQ(got.code, alive) << "shape " << i << ", pieces of " << piece;
            ASSERT_EQ(got.answers.size(), 1U) << "shape " << i << ", pieces of " << piece;
            EXPECT_EQ(got.answers[0]["type"], "ok") << "shape " << i << ", pieces of " << piece;
        }
}

TEST(Fragmentation, OfNothingIsAnEmptyMessage)
{
    auto const got =
        raw_socket(shared_server()).send(fragment(text) + fragment(continuation) + frame(continuation)).judge();
    ASSERT_EQ(got.answers.size(), 1U);
    EXPECT_EQ(got.answers[0]["code"], "bad-json");
}

TEST(Fragmentation, FollowsItsRules)
{
    auto const good = fragment(text, "{") + frame(continuation, "}");
    expect_codes(shared_server(),
        {
            {"ping in fragments", fragment(ping, "a") + frame(continuation, "b"), 1002},
            {"pong in fragments", fragment(pong, "a") + frame(continuation, "b"), 1002},
            {"close in fragments", fragment(close, "\x03") + frame(continuation, "\xe8"), 1002},
            {"a continuation of nothing", frame(continuation, "x"), 1002},
            {"an empty continuation of nothing", frame(continuation), 1002},
            {"an open continuation of nothing", fragment(continuation, "x"), 1002},
            {"a continuation of a whole message", frame(text, "{}") + frame(continuation, "x"), 1002},
            {"a continuation of a finished message", good + frame(continuation, "x"), 1002},
            {"an open continuation of a finished message", good + fragment(continuation, "x"), 1002},
            {"a continuation of a ping", frame(ping, "x") + frame(continuation, "x"), 1002},
            {"text inside text", fragment(text, "{") + frame(text, "{}"), 1002},
            {"a first fragment twice", fragment(text, "{") + fragment(text, "}"), 1002},
            {"binary inside text", fragment(text, "{") + frame(binary, "}"), 1002},
            {"text inside binary, which is refused first", fragment(binary, "{") + frame(text, "{}"), 1003},
            {"a close inside a message", fragment(text, "{") + close_frame(1000), 1000},
        });
}

/// A message of 64 KiB needs no more than a few thousand fragments. Frames that carry nothing pass
/// every limit of messages and of bytes.
TEST(Fragmentation, EndsAtSomeNumberOfFrames)
{
    auto& server = shared_server();
    raw_socket neighbour(server);
    raw_socket several(server);
    several.send(fragment(text, "{") + repeated(fragment(continuation), 500) + frame(continuation, "}"));
    EXPECT_EQ(several.judge().code, alive);

    auto const before = cpu_ms(server.process().pid());
    raw_socket endless(server);
    endless.send(fragment(text, "{"));
    auto const frames = repeated(fragment(continuation), 100'000);
    for (int i = 0; i < 10; ++i) endless.send(frames);
    endless.send(frame(continuation, "}"));
    EXPECT_NE(endless.judge().code, alive) << "a million frames are no message";
    EXPECT_EQ(neighbour.judge().code, alive);
    RecordProperty("cpu_ms", static_cast<int>(cpu_ms(server.process().pid()) - before));
}

// --- closing ---

TEST(Closing, EchoesCodesThatMayBeSent)
{
    auto const answer = [](string const& bytes) { return raw_socket(shared_server()).send(bytes).judge().code; };
    EXPECT_EQ(answer(frame(close)), 1000) << "no code is answered with 1000";
    for (auto const code :
        {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U, 1013U, 3000U, 3999U, 4000U, 4999U})
        EXPECT_EQ(answer(close_frame(code)), code);
    EXPECT_EQ(answer(close_frame(1000, "done")), 1000);
    EXPECT_EQ(answer(close_frame(1000, string(123, 'x'))), 1000);
    EXPECT_EQ(answer(close_frame(1000, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5")), 1000);
}

/// Every code in a long run; else those around the edges of the ranges, and every fiftieth.
TEST(Closing, RefusesCodesThatMayNotBeSent)
{
    bool const all = std::getenv("RENDEZVOUS_LONG") != nullptr;
    std::vector<wire_row> rows;
    auto const add = [&](unsigned code) {
        rows.push_back({"close code " + std::to_string(code), close_frame(code), 1002});
    };
    for (unsigned const code : {0U, 1U, 998U, 999U, 1004U, 1005U, 1006U, 1014U, 1015U, 1016U, 2998U, 2999U}) add(code);
    for (unsigned code = 1'017; code < 2'998; code += all ? 1 : 50) add(code);
    expect_codes(shared_server(), rows);
}

/// Such a close frame ends the connection without an answer (RFC 6455 7.1.7: fail the connection).
TEST(Closing, RefusesCodesBeyondThePrivateOnes)
{
    expect_codes(shared_server(), {
                                      {"5000", close_frame(5'000), 1006},
                                      {"5001", close_frame(5'001), 1006},
                                      {"32768", close_frame(32'768), 1006},
                                      {"65535", close_frame(65'535), 1006},
                                  });
}

TEST(Closing, RefusesFramesThatAreNone)
{
    expect_codes(shared_server(), {
                                      {"half a code", frame(close, "\x03"), 1002},
                                      {"a reason of 124 bytes", close_frame(1000, string(124, 'x')), 1002},
                                      {"a reason that is not UTF-8", close_frame(1000, "\xff"), 1002},
                                      {"a reason with a surrogate", close_frame(1000, "ok \xed\xa0\x80"), 1002},
                                      {"a reason that is cut", close_frame(1000, "\xce\xba\xe1\xbd"), 1002},
                                  });
}

TEST(Closing, EndsTheConversation)
{
    auto const after_close = [](string const& more) {
        return raw_socket(shared_server()).send(close_frame(1000) + more).judge();
    };
    EXPECT_TRUE(after_close(frame(ping, "late")).pongs.empty());
    EXPECT_TRUE(after_close(frame(text, command_of_size(40))).answers.empty());
    for (auto const& more : {frame(ping), frame(text, "{}"), frame(binary, "x"), close_frame(4000),
             string("\xff\xff\xff", 3), frame_head(text, ~0ULL)})
        EXPECT_EQ(after_close(more).code, 1000);
    raw_socket busy(shared_server());
    auto const got = busy.send(frame(text, command_of_size(60'000)) + close_frame(1001)).judge();
    EXPECT_EQ(got.code, 1001) << "what came before the close counts";
}

} // namespace
} // namespace rendezvous::test
