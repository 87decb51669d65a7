#include "rendezvous/protocol/list_text.hpp"

#include <gtest/gtest.h>

#include <array>

namespace rendezvous::protocol {
namespace {

std::string cell(std::string_view text)
{
    std::string out;
    append_csv_cell(out, text);
    return out;
}

TEST(ListText, QuotesWhatRfc4180SaysAndNothingElse)
{
    EXPECT_EQ(cell("Dr. Ana Pop"), "Dr. Ana Pop");
    EXPECT_EQ(cell(""), "");
    EXPECT_EQ(cell("Pop, Ana"), "\"Pop, Ana\"");
    EXPECT_EQ(cell("Ana \"A\" Pop"), "\"Ana \"\"A\"\" Pop\"");
    EXPECT_EQ(cell("two\nlines"), "\"two\nlines\"");
    EXPECT_EQ(cell("Đặng Thị مريم"), "Đặng Thị مريم");
}

TEST(ListText, TakesTheForceOutOfFormulas)
{
    EXPECT_EQ(cell("=1+1"), "'=1+1");
    EXPECT_EQ(cell("+40 21"), "'+40 21");
    EXPECT_EQ(cell("-2"), "'-2");
    EXPECT_EQ(cell("@SUM(A1)"), "'@SUM(A1)");
    EXPECT_EQ(cell("\t=1"), "'\t=1");
    EXPECT_EQ(cell("\r=1"), "\"'\r=1\"");
    EXPECT_EQ(cell("=HYPERLINK(\"x\",1)"), "\"'=HYPERLINK(\"\"x\"\",1)\"");
    EXPECT_EQ(cell("a=1"), "a=1");
}

TEST(ListText, WritesMembersOfListsIntoOneCell)
{
    constexpr std::array<std::string_view, 5> columns{"id", "count", "people.name", "data", "missing"};
    auto const lines = list_lines(list_form::csv,
        R"([{"id":"a","count":3,"people":[{"name":"=Ana"},{"x":1},{"name":"Ion"}],"data":{"k":[1,true]}},)"
        R"({"id":"b","count":0,"people":[],"data":null}])",
        columns);
    EXPECT_EQ(csv_header(columns) + lines, "id,count,people.name,data,missing\r\n"
                                           "a,3,\"'=Ana\n\nIon\",\"{\"\"k\"\":[1,true]}\",\r\n"
                                           "b,0,,,\r\n");
}

TEST(ListText, WritesOneObjectPerLine)
{
    EXPECT_EQ(list_lines(list_form::ndjson, R"([{"a":"x\ny"},{"b":[1,2]}])", {}), "{\"a\":\"x\\ny\"}\n{\"b\":[1,2]}\n");
    EXPECT_EQ(list_lines(list_form::ndjson, "[]", {}), "");
}

TEST(ListText, ChoosesTheFormThatIsPreferred)
{
    EXPECT_EQ(accepted_form(std::nullopt), list_form::json);
    EXPECT_EQ(accepted_form("*/*"), list_form::json);
    EXPECT_EQ(accepted_form("text/html"), list_form::json);
    EXPECT_EQ(accepted_form("text/csv"), list_form::csv);
    EXPECT_EQ(accepted_form("Text/CSV; charset=utf-8"), list_form::csv);
    EXPECT_EQ(accepted_form("application/x-ndjson, application/json;q=0.5"), list_form::ndjson);
    EXPECT_EQ(accepted_form("text/csv;q=0.4, application/json;q=0.5"), list_form::json);
    EXPECT_EQ(accepted_form("text/csv;q=0, */*;q=0.1"), list_form::json);
    EXPECT_EQ(accepted_form("text/csv, */*;q=0.1"), list_form::csv);
}

} // namespace
} // namespace rendezvous::protocol
