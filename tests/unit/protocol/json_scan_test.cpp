#include "protocol/json_scan.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace rendezvous::protocol {
namespace {

std::string nested(std::size_t depth)
{
    // One object around depth - 1 arrays.
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
}

TEST(JsonScan, AcceptsWhatTheGrammarAllows)
{
    for (std::string const& text : std::vector<std::string>{
             R"({})",
             " \t\r\n{ } \n",
             R"({"a":1,"b":[],"c":{},"d":"","e":null,"f":true,"g":false})",
             R"({ "a" : [ 1 , 2 , { "b" : [ ] } ] })",
             R"({"n":[0,-0,1,-1,10,1.5,-1.25e3,1E5,1e+5,1e-5,0.0,123456789012345678901234567890,1e999]})",
             R"({"s":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"})",
             R"({"lone":"\ud800"})",
             "{\"utf8\":\"h\xc3\xa9llo \xf0\x9f\x98\x80\"}",
         })
        EXPECT_TRUE(scan_object(text, 16)) << text;
}

TEST(JsonScan, RefusesWhatItDoesNot)
{
    for (std::string const& text : std::vector<std::string>{
             "",
             " ",
             "{",
             "}",
             "[]",
             "[{}]",
             "null",
             "1",
             "\"a\"",
             "{}{}",
             "{},",
             "{} x",
             "{\"a\"}",
             "{\"a\":}",
             "{\"a\":1,}",
             "{,\"a\":1}",
             "{\"a\":1 \"b\":2}",
             "{a:1}",
             "{'a':1}",
             "{\"a\":01}",
             "{\"a\":-}",
             "{\"a\":+1}",
             "{\"a\":1.}",
             "{\"a\":.5}",
             "{\"a\":1e}",
             "{\"a\":1e+}",
             "{\"a\":0x1}",
             "{\"a\":NaN}",
             "{\"a\":tru}",
             "{\"a\":truex}",
             "{\"a\":nul}",
             "{\"a\":[1,]}",
             "{\"a\":[,1]}",
             "{\"a\":[1 2]}",
             "{\"a\":[1}",
             "{\"a\":{]}",
             "{\"a\":\"}",
             "{\"a\":\"\\x\"}",
             "{\"a\":\"\\u12g4\"}",
             "{\"a\":\"\\u12\"}",
             "{\"a\":\"\\\"}",
             "{\"a\":\"tab\there is a control character\"}",
             "{\"a\":\"line\nbreak\"}",
             std::string("{\"a\":\"nul\0in it\"}", 17),
             std::string("{}\0", 3),
             "\xef\xbb\xbf{}",
             "{/* comment */}",
         })
        EXPECT_FALSE(scan_object(text, 16)) << text;
}

TEST(JsonScan, FindsControlCharactersAtEveryPositionOfALongString)
{
    for (std::size_t at = 0; at < 40; ++at) {
        std::string inside(40, 'x');
        EXPECT_TRUE(scan_object("{\"a\":\"" + inside + "\"}", 16));
        inside[at] = '\x1f';
        EXPECT_FALSE(scan_object("{\"a\":\"" + inside + "\"}", 16)) << at;
        inside[at] = '"';
        EXPECT_FALSE(scan_object("{\"a\":\"" + inside + "\"}", 16)) << at;
        inside[at] = '\x7f';
        EXPECT_TRUE(scan_object("{\"a\":\"" + inside + "\"}", 16)) << at;
        inside[at] = '\x80';
        EXPECT_TRUE(scan_object("{\"a\":\"" + inside + "\"}", 16)) << at;
    }
}

TEST(JsonScan, CountsDepthFromTheOuterObject)
{
    EXPECT_TRUE(scan_object("{}", 1));
    EXPECT_FALSE(scan_object("{}", 0));
    EXPECT_TRUE(scan_object(nested(16), 16));
    EXPECT_FALSE(scan_object(nested(17), 16));
    EXPECT_TRUE(scan_object(R"({"a":[1],"b":[2],"c":{"d":[]}})", 3));
    EXPECT_TRUE(scan_object(nested(128), 100'000));
    EXPECT_FALSE(scan_object(nested(129), 100'000));
    EXPECT_FALSE(scan_object("{\"a\":" + std::string(60'000, '['), 100'000));
}

TEST(JsonScan, CutsValuesOutExactly)
{
    auto const object = scan_object(R"( { "a" : [ 1, "}" ] ,"b":-1.5e3,"c" : "x\"y" , "d":{ "a":2 } })", 16);
    ASSERT_TRUE(object);
    EXPECT_EQ(object->find("a"), R"([ 1, "}" ])");
    EXPECT_EQ(object->find("b"), "-1.5e3");
    EXPECT_EQ(object->find("c"), R"("x\"y")");
    EXPECT_EQ(object->find("d"), R"({ "a":2 })");
    EXPECT_FALSE(object->find("e"));
    EXPECT_FALSE(object->find(""));
}

TEST(JsonScan, KnowsKeysByTheirMeaning)
{
    auto const object = scan_object(R"({"\u0061\n":1,"b":2})", 16);
    ASSERT_TRUE(object);
    EXPECT_EQ(object->find("a\n"), "1");
    EXPECT_FALSE(object->has_duplicate_keys());
    EXPECT_TRUE(scan_object(R"({"a":1,"b":2,"a":3})", 16)->has_duplicate_keys());
    EXPECT_TRUE(scan_object(R"({"a":1,"\u0061":2})", 16)->has_duplicate_keys());
    EXPECT_TRUE(scan_object(R"({"\ud800":1})", 16)->has_duplicate_keys());
    EXPECT_FALSE(scan_object(R"({"a":{"x":1},"b":{"x":1}})", 16)->has_duplicate_keys());
}

TEST(JsonScan, TakesTheLastOfTwoAsBrowsersDo)
{
    EXPECT_EQ(scan_object(R"({"a":1,"a":2})", 16)->find("a"), "2");
}

TEST(JsonScan, FindsDuplicatesAmongManyKeys)
{
    std::string text = "{";
    for (int i = 0; i < 9'000; ++i) text += "\"" + std::to_string(i) + "\":0,";
    EXPECT_FALSE(scan_object(text + "\"x\":0}", 16)->has_duplicate_keys());
    EXPECT_TRUE(scan_object(text + "\"4711\":0}", 16)->has_duplicate_keys());
}

TEST(JsonScan, DecodesStrings)
{
    EXPECT_EQ(decode_string(R"("")"), "");
    EXPECT_EQ(decode_string(R"("a\"\\\/\b\f\n\r\tz")"), "a\"\\/\b\f\n\r\tz");
    EXPECT_EQ(decode_string(R"("\u0041\u00e9\u20AC\ud83d\ude00")"), "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    EXPECT_EQ(decode_string(R"("\u0000")"), std::string(1, '\0'));
    EXPECT_FALSE(decode_string(R"("\ud800")"));
    EXPECT_FALSE(decode_string(R"("\ud800\u0041")"));
    EXPECT_FALSE(decode_string(R"("\ud800x")"));
    EXPECT_FALSE(decode_string(R"("\udc00")"));
    EXPECT_FALSE(decode_string("1"));
    EXPECT_FALSE(decode_string("null"));
}

TEST(JsonScan, DecodesNumbers)
{
    EXPECT_EQ(decode_number("0"), 0.0);
    EXPECT_EQ(decode_number("-12.5e1"), -125.0);
    EXPECT_FALSE(decode_number("1e999"));
    EXPECT_FALSE(decode_number("-1e999"));
    EXPECT_FALSE(decode_number("\"1\""));
    EXPECT_FALSE(decode_number("true"));
    EXPECT_FALSE(decode_number("{}"));
}

TEST(JsonScan, ChecksUtf8)
{
    EXPECT_TRUE(is_utf8(""));
    EXPECT_TRUE(is_utf8("h\xc3\xa9 \xf0\x9f\x98\x80"));
    EXPECT_FALSE(is_utf8("\xc3"));
    EXPECT_FALSE(is_utf8("\x80"));
    EXPECT_FALSE(is_utf8("\xc0\xaf"));         // overlong
    EXPECT_FALSE(is_utf8("\xed\xa0\x80"));     // surrogate
    EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80")); // beyond U+10FFFF
}

/// What another parser thinks; nothing where the two may differ (numbers beyond a double).
std::optional<bool> second_opinion(std::string const& text)
{
    try {
        return nlohmann::json::parse(text).is_object();
    } catch (nlohmann::json::out_of_range const&) {
        return std::nullopt;
    } catch (nlohmann::json::exception const&) {
        return false;
    }
}

TEST(JsonScan, AgreesWithASecondParserOnDamagedTexts)
{
    std::string const good =
        R"({"type":"signal","data":{"candidate":{"sdpMid":"0","n":[1,-2.5e1,true,null]}},"x":"\u00e9\n"})";
    std::string const alphabet = R"({}[]",:\ntfrb0.-+eE1 a/)";
    std::mt19937 random(20'261'120);
    int accepted = 0;
    for (int round = 0; round < 60'000; ++round) {
        auto text = good;
        for (auto edits = 1 + random() % 3; edits > 0; --edits) {
            auto const at = random() % text.size();
            char const c = alphabet[random() % alphabet.size()];
            if (random() % 3 == 0)
                text[at] = c;
            else if (random() % 2 == 0)
                text.insert(at, 1, c);
            else
                text.erase(at, 1);
        }
        auto const expected = second_opinion(text);
        if (!expected) continue;
        auto const ours = scan_object(text, 64).has_value();
        ASSERT_EQ(ours, *expected) << text;
        accepted += ours ? 1 : 0;
    }
    EXPECT_GT(accepted, 1'000) << "the damage was too heavy to compare anything";
}

} // namespace
} // namespace rendezvous::protocol
