#include "contract_fixture.hpp"

namespace rendezvous::store_tests {
namespace {

class CallStore : public StoreContract {};
INSTANTIATE_TEST_SUITE_P(Adapters, CallStore, adapters(), adapter_name);

std::vector<std::string> types(std::vector<service::call_event_row> const& rows)
{
    std::vector<std::string> out;
    for (auto const& row : rows) out.push_back(row.type);
    return out;
}

TEST_P(CallStore, KnowsNothingAtFirst)
{
    EXPECT_EQ(ports_.room(1), call::room_record{});
    EXPECT_EQ(ports_.call(1).error(), errc::not_found);
    EXPECT_TRUE(ports_.calls({}).value().rows.empty());
    EXPECT_TRUE(ports_.appointments({}).value().rows.empty());
}

TEST_P(CallStore, KeepsAnAppointmentWhole)
{
    auto a = appointment_of(1);
    a.payment = call::payment_status::unpaid;
    a.media = call::media_kind::audio;
    a.policy = call::start_policy::staff;
    a.capacity = 6;
    a.hard_end = true;
    a.version = 7;
    ASSERT_EQ(ports_.append({facts::appointment_put{a, true}}), errc::ok);
    EXPECT_EQ(ports_.room(1).appointment, a);
    EXPECT_EQ(ports_.room(1).newest, std::nullopt);
}

TEST_P(CallStore, ChangesAnAppointmentOnlyFromTheVersionBefore)
{
    ASSERT_EQ(put(1), errc::ok);
    EXPECT_EQ(put(1), errc::illegal_transition); // exists
    auto next = appointment_of(1);
    next.version = 2;
    next.start += base::milliseconds{60'000};
    EXPECT_EQ(ports_.append({facts::appointment_put{next, false}}), errc::ok);
    EXPECT_EQ(ports_.append({facts::appointment_put{next, false}}), errc::illegal_transition);
    auto unknown = appointment_of(2);
    unknown.version = 2;
    EXPECT_EQ(ports_.append({facts::appointment_put{unknown, false}}), errc::illegal_transition);
    EXPECT_EQ(ports_.room(1).appointment, next);
    EXPECT_EQ(ports_.append({facts::appointment_status_set{appointment_no(1), call::appointment_status::arrived, 3}}),
        errc::ok);
    EXPECT_EQ(ports_.append({facts::appointment_status_set{appointment_no(1), call::appointment_status::cancelled, 3}}),
        errc::illegal_transition);
    EXPECT_EQ(ports_.room(1).appointment->status, call::appointment_status::arrived);
    EXPECT_EQ(ports_.room(1).appointment->version, 3u);
}

TEST_P(CallStore, KeepsTheParticipantIdOfWhoeverComesBack)
{
    auto a = appointment_of(1);
    ASSERT_EQ(ports_.append({facts::appointment_put{a, true}}), errc::ok);
    auto without = a;
    without.members.pop_back();
    without.version = 2;
    ASSERT_EQ(ports_.append({facts::appointment_put{without, false}}), errc::ok);
    EXPECT_EQ(ports_.room(1).appointment->members.size(), 1u);
    a.version = 3;
    std::swap(a.members[0], a.members[1]);
    ASSERT_EQ(ports_.append({facts::appointment_put{a, false}}), errc::ok);
    EXPECT_EQ(ports_.room(1).appointment, a); // the order of listing is kept too
}

TEST_P(CallStore, RefusesTheSameUserTwiceInOneAppointment)
{
    auto a = appointment_of(1);
    a.members[1].user = a.members[0].user;
    EXPECT_EQ(ports_.append({facts::appointment_put{a, true}}), errc::illegal_transition);
    EXPECT_EQ(ports_.room(1).appointment, std::nullopt);
}

TEST_P(CallStore, FollowsACallFromStartToEnd)
{
    ASSERT_EQ(put(1), errc::ok);
    auto const begin = started(1, 1, 10);
    ASSERT_EQ(ports_.append({begin}), errc::ok);
    EXPECT_EQ(ports_.call(1).value(), begin.call);
    ASSERT_EQ(ports_.append({answered(1, 1, 12)}), errc::ok);
    ASSERT_EQ(ports_.append({facts::call_connected{call_no(1), at(13), boot(13)}}), errc::ok);
    ASSERT_EQ(ports_.append({facts::call_alive{call_no(1), at(27)}}), errc::ok);
    ASSERT_EQ(ports_.append({facts::quality_sampled{call_no(1), patient_of(1), at(28), 40.5, 0.01, {}, {}, "relay"}}),
        errc::ok);
    ASSERT_EQ(
        ports_.append({facts::seat_left{call_no(1), doctor_of(1), 2, call::leave_reason::left, at(30)}}), errc::ok);
    auto end = ended(1, 31);
    end.by = patient_of(1);
    ASSERT_EQ(ports_.append({end}), errc::ok);

    call::room_record expected{appointment_of(1), {}, {}, {}};
    for (call::fact const& f : std::vector<call::fact>{begin, answered(1, 1, 12),
             facts::call_connected{call_no(1), at(13), boot(13)}, facts::call_alive{call_no(1), at(27)},
             facts::seat_left{call_no(1), doctor_of(1), 2, call::leave_reason::left, at(30)}, end})
        call::apply(expected, f);
    EXPECT_EQ(ports_.room(1), expected);
    EXPECT_EQ(ports_.call(1).value(), *expected.newest);
}

TEST_P(CallStore, WritesOneEventPerTransition)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 10)}), errc::ok);
    ASSERT_EQ(ports_.append({answered(1, 1, 12), facts::call_connected{call_no(1), at(13), boot(13)},
                  facts::call_alive{call_no(1), at(27)}}),
        errc::ok);
    auto moved = facts::seat_taken{
        call_no(1), seat_of(appointment_of(1).members[1], 3, at(29)), 1u, call::leave_reason::moved, false, {}};
    ASSERT_EQ(ports_.append({moved, facts::seat_left{call_no(1), doctor_of(1), 2, call::leave_reason::lost, at(30)}}),
        errc::ok);
    ASSERT_EQ(ports_.append({ended(1, 31)}), errc::ok);

    auto const rows = ports_.events(1);
    EXPECT_EQ(types(rows), (std::vector<std::string>{"call.started", "call.joined", "call.connected", "call.moved",
                               "call.left", "call.ended"}));
    for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].seq, i + 1);
    EXPECT_EQ(rows[0].participant, patient_of(1));
    EXPECT_EQ(rows[0].data, R"({"kind":"appointment","media":"video","state":"waiting","role":"patient","order":1})");
    EXPECT_EQ(rows[1].data, R"({"role":"doctor","order":2,"state":"active"})");
    EXPECT_EQ(rows[3].data, R"({"role":"patient","order":3,"replaces":1})");
    EXPECT_EQ(rows[4].data, R"({"order":2,"reason":"lost"})");
    EXPECT_EQ(rows[5].participant, std::nullopt);
    EXPECT_EQ(rows[5].data, R"({"endReason":"completed","durationMs":9000,"billableMs":8000})");
    EXPECT_EQ(rows[5].at, at(31));
    EXPECT_FALSE(ports_.chain().broken);
    EXPECT_EQ(ports_.chain().rows, 6u);
    EXPECT_EQ(ports_.chain().head, rows[5].hash);
}

TEST_P(CallStore, EventsOfAnUnknownCallAreNotFound)
{
    auto const rows =
        ask<std::vector<service::call_event_row>>([&](auto done) { store_->list_call_events(call_no(9), done); });
    EXPECT_EQ(rows.error(), errc::not_found);
}

TEST_P(CallStore, BothPressStartAndOneCallBegins)
{
    ASSERT_EQ(put(1), errc::ok);
    std::vector<std::future<result<void>>> answers;
    for (unsigned n = 1; n <= 2; ++n) {
        auto const answer = std::make_shared<std::promise<result<void>>>();
        answers.push_back(answer->get_future());
        store_->append({started(n, 1, 10)}, [answer](result<void> r) { answer->set_value(r); });
    }
    ASSERT_EQ(answers[0].wait_for(patience), std::future_status::ready);
    ASSERT_EQ(answers[1].wait_for(patience), std::future_status::ready);
    EXPECT_TRUE(answers[0].get());
    EXPECT_EQ(answers[1].get().error(), errc::illegal_transition);
    EXPECT_EQ(ports_.call(2).error(), errc::not_found);
    EXPECT_EQ(ports_.room(1).newest->id, call_no(1));
}

TEST_P(CallStore, StartsAgainAfterTheEnd)
{
    ASSERT_EQ(put(1), errc::ok);
    // The second call's clock reads earlier than the first's: still it is the newest.
    ASSERT_EQ(ports_.append({started(2, 1, 50), ended(2, 60, call::end_reason::cancelled)}), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 40)}), errc::ok);
    EXPECT_EQ(ports_.room(1).newest->id, call_no(1));
    EXPECT_EQ(ports_.append({ended(2, 61)}), errc::illegal_transition);
    EXPECT_EQ(ports_.call(2).value().end_reason, call::end_reason::cancelled);
}

TEST_P(CallStore, RefusesStartsOutOfPlace)
{
    EXPECT_EQ(ports_.append({started(1, 1, 10)}), errc::illegal_transition); // no such appointment
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(put(2), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 10)}), errc::ok);
    EXPECT_EQ(ports_.append({started(1, 2, 10)}), errc::illegal_transition); // the id is taken
    auto over = started(3, 2, 10);
    over.call.state = call::call_state::ended;
    over.call.end_reason = call::end_reason::failed;
    over.call.ended_at = at(10);
    EXPECT_EQ(ports_.append({over}), errc::illegal_transition);
    auto homeless = started(4, 2, 10);
    homeless.call.appointment.reset();
    EXPECT_EQ(ports_.append({homeless}), errc::illegal_transition);
    homeless.call.kind = call::call_kind::direct;
    EXPECT_EQ(ports_.append({homeless}), errc::ok);
}

TEST_P(CallStore, RefusesWhatComesAfterTheEnd)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 10), ended(1, 20, call::end_reason::cancelled)}), errc::ok);
    auto const before = ports_.room(1);
    EXPECT_EQ(before.newest->seats[0].leave_reason, call::leave_reason::ended);
    EXPECT_EQ(ports_.append({answered(1, 1, 21)}), errc::illegal_transition);
    EXPECT_EQ(ports_.append({facts::seat_left{call_no(1), patient_of(1), 1, call::leave_reason::left, at(21)}}),
        errc::illegal_transition);
    EXPECT_EQ(ports_.append({facts::call_connected{call_no(1), at(21), boot(21)}}), errc::illegal_transition);
    EXPECT_EQ(ports_.append({facts::call_alive{call_no(1), at(21)}}), errc::illegal_transition);
    EXPECT_EQ(ports_.append({ended(1, 21)}), errc::illegal_transition);
    EXPECT_EQ(ports_.append({ended(7, 21)}), errc::illegal_transition);
    EXPECT_EQ(ports_.room(1), before);
    EXPECT_EQ(ports_.events(1).size(), 2u);
}

TEST_P(CallStore, RefusesSeatsOutOfPlace)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 10)}), errc::ok);
    EXPECT_EQ(ports_.append({facts::call_connected{call_no(1), at(11), boot(11)}}),
        errc::illegal_transition); // nobody answered
    auto const& members = appointment_of(1).members;
    auto const take = [](call::seat s, std::optional<unsigned> replaces = {}, bool answers = false) {
        return facts::seat_taken{call_no(1), std::move(s), replaces, call::leave_reason::replaced, answers, boot(12)};
    };
    EXPECT_EQ(ports_.append({take(seat_of(members[0], 1, at(12)))}), errc::illegal_transition);    // order taken
    EXPECT_EQ(ports_.append({take(seat_of(members[0], 5, at(12)))}), errc::illegal_transition);    // not the next
    EXPECT_EQ(ports_.append({take(seat_of(members[1], 2, at(12)))}), errc::illegal_transition);    // holds one already
    EXPECT_EQ(ports_.append({take(seat_of(members[0], 2, at(12)), 1)}), errc::illegal_transition); // another's seat
    ASSERT_EQ(ports_.append({take(seat_of(members[0], 2, at(12)), {}, true)}), errc::ok);
    EXPECT_EQ(
        ports_.append({take(seat_of(members[1], 3, at(13)), 1, true)}), errc::illegal_transition); // answered twice
    ASSERT_EQ(ports_.append({take(seat_of(members[1], 3, at(13)), 1)}), errc::ok);
    EXPECT_EQ(ports_.append({take(seat_of(members[1], 4, at(14)), 1)}), errc::illegal_transition); // given up already
    EXPECT_EQ(ports_.append({facts::seat_left{call_no(1), doctor_of(1), 3, call::leave_reason::left, at(14)}}),
        errc::illegal_transition);
    auto const seats = ports_.call(1).value().seats;
    ASSERT_EQ(seats.size(), 3u);
    EXPECT_EQ(seats[0].state, call::seat_state::left);
    EXPECT_EQ(seats[0].left_at, at(13));
    EXPECT_EQ(seats[0].leave_reason, call::leave_reason::replaced);
    EXPECT_EQ(seats[2].state, call::seat_state::joined);
}

TEST_P(CallStore, StoresAllFactsOfOneDecisionOrNone)
{
    ASSERT_EQ(put(1), errc::ok);
    EXPECT_EQ(ports_.append({started(1, 1, 10), answered(1, 1, 11), answered(1, 1, 12)}), errc::illegal_transition);
    EXPECT_EQ(ports_.call(1).error(), errc::not_found);
    EXPECT_EQ(ports_.room(1), (call::room_record{appointment_of(1), {}, {}, {}}));
    EXPECT_EQ(ports_.append({started(1, 1, 10), answered(1, 1, 11)}), errc::ok);
    EXPECT_EQ(ports_.events(1).size(), 2u);
    EXPECT_FALSE(ports_.chain().broken);
    EXPECT_EQ(ports_.chain().rows, 2u);
}

TEST_P(CallStore, NamesTheRoomsWithAnOpenCall)
{
    for (unsigned n = 1; n <= 4; ++n) ASSERT_EQ(put(n), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 10), started(2, 2, 10), started(3, 3, 10)}), errc::ok);
    ASSERT_EQ(ports_.append({answered(2, 2, 11), ended(3, 12, call::end_reason::lost)}), errc::ok);
    auto const open = ask<std::vector<base::appointment_id>>([&](auto done) { store_->open_rooms(done); });
    EXPECT_EQ(open.value(), (std::vector<base::appointment_id>{appointment_no(1), appointment_no(2)}));
}

TEST_P(CallStore, KeepsWhatBecameOfAnAppointment)
{
    ASSERT_EQ(put(1), errc::ok);
    auto const id = appointment_no(1);
    call::room_record expected = ports_.room(1);
    auto const store = [&](call::fact const& f) {
        ASSERT_EQ(ports_.append({f}), errc::ok);
        call::apply(expected, f);
    };
    store(facts::attendance_noted{id, patient_of(1), call::role::patient, at(5)});
    store(facts::attendance_noted{id, patient_of(1), call::role::patient, at(6)});
    store(facts::attendance_noted{id, doctor_of(1), call::role::doctor, at(7)});
    store(started(1, 1, 10));
    store(facts::access_overridden{
        id, call_no(1), doctor_of(1), base::user_id{"d"}, call::role::doctor, true, false, "why", at(10)});
    store(answered(1, 1, 12));
    store(ended(1, 31));
    store(facts::appointment_judged{id, call::verdict::fulfilled, at(40), base::milliseconds{7}});
    EXPECT_EQ(expected.attendance.patient_came_at, at(5));
    EXPECT_TRUE(expected.newest->overridden);
    EXPECT_EQ(ports_.room(1), expected);
    facts::appointment_judged const again{id, call::verdict::noshow, at(41), base::milliseconds{0}};
    EXPECT_EQ(ports_.append({again}), errc::illegal_transition);
}

TEST_P(CallStore, AMovedWindowIsJudgedAnewAndAnotherDayIsAnotherSitting)
{
    ASSERT_EQ(put(1), errc::ok);
    auto const id = appointment_no(1);
    facts::attendance_noted const came{id, doctor_of(1), call::role::doctor, at(7)};
    facts::appointment_judged const judged{id, call::verdict::noshow, at(40), base::milliseconds{0}};
    ASSERT_EQ(ports_.append({came, judged}), errc::ok);
    auto moved = *ports_.room(1).appointment;
    auto const closed_at = moved.closes_at;
    ++moved.version;
    moved.closes_at += std::chrono::minutes{10};
    ASSERT_EQ(ports_.append({facts::appointment_put{moved, false}}), errc::ok);
    EXPECT_EQ(ports_.room(1).attendance, (call::attendance{{}, at(7), {}, {}, {}}));
    ++moved.version;
    moved.opens_at = moved.closes_at;
    moved.closes_at = closed_at + std::chrono::hours{48};
    ASSERT_EQ(ports_.append({facts::appointment_put{moved, false}}), errc::ok);
    EXPECT_EQ(ports_.room(1).attendance, call::attendance{});
}

TEST_P(CallStore, NamesTheAppointmentsThatNobodyHasJudged)
{
    for (unsigned n = 1; n <= 4; ++n) ASSERT_EQ(put(n), errc::ok);
    ASSERT_EQ(ports_.append({started(2, 2, 10)}), errc::ok);
    facts::appointment_judged const judged{appointment_no(3), {}, at(40), base::milliseconds{0}};
    ASSERT_EQ(ports_.append({judged}), errc::ok);
    auto const closes_at = ports_.room(1).appointment->closes_at;
    auto const ask_at = [&](base::utc_time now, std::size_t most) {
        return ask<std::vector<base::appointment_id>>([&](auto done) { store_->unjudged(now, most, done); }).value();
    };
    EXPECT_TRUE(ask_at(closes_at - base::milliseconds{1}, 10).empty());
    auto const later = closes_at + std::chrono::hours{24};
    EXPECT_EQ(ask_at(later, 10), (std::vector{appointment_no(1), appointment_no(4)}));
    EXPECT_EQ(ask_at(later, 1), (std::vector{appointment_no(1)}));
}

} // namespace
} // namespace rendezvous::store_tests
