#include "system_fixture.hpp"

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;

/// Bad input: each gets its error or close code, and harms no one else.
class Messages : public system_test {
protected:
    /// The answer to a raw text.
    json answer_to(peer& p, std::string const& text)
    {
        p.socket().send_text(text);
        return p.expect("error");
    }
};

TEST_P(Messages, AreRefusedOneByOneAndTheSocketStays)
{
    auto const v = book_visit(server());
    peer p(server());
    p.enter(v.doctor_token, v.id);
    unsigned received = 0;
    auto const refused = [&](std::string const& text, std::string const& code, json const& re) {
        auto const answer = answer_to(p, text);
        EXPECT_EQ(answer["code"], code) << text.substr(0, 80);
        EXPECT_EQ(answer["re"], re) << text.substr(0, 80);
        EXPECT_EQ(answer["received"], ++received) << "refused ones count too";
        EXPECT_EQ(answer["retryable"], false);
        EXPECT_FALSE(answer["message"].get<std::string>().empty());
    };
    refused("{", "bad-json", nullptr);
    refused("", "bad-json", nullptr);
    refused("[1]", "bad-json", nullptr);
    refused("{\"type\":\"ice\",\"id\":\"1\"} x", "bad-json", nullptr);
    refused(R"({"type":"ice","id":"1","id":"1"})", "bad-json", nullptr);
    refused(R"({"type":"signal","data":)" + std::string(16, '[') + std::string(16, ']') + "}", "bad-json", nullptr);
    refused(R"({"type":"dance","id":"7"})", "unknown-type", "7");
    refused(R"({"type":"dance"})", "unknown-type", nullptr);
    refused(R"({"id":"8"})", "bad-field", "8");
    refused(R"({"type":7,"id":"9"})", "bad-field", "9");
    refused(R"({"type":"startCall"})", "bad-field", nullptr);
    refused(R"({"type":"startCall","id":""})", "bad-field", nullptr);
    refused(R"({"type":"startCall","id":")" + std::string(65, 'x') + "\"}", "bad-field", nullptr);
    refused(R"({"type":"startCall","id":"10","media":"smell"})", "bad-field", "10");
    refused(R"({"type":"startCall","id":"11","offer":{"type":"answer","sdp":""}})", "bad-field", "11");
    refused(R"({"type":"joinCall","id":"12","callId":"nonsense"})", "bad-field", "12");
    refused(R"({"type":"signal","id":"13"})", "bad-field", "13");
    refused(R"({"type":"mediaState","id":"14","audio":true})", "bad-field", "14");
    EXPECT_EQ(p.ask("startCall", {{"unknownField", {{"is", "ignored"}}}})["received"], received + 1);
}

TEST_P(Messages, MayBeSixteenDeepAndHaveIdsOf64Characters)
{
    auto const v = book_visit(server());
    peer p(server());
    p.enter(v.doctor_token, v.id);
    auto const id = std::string(64, 'i');
    p.send({{"type", "ice"}, {"id", id}});
    EXPECT_EQ(p.answer(id)["type"], "ok");
    auto const deep = R"({"type":"ice","id":"deep","x":)" + std::string(15, '[') + std::string(15, ']') + "}";
    p.socket().send_text(deep);
    EXPECT_EQ(p.answer("deep")["type"], "ok");
}

TEST_P(Messages, MayHave64KiBAndNotAByteMore)
{
    auto const v = book_visit(server());
    peer p(server());
    p.enter(v.doctor_token, v.id);
    auto const of_size = [](std::size_t bytes) {
        std::string text = R"({"type":"ice","id":"big","pad":")";
        text += std::string(bytes - text.size() - 2, 'x');
        return text + "\"}";
    };
    p.socket().send_text(of_size(65536));
    EXPECT_EQ(p.answer("big")["type"], "ok");
    p.socket().send_text(of_size(65537));
    EXPECT_EQ(p.closed(), 1009);
}

TEST_P(Messages, MustBeTextInUtf8)
{
    auto const v = book_visit(server());
    peer binary(server());
    binary.enter(v.doctor_token, v.id);
    binary.socket().send_binary(R"({"type":"ice","id":"1"})");
    EXPECT_EQ(binary.closed(), 1003);
    peer broken(server());
    broken.enter(v.doctor_token, v.id);
    broken.socket().send_text("{\"type\":\"\xff\xfe\"}");
    EXPECT_EQ(broken.closed(), 1007);
    peer unmasked(server());
    unmasked.enter(v.doctor_token, v.id);
    unmasked.socket().send_raw(std::string("\x81\x02{}", 4));
    EXPECT_EQ(unmasked.closed(), 1002);
    peer early(server());
    early.socket().send_binary("x");
    EXPECT_EQ(early.closed(), 1003);
}

TEST_P(Messages, OfOneSocketHarmNoOther)
{
    auto const v = book_visit(server());
    auto two = connect_pair(server(), v);
    for (int i = 0; i < 10; ++i) {
        peer p(server());
        p.enter(v.doctor_token, v.id);
        if (i % 3 == 0) p.socket().send_binary("junk");
        if (i % 3 == 1) p.socket().send_text(std::string(70000, 'x'));
        if (i % 3 == 2) p.socket().drop();
        if (i % 3 != 2) p.closed();
    }
    two.doctor.send({{"type", "signal"}, {"data", {{"candidate", "after all that"}}}});
    EXPECT_EQ(two.patient.expect("signal")["data"]["candidate"], "after all that");
}

TEST_P(Messages, CannotJoinWhereThereIsNoCallNorSignalWithoutOne)
{
    auto const v = book_visit(server());
    peer p(server());
    p.enter(v.doctor_token, v.id);
    EXPECT_EQ(p.ask("joinCall")["code"], "no-call");
    EXPECT_EQ(p.ask("endCall")["code"], "no-call");
    EXPECT_EQ(p.ask("signal", {{"data", {{"candidate", ""}}}})["code"], "no-call");
    EXPECT_EQ(p.ask("mediaState", {{"audio", true}, {"video", true}, {"screen", false}, {"connection", "up"}})["code"],
        "no-call");
    EXPECT_EQ(p.ask("stats", {{"rttMs", 20}})["code"], "no-call");
}

RENDEZVOUS_SHARDS(Messages);

} // namespace
} // namespace rendezvous::test
