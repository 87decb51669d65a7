// Which caller may use which route, over REST: route x caller, every cell with its status. What a
// member may do in which state of the call is tests/unit/call/rights_table_test.cpp.

#include "system_fixture.hpp"

#include <array>

namespace rendezvous::test {
namespace {

using std::string;

constexpr std::array callers{"nobody", "a forged token", "the booking system", "the doctor", "the patient", "the guest",
    "another doctor", "another patient", "an admin", "the patient as doctor"};

struct route_row {
    char const* method;
    string target; ///< `{}` stands for the appointment
    char const* body;
    std::array<unsigned, callers.size()> status;
};

class RestRights : public system_test {
protected:
    /// A booked visit with a guest, as each caller sees it.
    struct cast {
        visit v;
        std::array<string, callers.size()> bearers;
    };
    cast fresh_cast()
    {
        auto v = make_visit(server());
        auto const guest = "guest-" + v.patient;
        auto const listed = {
            participant(v.doctor, "doctor"), participant(v.patient, "patient"), participant(guest, "guest")};
        EXPECT_EQ(server().book("PUT", v.path(), appointment_body(v, {{"participants", listed}})).status, 201U);
        auto const& sign = server().folder();
        auto const other = book_visit(server());
        return {v, {"", v.doctor_token + "x", server().api_key(), v.doctor_token, v.patient_token,
                       sign.token(guest, call::role::guest, {v.id}), other.doctor_token, other.patient_token,
                       admin_token(), sign.token(v.patient, call::role::doctor)}};
    }
    void expect_table(std::vector<route_row> const& table)
    {
        for (auto const& row : table)
            for (std::size_t i = 0; i < callers.size(); ++i) {
                auto const with = fresh_cast();
                auto target = row.target;
                if (auto const at = target.find("{}"); at != string::npos) target.replace(at, 2, with.v.id);
                auto const answer = server().rest(row.method, target, with.bearers[i], row.body);
                EXPECT_EQ(answer.status, row.status[i])
                    << row.method << " " << row.target << " by " << callers[i] << ": " << answer.body.substr(0, 200);
            }
    }
};

// clang-format off
TEST_P(RestRights, AreThoseOfTheTable)
{
    string const a = "/api/appointments/{}";
    expect_table({
        //                                               nobody forged key  doct. pat.  guest o.doc o.pat admin pretender
        {"GET",    a,                       "",          {401, 401, 200, 200, 200, 200, 404, 404, 200, 403}},
        {"PUT",    a,                       "{}",        {401, 401, 200, 403, 403, 403, 403, 403, 403, 403}},
        {"DELETE", a,                       "",          {401, 401, 204, 403, 403, 403, 403, 403, 403, 403}},
        {"GET",    a + "/call-status",      "",          {401, 401, 200, 200, 200, 200, 404, 404, 200, 403}},
        {"POST",   a + "/start-call",       "{}",        {401, 401, 403, 201, 201, 403, 404, 404, 403, 403}},
        {"POST",   a + "/join-call",        "{}",        {401, 401, 403, 409, 409, 403, 404, 404, 403, 403}},
        {"POST",   a + "/end-call",         "{}",        {401, 401, 403, 409, 409, 403, 404, 404, 409, 403}},
        {"GET",    a + "/invites",          "",          {401, 401, 200, 200, 403, 403, 404, 403, 200, 403}},
        {"POST",   a + "/invites",          "{}",        {401, 401, 422, 422, 403, 403, 422, 403, 422, 422}},
        {"GET",    "/api/appointments",     "",          {401, 401, 200, 200, 200, 200, 200, 200, 200, 200}},
        {"GET",    "/api/calls",            "",          {401, 401, 200, 200, 200, 200, 200, 200, 200, 200}},
        {"GET",    "/api/webrtc/config",    "",          {401, 401, 403, 200, 200, 200, 200, 200, 200, 200}},
        {"GET",    "/healthz",              "",          {200, 200, 200, 200, 200, 200, 200, 200, 200, 200}},
        {"POST",   "/api/invites/x/redeem", "{}",        {404, 404, 404, 404, 404, 404, 404, 404, 404, 404}},
    });
}
// clang-format on

/// Strangers cannot tell what exists: the same answer for another's appointment and for none.
TEST_P(RestRights, TellStrangersNothing)
{
    auto const with = fresh_cast();
    auto const stranger = book_visit(server()).doctor_token;
    auto const shape = [&](string const& method, string const& target) {
        auto const answer = server().rest(method, target, stranger, method == "POST" ? "{}" : "");
        auto problem = body_of(answer);
        problem.erase("requestId");
        problem.erase("instance");
        return std::to_string(answer.status) + problem.dump();
    };
    for (auto const& [method, tail] : std::vector<std::pair<string, string>>{{"GET", ""}, {"GET", "/call-status"},
             {"POST", "/start-call"}, {"POST", "/join-call"}, {"POST", "/end-call"}, {"GET", "/invites"}})
        EXPECT_EQ(shape(method, with.v.path(tail)), shape(method, "/api/appointments/none-such" + tail))
            << method << tail;
}

/// Lists hold what the caller takes part in, whatever they ask for.
TEST_P(RestRights, ListOnesOwn)
{
    auto const with = fresh_cast();
    auto const stranger = book_visit(server());
    for (auto const& query : std::vector<string>{"", "?userId=" + with.v.patient, "?limit=200"}) {
        auto const answer = server().rest("GET", "/api/appointments" + query, stranger.doctor_token);
        if (answer.status == 403) continue;
        ASSERT_EQ(answer.status, 200U) << query;
        for (auto const& a : body_of(answer)) EXPECT_EQ(a["id"], stranger.id) << query;
    }
}

RENDEZVOUS_SHARDS(RestRights);

} // namespace
} // namespace rendezvous::test
