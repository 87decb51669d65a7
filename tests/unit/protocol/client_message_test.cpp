#include "rendezvous/protocol/client_message.hpp"

#include <gtest/gtest.h>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::protocol {
namespace {

using base::errc;

constexpr std::string_view uuid = "0192d3a1-0000-7000-8000-0123456789ab";

/// Replaces each `ID` by a UUID, so that tables stay readable.
std::string with_id(std::string text)
{
    for (auto at = text.find("ID"); at != std::string::npos; at = text.find("ID", at + uuid.size()))
        text.replace(at, 2, uuid);
    return text;
}

errc refusal(std::string const& text)
{
    auto const p = parse_client_message(text);
    return p.message ? errc::ok : base::to_errc(p.message.error());
}

template <class Message>
Message read(std::string const& text)
{
    auto const p = parse_client_message(text);
    if (!p.message) {
        ADD_FAILURE() << text << " refused: " << p.message.error().message() << " " << p.field;
        return {};
    }
    auto const* const message = std::get_if<Message>(&*p.message);
    if (!message) {
        ADD_FAILURE() << text << " is another message";
        return {};
    }
    return *message;
}

TEST(ClientMessage, ReadsRegister)
{
    auto const m = read<messages::register_session>(
        with_id(R"({"type":"register","id":"r1","token":"a.b.c","appointmentId":"A-1:x@y_z.0","instance":"ID",)"
                R"("resume":{"sessionId":"0-abc","resumeKey":"k","lastSeq":7}})"));
    EXPECT_EQ(m.token, "a.b.c");
    EXPECT_EQ(m.appointment, base::appointment_id("A-1:x@y_z.0"));
    EXPECT_FALSE(m.call);
    EXPECT_EQ(m.instance, uuid);
    ASSERT_TRUE(m.resume);
    EXPECT_EQ(m.resume->session.str(), "0-abc");
    EXPECT_EQ(m.resume->resume_key, "k");
    EXPECT_EQ(m.resume->last_seq, 7U);
}

TEST(ClientMessage, ReadsRegisterOfAUserAndOfACall)
{
    auto const user = read<messages::register_session>(R"({"type":"register","id":"1","token":""})");
    EXPECT_FALSE(user.appointment || user.call || user.resume);
    EXPECT_EQ(user.instance, "");
    auto const call =
        read<messages::register_session>(with_id(R"({"type":"register","id":"1","token":"t","callId":"ID"})"));
    EXPECT_EQ(call.call, base::call_id(std::string(uuid)));
}

TEST(ClientMessage, ReadsTheInstanceInCapitalsAsTheSameTab)
{
    EXPECT_EQ(read<messages::register_session>(
                  R"({"type":"register","id":"1","token":"t","instance":"0192D3A1-0000-7000-8000-0123456789AB"})")
                  .instance,
        uuid);
}

TEST(ClientMessage, ReadsStartAndJoin)
{
    std::string const offer = R"({ "sdp":"v=0\r\n", "type":"offer" })";
    auto const start =
        read<messages::start_call>(R"({"type":"startCall","id":"1","media":"audio","offer":)" + offer + "}");
    EXPECT_EQ(start.media, call::media_kind::audio);
    ASSERT_TRUE(start.offer);
    EXPECT_EQ(*start.offer, offer);
    auto const bare = read<messages::start_call>(R"({"type":"startCall","id":"1"})");
    EXPECT_FALSE(bare.media);
    EXPECT_EQ(bare.offer, nullptr);

    auto const join = read<messages::join_call>(
        with_id(R"({"type":"joinCall","id":"1","callId":"ID","keep":true,"takeover":true,"offer":)" + offer + "}"));
    EXPECT_EQ(join.call, base::call_id(std::string(uuid)));
    EXPECT_TRUE(join.keep);
    EXPECT_TRUE(join.takeover);
    EXPECT_EQ(*join.offer, offer);
    auto const plain = read<messages::join_call>(R"({"type":"joinCall","id":"1","keep":false})");
    EXPECT_FALSE(plain.call || plain.keep || plain.takeover || plain.offer);
}

TEST(ClientMessage, HandsSignalDataOnAsTheBytesThatCame)
{
    for (std::string const& data : std::vector<std::string>{
             R"({"description":{"type":"answer","sdp":"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n"}})",
             R"({ "candidate" : {"candidate":"candidate:1 1 UDP 1 host.local 9 typ host","sdpMid":"0"} })",
             R"([1,2,{"data":"not this one"}])",
             R"("text with \"quotes\", } and \ud800")",
             "123456789012345678901234567890",
             "-0.10e+400",
             "null",
             "false",
             R"({"a":1,"a":2})",
             "\"h\xc3\xa9\"",
         }) {
        auto const m = read<messages::signal>("{\"type\":\"signal\",\"data\" : " + data + " }");
        ASSERT_TRUE(m.data);
        EXPECT_EQ(*m.data, data);
    }
}

TEST(ClientMessage, TakesTheOuterDataOnly)
{
    auto const m = read<messages::signal>(with_id(
        R"({"x":{"data":1},"type":"signal","to":"ID","data":{"data":{"data":2}},"callId":"ID","y":[{"data":3}]})"));
    EXPECT_EQ(*m.data, R"({"data":{"data":2}})");
    EXPECT_EQ(m.to, base::participant_id(std::string(uuid)));
    EXPECT_EQ(m.call, base::call_id(std::string(uuid)));
    EXPECT_EQ(refusal(R"({"type":"signal","x":{"data":1}})"), errc::bad_field);
}

TEST(ClientMessage, ReadsTheSmallOnes)
{
    EXPECT_EQ(read<messages::leave>(with_id(R"({"type":"leave","id":"1","callId":"ID"})")).call,
        base::call_id(std::string(uuid)));
    EXPECT_FALSE(read<messages::leave>(R"({"type":"leave","id":"1"})").call);
    EXPECT_FALSE(read<messages::end_call>(R"({"type":"endCall","id":"1","callId":null})").call);
    read<messages::ice>(R"({"type":"ice","id":"1"})");
    EXPECT_EQ(read<messages::refresh>(R"({"type":"refresh","id":"1","token":"t"})").token, "t");

    auto const media = read<messages::media_state>(
        R"({"type":"mediaState","audio":true,"video":false,"screen":true,"connection":"down"})");
    EXPECT_EQ(media.media, (call::media_state{true, false, true, call::media_connection::down}));

    auto const pong = read<messages::pong>(R"({"type":"pong","n":3,"seq":12.0,"connection":"up"})");
    EXPECT_EQ(pong.n, 3U);
    EXPECT_EQ(pong.seq, 12U);
    EXPECT_EQ(pong.connection, call::media_connection::up);
    EXPECT_FALSE(read<messages::pong>(R"({"type":"pong","seq":0})").n);
}

TEST(ClientMessage, ReadsStatsWithEveryFieldOptional)
{
    auto const full = read<messages::stats>(
        R"({"type":"stats","rttMs":12.5,"lossRatio":0.01,"jitterMs":3,"bitrateKbps":1500,"candidateType":"relay","more":[1]})");
    EXPECT_EQ(full.rtt_ms, 12.5);
    EXPECT_EQ(full.loss_ratio, 0.01);
    EXPECT_EQ(full.jitter_ms, 3.0);
    EXPECT_EQ(full.bitrate_kbps, 1500.0);
    EXPECT_EQ(full.candidate_type, "relay");
    // A browser writes a number that is none as null.
    auto const none = read<messages::stats>(R"({"type":"stats","rttMs":null,"candidateType":null})");
    EXPECT_FALSE(none.rtt_ms || none.loss_ratio || none.jitter_ms || none.bitrate_kbps || none.candidate_type);
}

TEST(ClientMessage, IgnoresUnknownFieldsWhateverTheyHold)
{
    read<messages::leave>(R"({"future":{"a":[1e999,"\ud800"]},"type":"leave","id":"1","":null})");
}

TEST(ClientMessage, KnowsTheIdOfWhatItRefuses)
{
    auto const unknown = parse_client_message(R"({"type":"dance","id":"x-1"})");
    EXPECT_EQ(unknown.id, "x-1");
    EXPECT_EQ(unknown.message.error(), errc::unknown_type);
    auto const bad = parse_client_message(R"({"id":"x-2","type":"signal"})");
    EXPECT_EQ(bad.id, "x-2");
    EXPECT_EQ(bad.message.error(), errc::bad_field);
    EXPECT_EQ(bad.field, "data");
    EXPECT_EQ(parse_client_message(R"({"type":"signal","data":1,"id":"s"})").id, "s");
    EXPECT_EQ(parse_client_message(R"({"type":"signal","data":1})").id, "");
    EXPECT_EQ(parse_client_message(R"({"id":"x-3",)").id, "");
}

TEST(ClientMessage, LimitsTheIdByCharacters)
{
    auto const text = [](std::string const& id) { return R"({"type":"ice","id":")" + id + "\"}"; };
    EXPECT_EQ(refusal(text(std::string(64, 'a'))), errc::ok);
    EXPECT_EQ(refusal(text(std::string(65, 'a'))), errc::bad_field);
    std::string wide;
    for (int i = 0; i < 64; ++i) wide += "\xf0\x9f\x98\x80";
    EXPECT_EQ(parse_client_message(text(wide)).id, wide);
    EXPECT_EQ(refusal(text(wide + "a")), errc::bad_field);
    EXPECT_EQ(parse_client_message(text(std::string(65, 'a'))).id, "");
    EXPECT_EQ(parse_client_message(text(R"(\"\u0041)")).id, "\"A");
}

struct refused_case {
    std::string text;
    errc why;
    std::string_view field = {};
};

std::vector<refused_case> bad_messages()
{
    return {
        {"", errc::bad_json},
        {"{", errc::bad_json},
        {"[]", errc::bad_json},
        {"\"register\"", errc::bad_json},
        {R"({"type":"ice","id":"1"} {})", errc::bad_json},
        {R"({"type":"ice","id":"1","id":"2"})", errc::bad_json},
        {R"({"type":"ice","id":"1","x":1,"x":1})", errc::bad_json},
        {R"({"type":"ice","id":"1","\u0069d":"2"})", errc::bad_json},
        {"{\"type\":\"ice\",\"id\":\"\xff\"}", errc::bad_json},
        {"{\"type\":\"signal\",\"data\":\"\xc3\x28\"}", errc::bad_json},
        {"{\"type\":\"signal\",\"data\":" + std::string(16, '[') + std::string(16, ']') + "}", errc::bad_json},
        {R"({"type":"signal","data":{"a":tru}})", errc::bad_json},
        {R"({"type":"signal","data":{"a":"\q"}})", errc::bad_json},
        {R"({})", errc::bad_field, "type"},
        {R"({"id":"1"})", errc::bad_field, "type"},
        {R"({"type":1,"id":"1"})", errc::bad_field, "type"},
        {R"({"type":null,"id":"1"})", errc::bad_field, "type"},
        {R"({"type":"","id":"1"})", errc::unknown_type},
        {R"({"type":"Ice","id":"1"})", errc::unknown_type},
        {R"({"type":"chat","id":"1","text":"not built yet"})", errc::unknown_type},
        {R"({"type":"answer","id":"1"})", errc::unknown_type},
        {"{\"type\":\"" + std::string(5000, 'x') + "\",\"id\":\"1\"}", errc::unknown_type},
        {R"({"type":"ice"})", errc::bad_field, "id"},
        {R"({"type":"ice","id":""})", errc::bad_field, "id"},
        {R"({"type":"ice","id":1})", errc::bad_field, "id"},
        {R"({"type":"ice","id":null})", errc::bad_field, "id"},
        {R"({"type":"ice","id":"a\u0000b"})", errc::bad_field, "id"},
        {R"({"type":"ice","id":"\ud800"})", errc::bad_field, "id"},
        {R"({"type":"signal","data":1,"id":7})", errc::bad_field, "id"},
        {R"({"type":"register","token":"t"})", errc::bad_field, "id"},
        {R"({"type":"startCall"})", errc::bad_field, "id"},
        {R"({"type":"joinCall"})", errc::bad_field, "id"},
        {R"({"type":"leave"})", errc::bad_field, "id"},
        {R"({"type":"endCall"})", errc::bad_field, "id"},
        {R"({"type":"refresh","token":"t"})", errc::bad_field, "id"},
        {R"({"type":"register","id":"1"})", errc::bad_field, "token"},
        {R"({"type":"register","id":"1","token":7})", errc::bad_field, "token"},
        {R"({"type":"register","id":"1","token":"a\u0000"})", errc::bad_field, "token"},
        {R"({"type":"register","id":"1","token":")" + std::string(4097, 't') + "\"}", errc::bad_field, "token"},
        {R"({"type":"refresh","id":"1","token":")" + std::string(4097, 't') + "\"}", errc::bad_field, "token"},
        {R"({"type":"refresh","id":"1"})", errc::bad_field, "token"},
        {R"({"type":"register","id":"1","token":"t","appointmentId":""})", errc::bad_field, "appointmentId"},
        {R"({"type":"register","id":"1","token":"t","appointmentId":".."})", errc::bad_field, "appointmentId"},
        {R"({"type":"register","id":"1","token":"t","appointmentId":"a b"})", errc::bad_field, "appointmentId"},
        {R"({"type":"register","id":"1","token":"t","appointmentId":7})", errc::bad_field, "appointmentId"},
        {R"({"type":"register","id":"1","token":"t","callId":"7"})", errc::bad_field, "callId"},
        {R"({"type":"register","id":"1","token":"t","callId":"ID","appointmentId":"a"})", errc::bad_field, "callId"},
        {R"({"type":"register","id":"1","token":"t","instance":"tab"})", errc::bad_field, "instance"},
        {R"({"type":"register","id":"1","token":"t","instance":""})", errc::bad_field, "instance"},
        {R"({"type":"register","id":"1","token":"t","instance":{}})", errc::bad_field, "instance"},
        {R"({"type":"register","id":"1","token":"t","resume":true})", errc::bad_field, "resume"},
        {R"({"type":"register","id":"1","token":"t","resume":[]})", errc::bad_field, "resume"},
        {R"({"type":"register","id":"1","token":"t","resume":{}})", errc::bad_field, "resume"},
        {R"({"type":"register","id":"1","token":"t","resume":{"sessionId":"s","resumeKey":"k"}})", errc::bad_field,
            "resume"},
        {R"({"type":"register","id":"1","token":"t","resume":{"sessionId":"s","resumeKey":"k","lastSeq":-1}})",
            errc::bad_field, "resume"},
        {R"({"type":"register","id":"1","token":"t","resume":{"sessionId":"a b","resumeKey":"k","lastSeq":1}})",
            errc::bad_field, "resume"},
        {R"({"type":"register","id":"1","token":"t","resume":{"sessionId":"s","resumeKey":"","lastSeq":1}})",
            errc::bad_field, "resume"},
        {R"({"type":"startCall","id":"1","media":"hologram"})", errc::bad_field, "media"},
        {R"({"type":"startCall","id":"1","media":["video"]})", errc::bad_field, "media"},
        {R"({"type":"startCall","id":"1","offer":"v=0"})", errc::bad_field, "offer"},
        {R"({"type":"startCall","id":"1","offer":{}})", errc::bad_field, "offer"},
        {R"({"type":"startCall","id":"1","offer":{"type":"answer","sdp":"v=0"}})", errc::bad_field, "offer"},
        {R"({"type":"startCall","id":"1","offer":{"type":"offer"}})", errc::bad_field, "offer"},
        {R"({"type":"joinCall","id":"1","offer":{"type":"offer","sdp":7}})", errc::bad_field, "offer"},
        {R"({"type":"joinCall","id":"1","offer":[{"type":"offer","sdp":""}]})", errc::bad_field, "offer"},
        {R"({"type":"joinCall","id":"1","offer":{"type":"offer","sdp":")" + std::string(49'200, 'x') + "\"}}",
            errc::bad_field, "offer"},
        {R"({"type":"joinCall","id":"1","callId":true})", errc::bad_field, "callId"},
        {R"({"type":"joinCall","id":"1","keep":"yes"})", errc::bad_field, "keep"},
        {R"({"type":"joinCall","id":"1","takeover":1})", errc::bad_field, "takeover"},
        {R"({"type":"signal"})", errc::bad_field, "data"},
        {R"({"type":"signal","data":1,"to":"someone"})", errc::bad_field, "to"},
        {R"({"type":"signal","data":1,"callId":"0192D3A1-0000-7000-8000-0123456789AB"})", errc::bad_field, "callId"},
        {R"({"type":"leave","id":"1","callId":""})", errc::bad_field, "callId"},
        {R"({"type":"endCall","id":"1","callId":[]})", errc::bad_field, "callId"},
        {R"({"type":"mediaState","video":true,"screen":false,"connection":"up"})", errc::bad_field, "audio"},
        {R"({"type":"mediaState","audio":1,"video":true,"screen":false,"connection":"up"})", errc::bad_field, "audio"},
        {R"({"type":"mediaState","audio":true,"video":true,"screen":false})", errc::bad_field, "connection"},
        {R"({"type":"mediaState","audio":true,"video":true,"screen":false,"connection":"UP"})", errc::bad_field,
            "connection"},
        {R"({"type":"stats","rttMs":"12"})", errc::bad_field, "rttMs"},
        {R"({"type":"stats","rttMs":-1})", errc::bad_field, "rttMs"},
        {R"({"type":"stats","rttMs":1e999})", errc::bad_field, "rttMs"},
        {R"({"type":"stats","lossRatio":1.01})", errc::bad_field, "lossRatio"},
        {R"({"type":"stats","jitterMs":1e12})", errc::bad_field, "jitterMs"},
        {R"({"type":"stats","bitrateKbps":{}})", errc::bad_field, "bitrateKbps"},
        {R"({"type":"stats","candidateType":""})", errc::bad_field, "candidateType"},
        {R"({"type":"stats","candidateType":"a\nb"})", errc::bad_field, "candidateType"},
        {R"({"type":"pong"})", errc::bad_field, "seq"},
        {R"({"type":"pong","seq":1.5})", errc::bad_field, "seq"},
        {R"({"type":"pong","seq":-1})", errc::bad_field, "seq"},
        {R"({"type":"pong","seq":1e30})", errc::bad_field, "seq"},
        {R"({"type":"pong","seq":99999999999999999999})", errc::bad_field, "seq"},
        {R"({"type":"pong","seq":1,"n":"1"})", errc::bad_field, "n"},
        {R"({"type":"pong","seq":1,"connection":"maybe"})", errc::bad_field, "connection"},
    };
}

TEST(ClientMessage, RefusesEachBrokenRuleByName)
{
    for (auto const& c : bad_messages()) {
        auto const p = parse_client_message(with_id(c.text));
        ASSERT_FALSE(p.message) << c.text.substr(0, 200);
        EXPECT_EQ(base::to_errc(p.message.error()), c.why) << c.text.substr(0, 200);
        EXPECT_EQ(p.field, c.field) << c.text.substr(0, 200);
    }
}

TEST(ClientMessage, AllowsExactlyTheDocumentedSizes)
{
    auto const data = [](std::size_t bytes) { return "\"" + std::string(bytes - 2, 'x') + "\""; };
    EXPECT_EQ(refusal("{\"type\":\"signal\",\"data\":" + data(49'152) + "}"), errc::ok);
    EXPECT_EQ(refusal("{\"type\":\"signal\",\"data\":" + data(49'153) + "}"), errc::bad_field);
    EXPECT_EQ(refusal(R"({"type":"refresh","id":"1","token":")" + std::string(4096, 't') + "\"}"), errc::ok);
    auto const padded = [](std::size_t bytes) {
        std::string text = R"({"type":"ice","id":"1"})";
        return text + std::string(bytes - text.size(), ' ');
    };
    EXPECT_EQ(refusal(padded(65'536)), errc::ok);
    EXPECT_EQ(refusal(padded(65'537)), errc::too_large);
    EXPECT_EQ(base::to_errc(parse_client_message(padded(101), {100, 16}).message.error()), errc::too_large);
    EXPECT_EQ(refusal("{\"type\":\"signal\",\"data\":" + std::string(15, '[') + std::string(15, ']') + "}"), errc::ok);
    EXPECT_EQ(base::to_errc(parse_client_message(R"({"type":"signal","data":[]})", {100, 1}).message.error()),
        errc::bad_json);
}

TEST(ClientMessage, SaysWhichCommandsChangeTheCall)
{
    auto const changes = [](std::string const& text) { return changes_state(*parse_client_message(text).message); };
    EXPECT_TRUE(changes(R"({"type":"startCall","id":"1"})"));
    EXPECT_TRUE(changes(R"({"type":"joinCall","id":"1"})"));
    EXPECT_TRUE(changes(R"({"type":"leave","id":"1"})"));
    EXPECT_TRUE(changes(R"({"type":"endCall","id":"1"})"));
    EXPECT_FALSE(changes(R"({"type":"ice","id":"1"})"));
    EXPECT_FALSE(changes(R"({"type":"signal","data":1})"));
    EXPECT_FALSE(changes(R"({"type":"refresh","id":"1","token":"t"})"));
}

TEST(ClientMessage, NeverAcceptsATruncatedMessage)
{
    auto const whole = with_id(
        R"({"type":"register","id":"r","token":"a.b.c","instance":"ID","resume":{"sessionId":"s","resumeKey":"k","lastSeq":1}})");
    ASSERT_EQ(refusal(whole), errc::ok);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        // A copy of exactly that size, so that a sanitizer sees a read behind the end.
        std::vector<char> const cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        auto const p = parse_client_message({cut.data(), cut.size()});
        EXPECT_EQ(base::to_errc(p.message.error()), errc::bad_json) << size;
    }
}

TEST(ClientMessage, SurvivesRandomBytes)
{
    constexpr unsigned seed = 4711;
    std::mt19937 random(seed);
    for (int round = 0; round < 20'000; ++round) {
        std::vector<char> bytes(random() % 200);
        for (auto& b : bytes) b = static_cast<char>(random());
        EXPECT_FALSE(parse_client_message({bytes.data(), bytes.size()}).message)
            << "seed " << seed << " round " << round;
    }
}

TEST(ClientMessage, SurvivesDamagedMessages)
{
    constexpr unsigned seed = 1848;
    std::mt19937 random(seed);
    auto const& cases = bad_messages();
    for (int round = 0; round < 20'000; ++round) {
        auto text = with_id(cases[random() % cases.size()].text).substr(0, 300);
        for (int edits = 0; edits < 4 && !text.empty(); ++edits)
            text[random() % text.size()] = static_cast<char>(random());
        std::vector<char> const exact(text.begin(), text.end());
        auto const p = parse_client_message({exact.data(), exact.size()});
        EXPECT_LE(p.id.size(), 256U);
        if (!p.message) {
            EXPECT_NE(base::to_errc(p.message.error()), errc::internal) << "seed " << seed << " round " << round;
        }
    }
}

} // namespace
} // namespace rendezvous::protocol
