#include "contract/store_support.hpp"
#include "store/sqlite/connection.hpp"

namespace rendezvous::store_tests {
namespace {

constexpr std::int64_t day_ms = 24 * 3'600'000;

class EventRetention : public testing::Test {
protected:
    std::filesystem::path file() const { return folder_.path() / "calls.db"; }
    void append(std::int64_t when)
    {
        auto const stored = ask<service::event_row>(
            [&](auto done) { store_->append_event("audit.checkpoint", "{}", at(when), {}, done); });
        ASSERT_TRUE(stored);
    }
    void put_webhook(unsigned n)
    {
        service::webhook_row row;
        row.id = uuid(n);
        row.url = "https://booking.example/";
        row.secret = "whsec_QUFB";
        ASSERT_TRUE(ask<void>([&](auto done) { store_->put_webhook(row, done); }));
    }
    void lay_out(std::int64_t when)
    {
        ASSERT_TRUE(ask<service::due_work>([&](auto done) { store_->take_due(at(when), 1, done); }));
    }
    void until(std::string const& table, std::int64_t expected)
    {
        store::sqlite::connection other(file(), false);
        auto const rows = [&] {
            auto row = other.prepare("SELECT COUNT(*) FROM " + table);
            return row.step() ? row.integer(0) : -1;
        };
        auto const deadline = std::chrono::steady_clock::now() + patience;
        while (rows() > expected && std::chrono::steady_clock::now() < deadline) asking{*store_}.room(1);
        EXPECT_EQ(rows(), expected) << table;
    }

    shared_clock clock_;
    scratch_folder folder_;
    std::unique_ptr<store::store_thread> store_ = store::open_store("sqlite:" + file().string(), migrations(), clock_);
};

TEST_F(EventRetention, KeepsEventsAndDeliveriesForThirtyDays)
{
    put_webhook(1);
    for (int i = 0; i < 300; ++i) append(0);
    append(60);
    lay_out(61);
    lay_out(61);
    clock_.advance(30 * day_ms);
    until("outbox", 1); // in several slices
    until("deliveries", 1);
    clock_.advance(60'000);
    append(30 * day_ms / 1'000 + 60);
    clock_.advance(60'000);
    until("outbox", 1);
    auto const left = ask<std::vector<service::event_row>>([&](auto done) { store_->list_events({}, done); }).value();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_TRUE(left[0].id.starts_with("000000000000012e-")) << "places are not given twice: " << left[0].id;
}

TEST_F(EventRetention, TheNewestStaysHoweverOld)
{
    append(0);
    append(0);
    clock_.advance(40 * day_ms);
    until("outbox", 1);
    append(40 * day_ms / 1'000);
    auto const all = ask<std::vector<service::event_row>>([&](auto done) { store_->list_events({}, done); }).value();
    EXPECT_TRUE(all.back().id.starts_with("0000000000000003-")) << all.back().id;
}

TEST_F(EventRetention, ADeletedWebhookTakesItsDeliveriesAlong)
{
    put_webhook(1);
    put_webhook(2);
    for (int i = 0; i < 5; ++i) append(0);
    lay_out(1);
    ASSERT_TRUE(ask<void>([&](auto done) { store_->delete_webhook(uuid(1), at(2), done); }));
    clock_.advance(60'000);
    until("deliveries", 5);
    until("webhooks", 1);
    until("webhooks WHERE secret = ''", 0);
}

} // namespace
} // namespace rendezvous::store_tests
