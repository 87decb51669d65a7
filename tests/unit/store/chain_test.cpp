#include "contract/store_support.hpp"
#include "rendezvous/store/chain.hpp"
#include "store/sqlite/connection.hpp"

namespace rendezvous::store_tests {
namespace {

store::chain_row row_no(std::uint64_t event_id, std::string type, std::string prev)
{
    store::chain_row r;
    r.event_id = event_id;
    r.call = call_no(1);
    r.row.seq = event_id;
    r.row.at = at(10);
    r.row.type = std::move(type);
    r.row.data = "{}";
    r.prev_hash = std::move(prev);
    return r;
}

/// The values were made by another program from the description in chain.hpp.
TEST(Chain, HashesAsDescribed)
{
    auto first = row_no(1, "call.started", std::string(64, '0'));
    first.row.participant = patient_of(1);
    auto const hash = store::chain_hash(first);
    EXPECT_EQ(hash, "e13509ef1de2f5c4d1a39567c754d206261fb250830bda1f3e94b13da6116234");
    auto second = row_no(2, "call.ended", hash);
    second.row.at = at(12);
    second.row.data = R"({"a":1})";
    EXPECT_EQ(store::chain_hash(second), "174fcae05a8bcbef95a24350877f0af352b161b00a47792bc32516fa674d9ff2");
}

TEST(Chain, EveryFieldCounts)
{
    auto const base_row = row_no(1, "call.left", store::chain_origin());
    auto const changed = [&](auto change) {
        auto copy = base_row;
        change(copy);
        return store::chain_hash(copy) != store::chain_hash(base_row);
    };
    EXPECT_TRUE(changed([](auto& r) { r.event_id = 2; }));
    EXPECT_TRUE(changed([](auto& r) { r.call = call_no(2); }));
    EXPECT_TRUE(changed([](auto& r) { r.row.seq = 2; }));
    EXPECT_TRUE(changed([](auto& r) { r.row.at += base::milliseconds{1}; }));
    EXPECT_TRUE(changed([](auto& r) { r.row.type = "call.lefts"; }));
    EXPECT_TRUE(changed([](auto& r) { r.row.participant = base::participant_id{}; }));
    EXPECT_TRUE(changed([](auto& r) { r.row.data = "{} "; }));
    EXPECT_TRUE(changed([](auto& r) { r.prev_hash.back() = '1'; }));
    // The border between two fields counts too.
    auto a = base_row, b = base_row;
    a.row.type = "call.x";
    a.row.participant = base::participant_id{"yz"};
    b.row.type = "call.xy";
    b.row.participant = base::participant_id{"z"};
    EXPECT_NE(store::chain_hash(a), store::chain_hash(b));
}

class KeptChain : public testing::Test {
protected:
    std::filesystem::path file() const { return folder_.path() / "calls.db"; }
    std::unique_ptr<store::store_thread> open()
    {
        return store::open_store("sqlite:" + file().string(), migrations(), clock_);
    }
    /// Five events; the store is closed again.
    void fill()
    {
        auto const kept = open();
        asking const ports{*kept};
        ASSERT_EQ(ports.append({facts::appointment_put{appointment_of(1), true}, started(1, 1, 10), answered(1, 1, 11),
                      facts::call_connected{call_no(1), at(12), boot(12)}}),
            errc::ok);
        ASSERT_EQ(ports.append(
                      {facts::seat_left{call_no(1), doctor_of(1), 2, call::leave_reason::left, at(13)}, ended(1, 14)}),
            errc::ok);
        ASSERT_EQ(ports.chain().rows, 5u);
    }
    /// What somebody who owns the file can do.
    void tamper(std::string const& sql)
    {
        store::sqlite::connection db(file(), false);
        db.exec("DROP TRIGGER call_events_no_update; DROP TRIGGER call_events_no_delete; DROP TRIGGER "
                "call_events_no_replace;");
        db.exec(sql);
    }
    store::chain_report report() { return asking{*open()}.chain(); }

    base::system_clock clock_;
    scratch_folder folder_;
};

TEST_F(KeptChain, GoesOnAfterReopening)
{
    fill();
    {
        auto const kept = open();
        ASSERT_EQ(asking{*kept}.append({started(2, 1, 20)}), errc::ok);
    }
    EXPECT_FALSE(report().broken);
    EXPECT_EQ(report().rows, 6u);
}

TEST_F(KeptChain, RowsAreNeitherChangedNorDeletedNorReplaced)
{
    fill();
    store::sqlite::connection db(file(), false);
    EXPECT_THROW(db.exec("UPDATE call_events SET data = '{}' WHERE event_id = 2"), store::sqlite::failure);
    EXPECT_THROW(db.exec("UPDATE call_events SET hash = hash"), store::sqlite::failure);
    EXPECT_THROW(db.exec("DELETE FROM call_events"), store::sqlite::failure);
    EXPECT_THROW(db.exec("DELETE FROM call_events WHERE event_id = 5"), store::sqlite::failure);
    EXPECT_THROW(db.exec("INSERT OR REPLACE INTO call_events SELECT event_id, call_id, seq, at, 'x', participant_id,"
                         " data, prev_hash, hash FROM call_events WHERE event_id = 5"),
        store::sqlite::failure);
    EXPECT_THROW(db.exec("INSERT OR REPLACE INTO call_events SELECT 6, call_id, seq, at, 'x', participant_id,"
                         " data, prev_hash, prev_hash FROM call_events WHERE event_id = 5"),
        store::sqlite::failure);
}

TEST_F(KeptChain, AChangedByteNamesItsRow)
{
    fill();
    tamper("UPDATE call_events SET data = replace(data, 'doctor', 'poctor') WHERE event_id = 2");
    auto const found = report();
    ASSERT_TRUE(found.broken);
    EXPECT_EQ(found.broken->event_id, 2u);
    EXPECT_EQ(found.broken->call, call_no(1));
    EXPECT_EQ(found.broken->seq, 2u);
    EXPECT_EQ(found.rows, 1u);
}

TEST_F(KeptChain, ARowWithANewHashBreaksTheNextOne)
{
    fill();
    tamper("UPDATE call_events SET prev_hash = replace(prev_hash, substr(prev_hash, 1, 1), 'f') WHERE event_id = 4");
    ASSERT_TRUE(report().broken);
    EXPECT_EQ(report().broken->event_id, 4u);
}

TEST_F(KeptChain, AMissingRowIsNamed)
{
    fill();
    tamper("DELETE FROM call_events WHERE event_id = 3");
    ASSERT_TRUE(report().broken);
    EXPECT_EQ(report().broken->event_id, 3u);
    EXPECT_EQ(report().broken->what, "the row is missing");
}

TEST_F(KeptChain, NamesNobody)
{
    fill();
    store::sqlite::connection db(file(), false);
    auto row = db.prepare("SELECT call_id || type || COALESCE(participant_id, '') || data FROM call_events");
    while (row.step())
        for (auto const* const personal : {"Ana", "Pop", "pat1", "\"dr\""})
            EXPECT_EQ(row.text(0).find(personal), std::string::npos) << row.text(0);
}

} // namespace
} // namespace rendezvous::store_tests
