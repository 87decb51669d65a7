#include "contract/store_support.hpp"
#include "store/sqlite/database.hpp"
#include "store/sqlite/list_query.hpp"

namespace rendezvous::store_tests {
namespace {

using store::sqlite::list_query;

class ListQuery : public testing::Test {
protected:
    /// Every step of SQLite's plan.
    std::vector<std::string> plan(list_query const& query)
    {
        auto row = opened_.db().prepare("EXPLAIN QUERY PLAN " + query.sql);
        std::vector<std::string> out;
        while (row.step()) out.push_back(row.text(3));
        return out;
    }
    void expect_index(list_query const& query, std::string const& index)
    {
        auto const steps = plan(query);
        bool used = false;
        for (auto const& step : steps) {
            EXPECT_EQ(step.find("TEMP B-TREE"), std::string::npos) << query.sql << "\n" << step;
            EXPECT_TRUE(step.find("SCAN") == std::string::npos || step.find(" INDEX ") != std::string::npos)
                << query.sql << "\n"
                << step;
            used = used || step.find("INDEX " + index + " ") != std::string::npos || step.ends_with("INDEX " + index);
        }
        EXPECT_TRUE(used) << index << " is not used by " << query.sql << "\n" << testing::PrintToString(steps);
    }

    scratch_folder folder_;
    store::sqlite::database opened_{folder_.path() / "plan.db", migrations(), at(0)};
};

/// Each filter alone and with a period and a cursor: always along an index, never sorted.
TEST_F(ListQuery, EveryFilterOfCallsFollowsAnIndex)
{
    using call::call_state;
    struct {
        std::string index;
        service::call_filter filter;
    } cases[10];
    cases[0] = {"calls_by_time", {}};
    cases[1].index = "calls_by_state", cases[1].filter.states = {call_state::active};
    cases[2].index = "calls_open_by_time", cases[2].filter.states = {call_state::active, call_state::waiting};
    cases[3].index = "calls_by_time", cases[3].filter.states = {call_state::active, call_state::ended};
    cases[4].index = "calls_by_end_reason", cases[4].filter.end_reason = call::end_reason::lost;
    cases[5].index = "calls_by_kind", cases[5].filter.kind = call::call_kind::phone;
    cases[6].index = "calls_by_appointment", cases[6].filter.appointment = appointment_no(1);
    cases[7].index = "sqlite_autoindex_call_users_1", cases[7].filter.user = base::user_id{"dr"};
    cases[8] = cases[6], cases[8].filter.user = base::user_id{"dr"};
    cases[9] = cases[7], cases[9].filter.end_reason = call::end_reason::lost,
    cases[9].filter.kind = call::call_kind::phone;
    for (auto& [index, filter] : cases) {
        expect_index(store::sqlite::calls_query(filter, {}, 10), index);
        filter.from = at(1);
        filter.to = at(2);
        expect_index(store::sqlite::calls_query(filter, {}, 10), index);
        expect_index(store::sqlite::calls_query(filter, store::list_key{5, "x"}, 10), index);
    }
}

TEST_F(ListQuery, EveryFilterOfAppointmentsFollowsAnIndex)
{
    struct {
        std::string index;
        service::appointment_filter filter;
    } cases[5];
    cases[0].index = "appointments_by_start";
    cases[1].index = "appointments_by_status", cases[1].filter.status = call::appointment_status::booked;
    cases[2].index = "appointments_by_call_status", cases[2].filter.call_status = call::call_status::active;
    cases[3].index = "participants_by_user", cases[3].filter.user = base::user_id{"dr"};
    cases[4] = cases[3], cases[4].filter.status = call::appointment_status::booked;
    for (auto& [index, filter] : cases) {
        expect_index(store::sqlite::appointments_query(filter, {}, 10), index);
        filter.from = at(1);
        filter.to = at(2);
        expect_index(store::sqlite::appointments_query(filter, {}, 10), index);
        expect_index(store::sqlite::appointments_query(filter, store::list_key{5, "x"}, 10), index);
    }
}

} // namespace
} // namespace rendezvous::store_tests
