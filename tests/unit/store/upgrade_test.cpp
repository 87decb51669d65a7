#include "contract/store_support.hpp"
#include "faulty_disk.hpp"
#include "store/sqlite/database.hpp"

namespace rendezvous::store_tests {
namespace {

namespace fs = std::filesystem;

/// The way from the first schema to the newest, cut off everywhere.
class Upgrade : public testing::Test {
protected:
    void SetUp() override
    {
        fs::create_directory(folder_.path() / "first");
        for (auto const* const name : {"0001_calls.sql", "0001_calls.sqlite.sql"})
            fs::copy_file(migrations() / name, folder_.path() / "first" / name);
        store::sqlite::database old(folder_.path() / "old.db", folder_.path() / "first", at(1));
        ASSERT_EQ(old.schema_version(), 1u);
        old.db().exec(
            "INSERT INTO appointments (id, status, payment_status, start_at, end_at, media, start_policy, capacity,"
            " opens_at, closes_at, hard_end, version, call_status, newest_call_id) VALUES"
            " ('a1', 'booked', 'paid', 1, 2, 'video', 'any', 2, 0, 3, 0, 1, 'active', '"
            + uuid(1)
            + "');"
              "INSERT INTO calls (id, appointment_id, kind, media, state, started_by, started_by_user, created_at,"
              " answered_at, last_alive_at) VALUES ('"
            + uuid(1)
            + "', 'a1', 'appointment', 'video', 'active', 'p', 'u', 5, 6, 7);"
              "INSERT INTO call_seats (call_id, seat_order, participant_id, user_id, role, name, joined_at) VALUES ('"
            + uuid(1) + "', 1, 'p', 'u', 'patient', 'Ana', 5);");
    }
    fs::path start(std::string const& name)
    {
        auto const in = folder_.path() / name;
        fs::create_directory(in);
        fs::copy_file(folder_.path() / "old.db", in / "calls.db");
        return in;
    }
    /// It is at the newest schema and holds what it held.
    void expect_whole(fs::path const& in)
    {
        auto const kept = store::open_store("sqlite:" + (in / "calls.db").string(), migrations(), clock_);
        EXPECT_EQ(kept->schema_version(), store::read_migrations(migrations(), "sqlite").size());
        asking const ports{*kept};
        auto const room = ports.room(1);
        ASSERT_TRUE(room.newest);
        EXPECT_EQ(room.newest->answered_at, base::from_ms(6));
        EXPECT_EQ(room.newest->answered_boot, std::nullopt);
        ASSERT_EQ(room.newest->seats.size(), 1u);
        EXPECT_EQ(room.newest->seats[0].token_hash, "");
        EXPECT_TRUE(room.done.empty());
        EXPECT_EQ(ports.append({facts::call_connected{call_no(1), at(1), boot(1)}}), errc::ok);
        EXPECT_EQ(ports.room(1).newest->connected_boot, boot(1));
    }

    base::system_clock clock_;
    scratch_folder folder_;
};

TEST_F(Upgrade, KeepsWhatWasThere)
{
    expect_whole(start("plain"));
}

TEST_F(Upgrade, CutOffAnywhereItBeginsAgainAndEndsWhole)
{
    faulty_disk disk;
    bool finished = false;
    for (std::size_t good = 0; !finished; ++good) {
        SCOPED_TRACE(good);
        auto const in = start("killed" + std::to_string(good));
        auto const after = folder_.path() / ("powerless" + std::to_string(good));
        fs::create_directory(after);
        disk.fail(faulty_disk::all, SQLITE_IOERR, good);
        try {
            store::sqlite::database const opened(in / "calls.db", migrations(), at(2));
            finished = true; // all that failed came behind the migration
        } catch (store::open_error const&) {
            EXPECT_FALSE(finished);
        }
        disk.lose_power(in, after);
        disk.heal();
        expect_whole(in);    // the process was killed
        expect_whole(after); // the power was lost
    }
}

} // namespace
} // namespace rendezvous::store_tests
