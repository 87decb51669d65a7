// RFC 6455 8.1 from outside: text is UTF-8. The sequences are those of the Autobahn family 6, which
// takes them from Markus Kuhn's stress test. Each is a whole payload: a good one is a message that
// is no JSON (`bad-json`, the socket lives), a bad one is the end (1007).

#include "raw_socket.hpp"

namespace rendezvous::test {
namespace {

using namespace first_byte;
using std::string;

constexpr std::uint16_t bad_utf8 = 1007;

struct utf8_row {
    char const* what;
    string bytes;
};

/// Sends a payload whole, cut once at every byte, and as frames of one byte.
void expect_each_way(std::vector<utf8_row> const& rows, std::uint16_t code)
{
    auto const expect = [code](string const& bytes, string const& what) {
        auto const got = raw_socket(shared_server()).send(bytes).judge();
        EXPECT_EQ(got.code, code) << what;
        if (code == alive && !got.answers.empty()) {
            EXPECT_EQ(got.answers[0]["code"], "bad-json") << what;
        }
        EXPECT_EQ(got.answers.size(), code == alive ? 1U : 0U) << what;
    };
    for (auto const& [what, bytes] : rows) {
        expect(frame(text, bytes), what);
        if (bytes.size() < 2) continue;
        expect(in_fragments(bytes, bytes.size()), what + string(", a byte per frame"));
        auto const cut = bytes.size() / 2;
        expect(fragment(text, bytes.substr(0, cut)) + frame(ping) + frame(continuation, bytes.substr(cut)),
            what + string(", cut in two by a ping"));
    }
}

TEST(Utf8, IsTakenInAllItsForms)
{
    expect_each_way(
        {
            {"Greek", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"},
            {"Hello in Latin-1 letters", "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!"},
            {"U+0000", string("\0", 1)},
            {"U+0080", "\xc2\x80"},
            {"U+0800", "\xe0\xa0\x80"},
            {"U+10000", "\xf0\x90\x80\x80"},
            {"U+007F", "\x7f"},
            {"U+07FF", "\xdf\xbf"},
            {"U+FFFF", "\xef\xbf\xbf"},
            {"U+10FFFF", "\xf4\x8f\xbf\xbf"},
            {"U+D7FF", "\xed\x9f\xbf"},
            {"U+E000", "\xee\x80\x80"},
            {"U+FFFD", "\xef\xbf\xbd"},
            {"U+FEFF, a byte order mark", "\xef\xbb\xbf{}"},
            {"U+FFFE", "\xef\xbf\xbe"},
            {"U+FDD0", "\xef\xb7\x90"},
            {"U+FDEF", "\xef\xb7\xaf"},
            {"U+1FFFE", "\xf0\x9f\xbf\xbe"},
            {"U+1FFFF", "\xf0\x9f\xbf\xbf"},
            {"U+8FFFE", "\xf2\x8f\xbf\xbe"},
            {"U+FFFFE", "\xf3\xbf\xbf\xbe"},
            {"U+10FFFE", "\xf4\x8f\xbf\xbe"},
            {"four planes in a row", "\x24\xc2\xa2\xe2\x82\xac\xf0\xa4\xad\xa2"},
        },
        alive);
}

TEST(Utf8, IsRefusedIfBytesAreImpossibleOrAlone)
{
    expect_each_way(
        {
            {"FE", "\xfe"},
            {"FF", "\xff"},
            {"FE FE FF FF", "\xfe\xfe\xff\xff"},
            {"C0", "\xc0"},
            {"C1 BF", "\xc1\xbf"},
            {"F5 80 80 80", "\xf5\x80\x80\x80"},
            {"continuation 80", "\x80"},
            {"continuation BF", "\xbf"},
            {"two continuations", "\x80\xbf"},
            {"six continuations", "\x80\xbf\x80\xbf\x80\xbf"},
            {"C0 and space", "\xc0 "},
            {"DF and space", "\xdf "},
            {"E0 and space", "\xe0 "},
            {"EF and space", "\xef "},
            {"F0 and space", "\xf0 "},
            {"F4 and space", "\xf4 "},
            {"FC and space", "\xfc "},
            {"an impossible byte after good ones", "{\"x\":\"\xce\xba\xff\"}"},
        },
        bad_utf8);
}

TEST(Utf8, IsRefusedIfItIsCut)
{
    expect_each_way(
        {
            {"C2", "\xc2"},
            {"E0 A0", "\xe0\xa0"},
            {"F0 90 80", "\xf0\x90\x80"},
            {"DF", "\xdf"},
            {"EF BF", "\xef\xbf"},
            {"F4 8F BF", "\xf4\x8f\xbf"},
            {"good, then half a character", "\xce\xba\xe1\xbd"},
            {"two that are cut, one after the other", "\xe0\xa0\xf0\x90\x80"},
            {"cut in the middle of the text", "{\"x\":\"\xe1\xbd\"}"},
        },
        bad_utf8);
}

TEST(Utf8, IsRefusedIfItIsOverlong)
{
    expect_each_way(
        {
            {"/ in two bytes", "\xc0\xaf"},
            {"/ in three", "\xe0\x80\xaf"},
            {"/ in four", "\xf0\x80\x80\xaf"},
            {"/ in five", "\xf8\x80\x80\x80\xaf"},
            {"/ in six", "\xfc\x80\x80\x80\x80\xaf"},
            {"NUL in two bytes", "\xc0\x80"},
            {"NUL in three", "\xe0\x80\x80"},
            {"NUL in four", "\xf0\x80\x80\x80"},
            {"U+007F in two bytes", "\xc1\xbf"},
            {"U+07FF in three", "\xe0\x9f\xbf"},
            {"U+FFFF in four", "\xf0\x8f\xbf\xbf"},
            {"U+1FFFFF in five", "\xf8\x87\xbf\xbf\xbf"},
            {"a quote in two bytes", "{\"x\":\"\xc0\xa2\"}"},
        },
        bad_utf8);
}

TEST(Utf8, IsRefusedForSurrogatesAndBeyondUnicode)
{
    expect_each_way(
        {
            {"U+D800", "\xed\xa0\x80"},
            {"U+DB7F", "\xed\xad\xbf"},
            {"U+DBFF", "\xed\xaf\xbf"},
            {"U+DC00", "\xed\xb0\x80"},
            {"U+DFFF", "\xed\xbf\xbf"},
            {"U+D800 U+DC00", "\xed\xa0\x80\xed\xb0\x80"},
            {"U+DBFF U+DFFF", "\xed\xaf\xbf\xed\xbf\xbf"},
            {"a surrogate among good ones", "\xce\xba\xed\xa0\x80 edited"},
            {"U+110000", "\xf4\x90\x80\x80"},
            {"U+1FFFFF", "\xf7\xbf\xbf\xbf"},
            {"U+200000", "\xf8\x88\x80\x80\x80"},
            {"U+3FFFFFF", "\xfb\xbf\xbf\xbf\xbf"},
            {"U+4000000", "\xfc\x84\x80\x80\x80\x80"},
            {"U+7FFFFFFF", "\xfd\xbf\xbf\xbf\xbf\xbf"},
        },
        bad_utf8);
}

TEST(Utf8, IsOnlyAskedOfText)
{
    auto const got = raw_socket(shared_server()).send(frame(ping, "\xff\xfe\xed\xa0\x80")).judge();
    EXPECT_EQ(got.code, alive);
    EXPECT_EQ(got.pongs.size(), 1U);
}

} // namespace
} // namespace rendezvous::test
