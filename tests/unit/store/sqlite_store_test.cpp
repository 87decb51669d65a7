#include "contract/store_support.hpp"
#include "store/sqlite/database.hpp"

#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>

namespace rendezvous::store_tests {
namespace {

using store::open_error;

class SqliteStore : public testing::Test {
protected:
    std::filesystem::path file() const { return folder_.path() / "calls.db"; }
    std::unique_ptr<store::store_thread> open()
    {
        return store::open_store("sqlite:" + file().string(), migrations(), clock_);
    }
    static errc put(store::store_thread& to, unsigned n)
    {
        return asking{to}.append({facts::appointment_put{appointment_of(n), true}, started(n, n, n)});
    }
    static mode_t mode(std::filesystem::path const& of)
    {
        struct stat found {};
        EXPECT_EQ(::stat(of.c_str(), &found), 0) << of;
        return found.st_mode & 0777;
    }
    std::string refusal(std::string const& url, open_error::kind expected)
    {
        try {
            store::open_store(url, migrations(), clock_);
        } catch (open_error const& e) {
            EXPECT_EQ(e.why(), expected) << e.what();
            return e.what();
        }
        ADD_FAILURE() << "it opened";
        return {};
    }

    base::system_clock clock_;
    scratch_folder folder_;
};

TEST_F(SqliteStore, ASecondOpenerIsToldWhoseFileItIs)
{
    auto const first = open();
    auto const line = refusal("sqlite:" + file().string(), open_error::kind::in_use);
    EXPECT_NE(line.find(file().string()), std::string::npos);
    EXPECT_EQ(put(*first, 1), errc::ok);
}

TEST_F(SqliteStore, LetsGoOfTheFileWhenItIsGone)
{
    open().reset();
    EXPECT_EQ(put(*open(), 1), errc::ok);
}

TEST_F(SqliteStore, RefusesWhatIsNoFileOfOurs)
{
    for (auto const* const url :
        {"", "sqlite:", "sqlite::memory:", "sqlite:file:x?mode=memory", "postgresql://db", "var/calls.db"})
        refusal(url, open_error::kind::configuration);
    refusal("sqlite:" + folder_.path().string(), open_error::kind::failed); // a folder
    std::filesystem::path const foreign = folder_.path() / "foreign.db";
    {
        store::sqlite::file_lock const unused(foreign);
        store::sqlite::make_private_file(foreign);
    }
    std::filesystem::resize_file(foreign, 5'000); // zeros are no database
    auto const line = refusal("sqlite:" + foreign.string(), open_error::kind::failed);
    EXPECT_NE(line.find("foreign.db"), std::string::npos);
}

TEST_F(SqliteStore, FilesAreForTheirOwnerOnly)
{
    auto const old = ::umask(0);
    {
        auto const kept =
            store::open_store("sqlite:" + (folder_.path() / "new" / "calls.db").string(), migrations(), clock_);
        ASSERT_EQ(put(*kept, 1), errc::ok);
        EXPECT_EQ(mode(folder_.path() / "new"), 0700u);
        for (auto const* const suffix : {"", "-wal", "-shm", ".lock"})
            EXPECT_EQ(mode(folder_.path() / "new" / (std::string("calls.db") + suffix)), 0600u) << suffix;
    }
    ::umask(old);
    open().reset();
    std::filesystem::permissions(file(), std::filesystem::perms::all);
    open().reset();
    EXPECT_EQ(mode(file()), 0600u);
}

TEST_F(SqliteStore, ConfiguresEveryConnection)
{
    for (int times = 0; times < 2; ++times) {
        store::sqlite::database opened(file(), migrations(), at(1));
        auto const pragma = [&](std::string const& name) {
            auto row = opened.db().prepare("PRAGMA " + name);
            return row.step() ? row.text(0) : std::string("nothing");
        };
        EXPECT_EQ(pragma("secure_delete"), "1");
        EXPECT_EQ(pragma("journal_mode"), "wal");
        EXPECT_EQ(pragma("synchronous"), "2");
        EXPECT_EQ(pragma("foreign_keys"), "1");
        EXPECT_EQ(pragma("temp_store"), "2");
    }
}

TEST_F(SqliteStore, KnowsItsSchemaVersion)
{
    EXPECT_EQ(open()->schema_version(), store::read_migrations(migrations(), "sqlite").size());
}

TEST_F(SqliteStore, TheIndexRefusesASecondOpenCall)
{
    ASSERT_EQ(put(*open(), 1), errc::ok);
    store::sqlite::connection db(file(), false);
    auto const copy =
        "INSERT INTO calls (id, appointment_id, kind, media, state, end_reason, started_by,"
        " started_by_user, created_at, answered_at, connected_at, ended_at, last_alive_at, duration_ms,"
        " billable_ms, parent_call_id) SELECT 'other', appointment_id, kind, media, state, end_reason, started_by,"
        " started_by_user, created_at, answered_at, connected_at, ended_at, last_alive_at, duration_ms,"
        " billable_ms, parent_call_id FROM calls";
    EXPECT_THROW(db.exec(copy), store::sqlite::failure);
    EXPECT_THROW(db.exec("UPDATE calls SET state = 'ended'"), store::sqlite::failure);     // without a reason
    EXPECT_THROW(db.exec("UPDATE calls SET end_reason = 'lost'"), store::sqlite::failure); // while it lasts
    EXPECT_THROW(db.exec("UPDATE calls SET state = 'asleep'"), store::sqlite::failure);
}

TEST_F(SqliteStore, ALockedDatabaseIsUnavailableForTwoSecondsAndHeals)
{
    auto const kept = open();
    ASSERT_EQ(put(*kept, 1), errc::ok);
    store::sqlite::connection other(file(), false);
    other.exec("BEGIN EXCLUSIVE");
    auto const before = clock_.now().boot;
    EXPECT_EQ(put(*kept, 2), errc::store_unavailable);
    auto const waited = clock_.now().boot - before;
    EXPECT_GE(waited.count(), 1'900);
    EXPECT_LE(waited.count(), 4'000);
    EXPECT_TRUE(asking{*kept}.call(1)); // reads go on
    other.exec("COMMIT");
    EXPECT_EQ(asking{*kept}.call(2).error(), errc::not_found);
    EXPECT_EQ(put(*kept, 3), errc::ok);
    EXPECT_FALSE(asking{*kept}.chain().broken);
    EXPECT_EQ(asking{*kept}.chain().rows, 2u);
}

TEST_F(SqliteStore, AShortLockIsWaitedFor)
{
    auto const kept = open();
    store::sqlite::connection other(file(), false);
    other.exec("BEGIN EXCLUSIVE");
    std::promise<result<void>> answer;
    auto waiting = answer.get_future();
    kept->append({facts::appointment_put{appointment_of(1), true}}, [&](result<void> r) { answer.set_value(r); });
    EXPECT_EQ(asking{*kept}.room(1), call::room_record{}); // the write has been tried by now
    other.exec("COMMIT");
    ASSERT_EQ(waiting.wait_for(patience), std::future_status::ready);
    EXPECT_TRUE(waiting.get());
}

/// No file of this process may grow while it lives: every write fails.
class broken_disk {
public:
    broken_disk()
    {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        auto none = before_;
        none.rlim_cur = 0;
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    broken_disk(broken_disk const&) = delete;
    broken_disk& operator=(broken_disk const&) = delete;
    ~broken_disk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

TEST_F(SqliteStore, ADiskThatRefusesWritesStoresNothingAndHeals)
{
    {
        auto const kept = open();
        ASSERT_EQ(put(*kept, 1), errc::ok);
        {
            broken_disk const broken;
            EXPECT_EQ(put(*kept, 2), errc::store_unavailable);
            EXPECT_EQ(put(*kept, 3), errc::store_unavailable);
            EXPECT_TRUE(asking{*kept}.call(1));
        }
        EXPECT_EQ(put(*kept, 4), errc::ok);
        EXPECT_EQ(asking{*kept}.chain().rows, 2u);
    }
    auto const again = open();
    asking const ports{*again};
    EXPECT_TRUE(ports.call(1));
    EXPECT_EQ(ports.call(2).error(), errc::not_found);
    EXPECT_EQ(ports.call(3).error(), errc::not_found);
    EXPECT_TRUE(ports.call(4));
    EXPECT_FALSE(ports.chain().broken);
}

TEST_F(SqliteStore, BootTimesAreOfOneBoot)
{
    auto const under = [&](std::string const& boot_id) {
        return store::open_store("sqlite:" + file().string(), migrations(), clock_, boot_id);
    };
    {
        auto const kept = under("first");
        ASSERT_EQ(put(*kept, 1), errc::ok);
        ASSERT_EQ(asking{*kept}.append({answered(1, 1, 12)}), errc::ok);
    }
    EXPECT_EQ(asking{*under("first")}.call(1)->answered_boot, boot(12));
    EXPECT_EQ(asking{*under("")}.call(1)->answered_boot, std::nullopt); // a system that does not say
    {
        auto const kept = under("second");
        asking const ports{*kept};
        EXPECT_EQ(ports.call(1)->answered_boot, std::nullopt);
        EXPECT_EQ(ports.call(1)->answered_at, at(12));
        ASSERT_EQ(ports.append({facts::call_connected{call_no(1), at(20), boot(20)}}), errc::ok);
        EXPECT_EQ(ports.call(1)->answered_boot, std::nullopt);
        EXPECT_EQ(ports.call(1)->connected_boot, boot(20));
    }
    EXPECT_EQ(asking{*under("first")}.call(1)->answered_boot, std::nullopt);
    EXPECT_EQ(asking{*under("first")}.call(1)->connected_boot, std::nullopt);
}

TEST_F(SqliteStore, BootTimesOfASystemThatDoesNotSayAreNotGivenOut)
{
    auto const kept = store::open_store("sqlite:" + file().string(), migrations(), clock_, "");
    ASSERT_EQ(put(*kept, 1), errc::ok);
    ASSERT_EQ(asking{*kept}.append({answered(1, 1, 12)}), errc::ok);
    EXPECT_EQ(asking{*kept}.call(1)->answered_boot, std::nullopt);
}

TEST_F(SqliteStore, DeletesWhatHasBeenKeptLongEnough)
{
    constexpr std::int64_t day_ms = 24 * 3'600'000;
    shared_clock clock;
    auto const kept = store::open_store("sqlite:" + file().string(), migrations(), clock);
    asking const ports{*kept};
    ASSERT_EQ(put(*kept, 1), errc::ok);
    std::vector<call::fact> all;
    for (unsigned n = 0; n < 600; ++n) {
        all.emplace_back(facts::quality_sampled{call_no(1), patient_of(1), at(n % 2), 40.5, {}, {}, {}, {}});
        call::done_command what;
        what.key = {uuid(n), "content"};
        what.at = at(n % 2);
        all.emplace_back(facts::command_carried_out{appointment_no(1), what});
    }
    ASSERT_EQ(ports.append(all), errc::ok);
    store::sqlite::connection other(file(), false);
    auto const rows = [&](std::string const& table) {
        auto row = other.prepare("SELECT COUNT(*) FROM " + table);
        return row.step() ? row.integer(0) : -1;
    };
    auto const until = [&](std::string const& table, std::int64_t expected) {
        auto const deadline = std::chrono::steady_clock::now() + patience;
        while (rows(table) > expected && std::chrono::steady_clock::now() < deadline) ports.room(1);
        EXPECT_EQ(rows(table), expected) << table;
    };
    clock.advance(day_ms);
    until("done_commands", 300); // those of second 0, in several slices
    EXPECT_EQ(rows("call_stats"), 600);
    clock.advance(60'000);
    until("done_commands", 0);
    clock.advance(29 * day_ms - 60'000);
    until("call_stats", 300);
    clock.advance(60'000);
    until("call_stats", 0);
    EXPECT_TRUE(ports.call(1));
    EXPECT_EQ(ports.chain().rows, 1u);
}

} // namespace
} // namespace rendezvous::store_tests
