#include "contract/store_support.hpp"
#include "rendezvous/store/retention.hpp"
#include "store/sqlite/sqlite_backend.hpp"

namespace rendezvous::store_tests {
namespace {

/// The SQLite store with nobody else in it.
class KeptAccount : public testing::Test {
protected:
    KeptAccount() : records_(folder_.path() / "calls.db", migrations(), clock_, "boot") {}

    void add(base::utc_time when)
    {
        service::audit_entry entry;
        entry.at = when;
        entry.action = "appointment.read";
        entry.outcome = "ok";
        ASSERT_TRUE(records_.begin());
        ASSERT_TRUE(records_.add_audit(entry));
        ASSERT_TRUE(records_.commit());
    }
    std::vector<std::uint64_t> kept()
    {
        auto const from = records_.anchor(store::chain_kind::audit).value();
        store::chain_report report;
        report.rows = from.last_id;
        report.head = from.hash;
        std::vector<std::uint64_t> out;
        for (auto const& row : records_.audit_rows(0, 1'000).value()) {
            out.push_back(row.row.seq);
            if (row.row.seq > from.last_id) {
                EXPECT_TRUE(extend(report, row)) << report.broken->what;
            }
        }
        return out;
    }
    static base::utc_time day(std::string const& text) { return base::from_rfc3339(text + "T12:00:00Z").value(); }

    shared_clock clock_;
    scratch_folder folder_;
    store::sqlite::sqlite_backend records_;
};

TEST_F(KeptAccount, GoesByWholeMonthsAndVerifiesFromItsAnchorOn)
{
    for (auto const* text : {"2030-01-05", "2030-01-20", "2030-02-03", "2030-02-25", "2030-03-01"}) add(day(text));
    auto const six_years = store::retention::audit;
    EXPECT_EQ(records_.sweep(day("2030-02-26") + six_years, 100).value(), 2U) << "February is not over for so long";
    EXPECT_EQ(kept(), (std::vector<std::uint64_t>{3, 4, 5}));
    EXPECT_EQ(records_.sweep(day("2030-02-26") + six_years, 100).value(), 0U);
    EXPECT_EQ(records_.anchor(store::chain_kind::audit).value().last_id, 2U);
    // A little at a time.
    EXPECT_EQ(records_.sweep(day("2030-03-02") + six_years, 1).value(), 1U);
    EXPECT_EQ(kept(), (std::vector<std::uint64_t>{4, 5}));
    EXPECT_EQ(records_.sweep(day("2030-04-02") + six_years, 100).value(), 2U);
    EXPECT_TRUE(kept().empty());
    add(day("2036-05-01"));
    EXPECT_EQ(kept(), (std::vector<std::uint64_t>{6})) << "the chain goes on behind its anchor";
}

} // namespace
} // namespace rendezvous::store_tests
