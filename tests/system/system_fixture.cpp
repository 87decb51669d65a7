#include "system_fixture.hpp"

#include <atomic>
#include <map>
#include <unistd.h>

namespace rendezvous::test {

using namespace std::chrono_literals;

json participant(std::string const& user, std::string const& role)
{
    return {{"userId", user}, {"role", role}, {"name", "Name of " + user}};
}

json appointment_body(visit const& v, json const& more)
{
    json out{{"status", "booked"}, {"start", from_now(-1min)}, {"end", from_now(30min)},
        {"participants", {participant(v.doctor, "doctor"), participant(v.patient, "patient")}}};
    out.update(more);
    return out;
}

visit make_visit(running_server& server)
{
    static std::atomic<unsigned> made{0};
    auto const number = std::to_string(::getpid()) + "-" + std::to_string(++made);
    visit out{"visit-" + number, "doctor-" + number, "patient-" + number, {}, {}};
    out.doctor_token = server.folder().token(out.doctor, call::role::doctor);
    out.patient_token = server.folder().token(out.patient, call::role::patient, {out.id});
    return out;
}

visit book_visit(running_server& server, json const& more)
{
    auto out = make_visit(server);
    auto const answer = server.book("PUT", out.path(), appointment_body(out, more));
    EXPECT_EQ(answer.status, 201u) << answer.body;
    return out;
}

pair_in_call connect_pair(running_server& server, visit const& v)
{
    pair_in_call out{peer(server), peer(server), {}, {}, {}};
    out.doctor_you = out.doctor.enter(v.doctor_token, v.id).at("you");
    out.patient_you = out.patient.enter(v.patient_token, v.id).at("you");
    out.call_id = out.patient.ask("startCall").at("call").at("callId");
    out.doctor.expect("activeCall");
    EXPECT_EQ(out.doctor.ask("joinCall").at("type"), "ok");
    out.patient.expect("joinerConnected");
    return out;
}

std::string code_of(http_answer const& answer)
{
    EXPECT_EQ(answer.header("content-type"), "application/problem+json") << answer.status << " " << answer.body;
    auto const problem = body_of(answer);
    EXPECT_EQ(problem.value("status", 0u), answer.status) << answer.body;
    EXPECT_FALSE(problem.value("requestId", "").empty()) << answer.body;
    EXPECT_FALSE(problem.value("title", "").empty()) << answer.body;
    return problem.value("code", "");
}

running_server& system_test::server()
{
    static std::map<unsigned, std::unique_ptr<running_server>> servers;
    auto& out = servers[GetParam()];
    if (!out) out = std::make_unique<running_server>(GetParam());
    return *out;
}

std::string system_test::admin_token()
{
    return server().folder().token("admin-of-all", call::role::admin);
}

std::string shards_name(::testing::TestParamInfo<unsigned> const& info)
{
    return std::to_string(info.param);
}

} // namespace rendezvous::test
