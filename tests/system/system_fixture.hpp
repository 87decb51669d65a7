#pragma once

#include "peer.hpp"

#include <gtest/gtest.h>

namespace rendezvous::test {

/// A doctor, a patient and their appointment, open now unless it says otherwise. Every visit has
/// people of its own, so tests do not meet.
struct visit {
    std::string id;
    std::string doctor;
    std::string patient;
    std::string doctor_token;
    std::string patient_token;

    std::string path(std::string const& tail = {}) const { return "/api/appointments/" + id + tail; }
};

/// What a PUT of that visit's appointment says; `more` replaces fields.
json appointment_body(visit const& v, json const& more = json::object());
/// A visit that is not written yet.
visit make_visit(running_server& server);
/// A visit that is.
visit book_visit(running_server& server, json const& more = json::object());
json participant(std::string const& user, std::string const& role);

/// A call of two over sockets.
struct pair_in_call {
    peer doctor;
    peer patient;
    json doctor_you;
    json patient_you;
    std::string call_id;
};
/// Both enter, the patient starts, the doctor joins; both have heard of it.
pair_in_call connect_pair(running_server& server, visit const& v);

/// The error that a REST answer names; fails the test unless it is a whole problem (RFC 9457).
std::string code_of(http_answer const& answer);

/// The same scenarios for one shard and for several. One server per shard count and process.
class system_test : public ::testing::TestWithParam<unsigned> {
protected:
    running_server& server();
    std::string admin_token();
};

std::string shards_name(::testing::TestParamInfo<unsigned> const& info);

} // namespace rendezvous::test

#define RENDEZVOUS_SHARDS(suite)                                                                                       \
    INSTANTIATE_TEST_SUITE_P(Shards, suite, ::testing::Values(1U, 3U), rendezvous::test::shards_name)
