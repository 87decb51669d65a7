#include "system_fixture.hpp"

#include <algorithm>
#include <cctype>

// What people and programs send that nobody meant: other types, fragments of SQL, paths and markup in
// every string. Each gets the documented answer, loses nothing, and shows nothing of the inside.

namespace rendezvous::test {
namespace {

std::vector<std::string> const fragments = {"'; DROP TABLE appointments; --", "\" OR \"1\"=\"1", "1 UNION SELECT 1,2,3",
    "../../etc/passwd", "..\\..\\x", "%2e%2e%2f", "<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}",
    "=cmd|'x'!A1", "%00", "a\tb", std::string(300, 'x'), "\xc3\xa4\xe2\x82\xac"};

std::string escaped(std::string const& text)
{
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (char const each : text) {
        auto const c = static_cast<unsigned char>(each);
        if (c < 0x80 && std::isalnum(c) != 0) {
            out += each;
        } else {
            out += '%';
            out += digits[std::size_t{c} >> 4];
            out += digits[std::size_t{c} & 15];
        }
    }
    return out;
}

bool shows_the_inside(std::string const& body)
{
    std::vector<std::string> const words = {"sqlite", "SELECT ", "INSERT ", "UPDATE ", "no such table",
        "no such column", "syntax error", "/src/", ".cpp", "exception", "nlohmann", "std::"};
    return std::any_of(words.begin(), words.end(), [&](auto const& w) { return body.find(w) != std::string::npos; });
}

class BadInput : public system_test {
protected:
    void SetUp() override { v_ = book_visit(server()); }
    void TearDown() override
    {
        EXPECT_EQ(server().rest("GET", v_.path(), v_.doctor_token).status, 200u) << "nothing was lost";
        EXPECT_EQ(server().rest("GET", "/readyz", {}).status, 200u);
    }
    void expect_refused(http_answer const& answer, std::string const& what)
    {
        EXPECT_GE(answer.status, 400u) << what;
        EXPECT_LT(answer.status, 500u) << what << ' ' << answer.body;
        EXPECT_FALSE(code_of(answer).empty()) << what;
        EXPECT_FALSE(shows_the_inside(answer.body)) << what << ' ' << answer.body;
    }
    http_answer send(
        std::string const& method, std::string const& path, std::string const& type, std::string const& body)
    {
        return server().rest(method, path, server().api_key(), body, {{"Content-Type", type}});
    }

    visit v_;
};

TEST_P(BadInput, ABodyOfAnotherTypeIsRefused)
{
    auto const body = json{{"media", "audio"}}.dump();
    for (auto const* type : {"application/x-www-form-urlencoded", "text/plain", "application/xml",
             "multipart/form-data; boundary=x", "application/jsonx", "text/json"}) {
        auto const answer = send("PUT", v_.path(), type, body);
        EXPECT_EQ(answer.status, 415u) << type;
        EXPECT_EQ(code_of(answer), "unsupported-media-type");
    }
    EXPECT_EQ(body_of(server().rest("GET", v_.path(), server().api_key()))["media"], "video");
    for (auto const* type : {"application/json", "Application/JSON ; charset=utf-8"})
        EXPECT_EQ(send("PUT", v_.path(), type, body).status, 200u) << type;
}

TEST_P(BadInput, FragmentsInPathsFindNothing)
{
    for (auto const& f : fragments)
        for (std::string const path : {"/api/appointments/", "/api/calls/", "/api/invites/", "/api/webhooks/"})
            for (std::string const method : {"GET", "DELETE"})
                expect_refused(server().rest(method, path + escaped(f), server().api_key()), method + " " + path + f);
}

TEST_P(BadInput, FragmentsInFiltersAreWrongOrFindNothing)
{
    for (auto const& f : fragments)
        for (std::string const name : {"from", "status", "callStatus", "limit", "after", "unknown"})
            expect_refused(server().rest("GET", "/api/appointments?" + name + "=" + escaped(f), server().api_key()),
                name + "=" + f);
    for (auto const& f : fragments) {
        auto const found = server().rest("GET", "/api/calls?userId=" + escaped(f), server().api_key());
        if (found.status == 200)
            EXPECT_EQ(body_of(found), json::array()) << f;
        else
            expect_refused(found, f);
    }
}

TEST_P(BadInput, FragmentsInTextsAreKeptAsTheyAreOrRefused)
{
    for (auto const& f : fragments) {
        auto const people = json::array({{{"userId", v_.doctor}, {"role", "doctor"}, {"name", f}},
            {{"userId", v_.patient}, {"role", "patient"}, {"name", "Ana"}}});
        auto const put = server().book("PUT", v_.path(), {{"participants", people}});
        if (put.status == 200)
            EXPECT_EQ(body_of(put)["participants"][0]["name"], f);
        else
            expect_refused(put, f);
        for (auto const* field : {"status", "paymentStatus", "media", "startPolicy", "start", "closesAt"})
            expect_refused(server().book("PUT", v_.path(), {{field, f}}), std::string(field) + "=" + f);
    }
}

TEST_P(BadInput, FragmentsOnSocketsAreRefused)
{
    peer patient(server());
    patient.enter(v_.patient_token, v_.id);
    for (auto const& f : fragments) {
        EXPECT_EQ(patient.ask("joinCall", {{"callId", f}})["type"], "error") << f;
        EXPECT_EQ(patient.ask("startCall", {{"media", f}})["type"], "error") << f;
        auto const unknown = patient.ask(f);
        EXPECT_EQ(unknown["code"], "unknown-type") << f;
        EXPECT_FALSE(shows_the_inside(unknown.dump()));
    }
}

RENDEZVOUS_SHARDS(BadInput);

} // namespace
} // namespace rendezvous::test
