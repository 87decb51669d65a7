// JSON that is meant to hurt: each has one documented answer, and the socket lives unless it says
// otherwise (docs/protocol.md, sections 4 and 9).

#include "raw_socket.hpp"

namespace rendezvous::test {
namespace {

using std::string;

constexpr std::size_t message_bytes_max = 65'536;

struct bomb {
    string what;
    string text;
    string code; ///< of the error; `ok` if it is harmless
    json re = nullptr;
};

string nested(std::size_t depth, string const& open = "[", string const& end = "]")
{
    return repeated(open, depth) + repeated(end, depth);
}

/// A command with one more field.
string command_with(string const& more)
{
    return R"({"type":"ice","id":"b",)" + more + "}";
}

string numbered_members(std::size_t count)
{
    string out;
    for (std::size_t i = 0; i < count; ++i) out += "\"" + std::to_string(i) + "\":0,";
    return out + "\"z\":0";
}

/// Sends all of them over one socket; each is answered as its row says.
void expect_answers(std::vector<bomb> const& bombs)
{
    raw_socket s(shared_server());
    for (auto const& b : bombs) s.send(frame(first_byte::text, b.text));
    auto const got = s.judge();
    EXPECT_EQ(got.code, alive);
    ASSERT_EQ(got.answers.size(), bombs.size());
    for (std::size_t i = 0; i < bombs.size(); ++i) {
        auto const& answer = got.answers[i];
        EXPECT_EQ(answer.value("code", "ok"), bombs[i].code) << bombs[i].what;
        EXPECT_EQ(answer["re"], bombs[i].re) << bombs[i].what;
    }
}

TEST(JsonBombs, OfDepth)
{
    // The object of the message is the first of the sixteen.
    expect_answers({
        {"16 deep", command_with("\"x\":" + nested(15)), "ok", "b"},
        {"17 deep", command_with("\"x\":" + nested(16)), "bad-json"},
        {"17 deep in objects", command_with("\"x\":" + nested(15, "{\"a\":", "}").insert(75, "{}")), "bad-json"},
        {"17 deep and never closed", command_with("\"x\":" + repeated("[", 16)), "bad-json"},
        {"as deep as fits", command_with("\"x\":" + nested(32'000)), "bad-json"},
        {"as deep as fits, never closed", repeated("[", message_bytes_max), "bad-json"},
        {"objects never closed", repeated("{\"a\":", 13'000), "bad-json"},
        {"17 deep in an offer",
            R"({"type":"startCall","id":"b","offer":{"type":"offer","sdp":"","x":)" + nested(15) + "}}", "bad-json"},
        {"17 deep in data", R"({"type":"signal","id":"b","data":)" + nested(16) + "}", "bad-json"},
    });
    raw_socket s(shared_server());
    EXPECT_EQ(s.send(frame(first_byte::text, nested(100'000))).judge().code, 1009) << "100000 deep is too long as well";
}

TEST(JsonBombs, OfMembers)
{
    expect_answers({
        {"a name twice", command_with(R"("x":1,"x":1)"), "bad-json"},
        {"the type twice", R"({"type":"ice","id":"b","type":"leave"})", "bad-json"},
        {"the id twice", R"({"type":"ice","id":"b","id":"c"})", "bad-json"},
        {"a name twice, once escaped", R"({"type":"ice","id":"b","\u0074ype":"leave"})", "bad-json"},
        {"a name twice, inside another value", command_with(R"("x":{"a":1,"a":2})"), "ok", "b"},
        {"__proto__", command_with(R"("__proto__":{"type":"leave","admitted":true})"), "ok", "b"},
        {"constructor", command_with(R"("constructor":{"prototype":{"role":"admin"}})"), "ok", "b"},
        {"only __proto__", R"({"__proto__":{"type":"ice","id":"b"}})", "bad-field"},
        {"an empty name", command_with(R"("":0)"), "ok", "b"},
        {"a name of 60000 bytes", command_with("\"" + string(60'000, 'n') + "\":0"), "ok", "b"},
        {"as many members as fit", command_with(numbered_members(7'000)), "ok", "b"},
        {"as many elements as fit", command_with("\"x\":[" + repeated("0,", 32'000) + "0]"), "ok", "b"},
        {"as many equal members as fit", "{" + repeated("\"a\":0,", 10'000) + "\"a\":0}", "bad-json"},
    });
    raw_socket s(shared_server());
    EXPECT_EQ(s.send(frame(first_byte::text, command_with(numbered_members(100'000)))).judge().code, 1009);
}

TEST(JsonBombs, OfNumbers)
{
    auto const stats = [](string const& rtt) { return R"({"type":"stats","id":"b","rttMs":)" + rtt + "}"; };
    // A good sample of somebody without a room is `illegal-transition`; a bad one does not get so far.
    expect_answers({
        {"a good one", stats("20.5"), "illegal-transition", "b"},
        {"-0", stats("-0"), "illegal-transition", "b"},
        {"-0.0", stats("-0.0"), "illegal-transition", "b"},
        {"1e-400, which is 0 or nothing", stats("1e-400"), "bad-field", "b"},
        {"NaN", stats("NaN"), "bad-json"},
        {"Infinity", stats("Infinity"), "bad-json"},
        {"-Infinity", stats("-Infinity"), "bad-json"},
        {"1e400", stats("1e400"), "bad-field", "b"},
        {"-1e400", stats("-1e400"), "bad-field", "b"},
        {"1e10, beyond any network", stats("1e10"), "bad-field", "b"},
        {"negative", stats("-1"), "bad-field", "b"},
        {"a leading zero", stats("01"), "bad-json"},
        {"a plus", stats("+1"), "bad-json"},
        {"a point without digits", stats("1."), "bad-json"},
        {"a point first", stats(".5"), "bad-json"},
        {"hexadecimal", stats("0x10"), "bad-json"},
        {"an exponent without digits", stats("1e"), "bad-json"},
        {"60000 digits", stats(string(60'000, '9')), "bad-field", "b"},
        {"60000 digits behind the point", stats("0." + string(60'000, '1')), "illegal-transition", "b"},
        {"an exponent of 60000 digits", stats("1e" + string(60'000, '9')), "bad-field", "b"},
        {"1e400 where nobody looks", command_with("\"x\":1e400"), "ok", "b"},
        {"2^64 where nobody looks", command_with("\"x\":18446744073709551616"), "ok", "b"},
    });
}

TEST(JsonBombs, OfCounts)
{
    // A pong is not answered; one that does not fit is.
    auto const pong = [](string const& seq) { return R"({"type":"pong","id":"b","seq":)" + seq + "}"; };
    expect_answers({
        {"half a message", pong("0.5"), "bad-field", "b"},
        {"negative", pong("-1"), "bad-field", "b"},
        {"2^53 + 2", pong("9007199254740994"), "bad-field", "b"},
        {"2^64", pong("18446744073709551616"), "bad-field", "b"},
        {"1e400", pong("1e400"), "bad-field", "b"},
        {"a text", pong("\"1\""), "bad-field", "b"},
        {"true", pong("true"), "bad-field", "b"},
        {"missing", R"({"type":"pong","id":"b"})", "bad-field", "b"},
    });
}

TEST(JsonBombs, OfCharacters)
{
    expect_answers({
        {"a byte order mark", "\xef\xbb\xbf" + command_with("\"x\":0"), "bad-json"},
        {"a NUL in front", string(1, '\0') + command_with("\"x\":0"), "bad-json"},
        {"a NUL behind", command_with("\"x\":0") + string(1, '\0'), "bad-json"},
        {"a NUL in a text", command_with("\"x\":\"" + string(1, '\0') + "\""), "bad-json"},
        {"a newline in a text", command_with("\"x\":\"a\nb\""), "bad-json"},
        {"an escaped NUL in the id", R"({"type":"ice","id":"a\u0000b"})", "bad-field"},
        {"an escaped NUL in the type", R"({"type":"ice\u0000","id":"b"})", "bad-field", "b"},
        {"an escaped NUL where nobody looks", command_with(R"("x":"\u0000")"), "ok", "b"},
        {"a lone surrogate in the id", R"({"type":"ice","id":"\ud800"})", "bad-field"},
        {"a low surrogate first, in the id", R"({"type":"ice","id":"\udc00\ud800"})", "bad-field"},
        {"a lone surrogate in a name", command_with(R"("\ud800":0)"), "bad-json"},
        {"a lone surrogate where nobody looks", command_with(R"("x":"\ud800")"), "ok", "b"},
        {"a pair in the id", R"({"type":"ice","id":"\ud83d\ude00"})", "ok", "\U0001f600"},
        {"half an escape", command_with(R"("x":"\u00)"), "bad-json"},
        {"an unknown escape", command_with(R"("x":"\x41")"), "bad-json"},
        {"a comment", command_with("/* */\"x\":0"), "bad-json"},
        {"a comma too many", command_with("\"x\":0,"), "bad-json"},
        {"single quotes", "{'type':'ice','id':'b'}", "bad-json"},
        {"a vertical tab as space", "{\v\"type\":\"ice\",\"id\":\"b\"}", "bad-json"},
        {"a no-break space as space", "{\xc2\xa0\"type\":\"ice\",\"id\":\"b\"}", "bad-json"},
        {"two messages in one", command_with("\"x\":0") + command_with("\"x\":0"), "bad-json"},
        {"an array of messages", "[" + command_with("\"x\":0") + "]", "bad-json"},
        {"a text", "\"ice\"", "bad-json"},
        {"null", "null", "bad-json"},
        {"nothing but spaces", string(60'000, ' '), "bad-json"},
    });
}

TEST(JsonBombs, AreRelayedAsTheyCameInsideData)
{
    auto& server = shared_server();
    auto const v = book_visit(server);
    auto two = connect_pair(server, v);
    for (string const data : {R"({"a":1,"a":2})", R"({"__proto__":{"x":1}})", R"("\ud800")", "1e400",
             "9007199254740993", "-0", R"("\u0000")", "null"}) {
        two.doctor.socket().send_text(R"({"type":"signal","data":)" + data + "}");
        for (;;) {
            auto const got = two.patient.socket().receive().text;
            if (got.find("\"type\":\"signal\"") == string::npos) continue;
            EXPECT_NE(got.find("\"data\":" + data + "}"), string::npos) << data << " became " << got;
            break;
        }
    }
}

TEST(JsonBombs, AsTheFirstMessageCloseTheSocket)
{
    auto& server = shared_server();
    struct first_message {
        string text;
        std::uint16_t code;
    };
    for (auto const& [text, code] : std::vector<first_message>{
             {nested(17), 4400},
             {R"({"type":"register","id":"1","token":"a","token":"b"})", 4400},
             {R"({"type":"register","id":"1"})", 4400},
             {R"({"type":"register","id":"1","token":7})", 4400},
             {R"({"type":"register","id":"1","token":"x","appointmentId":"../x"})", 4400},
             {R"({"type":"register","id":"1","token":"x","resume":{"sessionId":"s","resumeKey":"k","lastSeq":1e400}})",
                 4400},
             {R"({"type":"register","id":"1","token":"x","resume":{"sessionId":"s","resumeKey":"k","lastSeq":-1}})",
                 4400},
             {R"({"type":"register","id":"1","token":"x","resume":[]})", 4400},
             {R"({"type":"register","id":"1","token":")" + string(5'000, 't') + "\"}", 4400},
             {R"({"type":"__proto__","id":"1"})", 4400},
             {R"({"type":"ice","id":"1"})", 4401},
             {nested(100'000), 1009},
         }) {
        peer p(server);
        p.socket().send_text(text);
        EXPECT_EQ(p.closed(), code) << text.substr(0, 100);
    }
}

/// The same to REST.
TEST(JsonBombs, AreRefusedAsBodies)
{
    auto& server = shared_server();
    auto const v = book_visit(server);
    struct body_row {
        char const* what;
        string body;
        unsigned status;
        char const* code;
    };
    auto const changed = [](string const& field) { return "{\"media\":\"audio\"," + field + "}"; };
    for (auto const& row : std::vector<body_row>{
             {"nested 17 deep", changed("\"x\":" + nested(16)), 400, "bad-json"},
             {"nested 30000 deep", nested(30'000), 400, "bad-json"},
             {"a name twice", R"({"media":"audio","media":"video"})", 400, "bad-json"},
             {"NaN", changed("\"capacity\":NaN"), 400, "bad-json"},
             {"1e400", changed("\"capacity\":1e400"), 400, "bad-json"},
             {"-1", changed("\"capacity\":-1"), 422, "validation"},
             {"2.5", changed("\"capacity\":2.5"), 422, "validation"},
             {"2^64 + 2", changed("\"capacity\":18446744073709551618"), 422, "validation"},
             {"a byte order mark", "\xef\xbb\xbf{}", 400, "bad-json"},
             {"a NUL", string("{}\0", 3), 400, "bad-json"},
             {"bad UTF-8", changed("\"x\":\"\xff\""), 400, "bad-json"},
             {"an array", "[]", 400, "bad-json"},
             {"a lone surrogate", changed(R"("participants":[{"userId":"u","role":"doctor","name":"\ud800"}])"), 400,
                 "bad-json"},
             {"a NUL in a user id", changed(R"("participants":[{"userId":"u\u0000","role":"doctor","name":"n"}])"), 422,
                 "validation"},
             {"a time that is none", changed(R"("start":"2026-13-45T99:99:99Z")"), 422, "validation"},
             {"a time before all times", changed(R"("start":"-292277022657-01-27T08:29:52Z")"), 422, "validation"},
             {"more than fits", changed("\"x\":\"" + string(70'000, 'x') + "\""), 413, "too-large"},
         }) {
        auto const answer =
            server.rest("PUT", v.path(), server.api_key(), row.body, {{"Content-Type", "application/json"}});
        EXPECT_EQ(answer.status, row.status) << row.what << ": " << answer.body;
        EXPECT_EQ(code_of(answer), row.code) << row.what;
    }
    EXPECT_EQ(body_of(server.rest("GET", v.path(), server.api_key()))["media"], "video") << "nothing was changed";
}

} // namespace
} // namespace rendezvous::test
