#include "contract_fixture.hpp"

#include <algorithm>
#include <set>

namespace rendezvous::store_tests {
namespace {

using call::call_state;
using call::end_reason;

class CallReader : public StoreContract {
protected:
    /// Appointments 1-4; calls 1 (ended, completed), 2 (active), 3 (waiting), 4 (ended, expired) of them.
    void fill()
    {
        for (unsigned n = 1; n <= 4; ++n) ASSERT_EQ(put(n), errc::ok);
        ASSERT_EQ(ports_.append({started(1, 1, 10), answered(1, 1, 11), ended(1, 12)}), errc::ok);
        ASSERT_EQ(ports_.append({started(2, 2, 20), answered(2, 2, 21)}), errc::ok);
        ASSERT_EQ(ports_.append({started(3, 3, 30)}), errc::ok);
        ASSERT_EQ(ports_.append({started(4, 4, 40), ended(4, 41, end_reason::expired)}), errc::ok);
    }

    std::vector<unsigned> numbers(service::call_filter filter)
    {
        std::vector<unsigned> out;
        auto const listed = ports_.calls(std::move(filter)).value();
        for (auto const& c : listed.rows) out.push_back(static_cast<unsigned>(std::stoul(c.id.str().substr(24))));
        return out;
    }
    std::vector<std::string> names(service::appointment_filter filter)
    {
        std::vector<std::string> out;
        auto const listed = ports_.appointments(std::move(filter)).value();
        for (auto const& row : listed.rows) out.push_back(row.appointment->id.str());
        return out;
    }
};
INSTANTIATE_TEST_SUITE_P(Adapters, CallReader, adapters(), adapter_name);

using list = std::vector<unsigned>;
using names_list = std::vector<std::string>;

TEST_P(CallReader, ListsCallsNewestFirst)
{
    fill();
    EXPECT_EQ(numbers({}), (list{4, 3, 2, 1}));
    auto const rows = ports_.calls({}).value().rows;
    for (auto const& row : rows) {
        auto const same = ask<call::call_record>([&](auto done) { store_->get_call(row.id, done); });
        EXPECT_EQ(row, same.value());
    }
}

TEST_P(CallReader, FiltersCallsByEachField)
{
    fill();
    service::call_filter f;
    f.from = at(20);
    EXPECT_EQ(numbers(f), (list{4, 3, 2}));
    f.to = at(40);
    EXPECT_EQ(numbers(f), (list{3, 2}));
    f = {};
    f.states = {call_state::ended};
    EXPECT_EQ(numbers(f), (list{4, 1}));
    f.states = {call_state::waiting, call_state::active};
    EXPECT_EQ(numbers(f), (list{3, 2}));
    f.states = {call_state::waiting, call_state::ended};
    EXPECT_EQ(numbers(f), (list{4, 3, 1}));
    f = {};
    f.end_reason = end_reason::expired;
    EXPECT_EQ(numbers(f), (list{4}));
    f = {};
    f.kind = call::call_kind::direct;
    EXPECT_EQ(numbers(f), list{});
    f.kind = call::call_kind::appointment;
    EXPECT_EQ(numbers(f), (list{4, 3, 2, 1}));
    f = {};
    f.appointment = appointment_no(2);
    EXPECT_EQ(numbers(f), (list{2}));
    f = {};
    f.user = base::user_id{"pat3"};
    EXPECT_EQ(numbers(f), (list{3}));
    f.user = base::user_id{"dr"};
    EXPECT_EQ(numbers(f), (list{4, 3, 2, 1}));
    f.user = base::user_id{"nobody"};
    EXPECT_EQ(numbers(f), list{});
}

TEST_P(CallReader, FiltersCallsByAllFieldsTogether)
{
    fill();
    service::call_filter f{at(1), at(100), {call_state::ended, call_state::active}, end_reason::completed,
        call::call_kind::appointment, appointment_no(1), base::user_id{"dr"}, 50, {}};
    EXPECT_EQ(numbers(f), (list{1}));
    f.user = base::user_id{"pat2"};
    EXPECT_EQ(numbers(f), list{});
    f.user.reset();
    f.end_reason = end_reason::lost;
    EXPECT_EQ(numbers(f), list{});
}

TEST_P(CallReader, ListsACallForWhomeverItConcerns)
{
    fill();
    // The doctor of call 3 never took a seat and is taken off; the patient of call 1 had one and is taken off too.
    for (unsigned n : {1u, 3u}) {
        auto a = appointment_of(n);
        a.version = 2;
        a.members = {
            {base::participant_id{uuid(300'000 + n)}, base::user_id{"new"}, call::role::doctor, "Dr. New", {}}};
        ASSERT_EQ(ports_.append({facts::appointment_put{a, false}}), errc::ok);
    }
    service::call_filter f;
    f.user = base::user_id{"dr"};
    EXPECT_EQ(numbers(f), (list{4, 2, 1}));
    f.user = base::user_id{"pat1"};
    EXPECT_EQ(numbers(f), (list{1}));
    f.user = base::user_id{"new"};
    EXPECT_EQ(numbers(f), (list{3, 1}));
}

TEST_P(CallReader, PagesWithoutGapOrDuplicate)
{
    // Many calls of the same millisecond, so that pages break inside it; more than one look of any adapter.
    std::set<std::string> all;
    for (unsigned n = 1; n <= 330; ++n) {
        ASSERT_EQ(
            ports_.append({facts::appointment_put{appointment_of(n), true}, started(n, n, n / 50), ended(n, 500)}),
            errc::ok);
        all.insert(call_no(n).str());
    }
    service::call_filter f;
    f.rows_max = 7;
    std::vector<std::string> seen;
    std::size_t pages = 0;
    do {
        auto const page = ports_.calls(f).value();
        ASSERT_FALSE(page.rows.empty());
        ASSERT_LE(page.rows.size(), 7u);
        for (auto const& c : page.rows) seen.push_back(c.id.str());
        f.after = page.next;
        // What comes in front while somebody pages does not move the pages behind.
        auto const fresh = 1'000 + static_cast<unsigned>(++pages);
        ASSERT_EQ(ports_.append({facts::appointment_put{appointment_of(fresh), true}, started(fresh, fresh, 5'000)}),
            errc::ok);
    } while (f.after);
    EXPECT_EQ(pages, 48u); // 330 = 47 * 7 + 1
    EXPECT_EQ(seen.size(), all.size());
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), all);
}

TEST_P(CallReader, FindsRareCallsFarBehind)
{
    ASSERT_EQ(ports_.append(
                  {facts::appointment_put{appointment_of(1), true}, started(1, 1, 1), ended(1, 2, end_reason::failed)}),
        errc::ok);
    for (unsigned n = 2; n <= 700; ++n)
        ASSERT_EQ(ports_.append({facts::appointment_put{appointment_of(n), true}, started(n, n, n), ended(n, n + 1)}),
            errc::ok);
    service::call_filter f;
    f.user = base::user_id{"dr"};
    f.end_reason = end_reason::failed;
    f.rows_max = 1;
    auto const page = ports_.calls(f).value();
    ASSERT_EQ(page.rows.size(), 1u);
    EXPECT_EQ(page.rows[0].id, call_no(1));
    EXPECT_EQ(page.next, std::nullopt);
}

TEST_P(CallReader, AFullLastPageHasNoNext)
{
    fill();
    service::call_filter f;
    f.rows_max = 4;
    EXPECT_EQ(ports_.calls(f).value().next, std::nullopt);
    f.rows_max = 3;
    EXPECT_NE(ports_.calls(f).value().next, std::nullopt);
}

TEST_P(CallReader, RefusesCursorsOfOthers)
{
    fill();
    service::call_filter calls;
    service::appointment_filter appointments;
    calls.rows_max = appointments.rows_max = 1;
    auto const of_calls = ports_.calls(calls).value().next;
    auto const of_appointments = ports_.appointments(appointments).value().next;
    ASSERT_TRUE(of_calls && of_appointments);
    for (auto const& wrong : {std::string(), std::string("x"), std::string("%%%"), *of_calls + "A", *of_appointments,
             base::base64url("c1 "), base::base64url("c 01900000-0000-7000-8000-000000000001"),
             base::base64url("c1 ' OR 1=1 --"), base::base64url("c99999999999999999999 x"), base::base64url("c01 x")}) {
        calls.after = wrong;
        EXPECT_EQ(ports_.calls(calls).error(), errc::bad_field) << wrong;
    }
    appointments.after = of_calls;
    EXPECT_EQ(ports_.appointments(appointments).error(), errc::bad_field);
}

TEST_P(CallReader, KeepsPagesWithinTheirBounds)
{
    for (unsigned n = 1; n <= 203; ++n) ASSERT_EQ(put(n), errc::ok);
    service::appointment_filter f;
    f.rows_max = 100'000;
    EXPECT_EQ(ports_.appointments(f).value().rows.size(), base::limits::page_rows_max);
    f.rows_max = 0;
    EXPECT_EQ(ports_.appointments(f).value().rows.size(), 1u);
}

TEST_P(CallReader, ListsAppointmentsWithTheirNewestCall)
{
    fill();
    auto const rows = ports_.appointments({}).value().rows;
    ASSERT_EQ(rows.size(), 4u);
    for (unsigned n = 4; auto const& row : rows) EXPECT_EQ(row, ports_.room(n--));
}

TEST_P(CallReader, FiltersAppointmentsByEachField)
{
    fill();
    ASSERT_EQ(put(5), errc::ok);
    ASSERT_EQ(ports_.append({facts::appointment_status_set{appointment_no(5), call::appointment_status::cancelled, 2}}),
        errc::ok);
    service::appointment_filter f;
    f.from = at(200);
    f.to = at(400);
    EXPECT_EQ(names(f), (names_list{"a3", "a2"}));
    f = {};
    f.status = call::appointment_status::cancelled;
    EXPECT_EQ(names(f), (names_list{"a5"}));
    f = {};
    f.call_status = call::call_status::ended;
    EXPECT_EQ(names(f), (names_list{"a4", "a1"}));
    f.call_status = call::call_status::active;
    EXPECT_EQ(names(f), (names_list{"a2"}));
    f.call_status = call::call_status::waiting;
    EXPECT_EQ(names(f), (names_list{"a3"}));
    f.call_status = call::call_status::inactive;
    EXPECT_EQ(names(f), (names_list{"a5"}));
    f = {};
    f.user = base::user_id{"dr"};
    EXPECT_EQ(names(f), (names_list{"a5", "a4", "a3", "a2", "a1"}));
    f.call_status = call::call_status::ended;
    f.status = call::appointment_status::booked;
    f.to = at(400);
    EXPECT_EQ(names(f), (names_list{"a1"}));
    f = {};
    f.user = base::user_id{"pat2"};
    EXPECT_EQ(names(f), (names_list{"a2"}));
}

TEST_P(CallReader, MovesAnAppointmentInItsLists)
{
    fill();
    auto a = appointment_of(1);
    a.start = at(350);
    a.version = 2;
    ASSERT_EQ(ports_.append({facts::appointment_put{a, false}}), errc::ok);
    EXPECT_EQ(names({}), (names_list{"a4", "a1", "a3", "a2"}));
    service::appointment_filter f;
    f.user = base::user_id{"dr"};
    EXPECT_EQ(names(f), (names_list{"a4", "a1", "a3", "a2"}));
    a.version = 3;
    a.members.erase(a.members.begin());
    ASSERT_EQ(ports_.append({facts::appointment_put{a, false}}), errc::ok);
    EXPECT_EQ(names(f), (names_list{"a4", "a3", "a2"}));
}

} // namespace
} // namespace rendezvous::store_tests
