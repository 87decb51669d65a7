#include "probe_backend.hpp"
#include "rendezvous/base/metrics.hpp"

#include <pthread.h>

namespace rendezvous::store_tests {
namespace {

call::fact appointment_put(unsigned n)
{
    return facts::appointment_put{appointment_of(n), true};
}

class StoreThread : public testing::Test {
protected:
    void open(store::store_options options = {})
    {
        store_ = std::make_unique<store::store_thread>(std::make_unique<probe_backend>(probe_), clock_, options);
    }
    /// Holds the store's thread, so that what is asked next waits together.
    void hold()
    {
        store_->load_room(appointment_no(1), [this](auto const&) { gate_.wait(); });
        gate_.wait_until_held();
    }
    asking ports() { return {*store_}; }

    shared_clock clock_;
    probe_backend::controls probe_;
    gate gate_;
    std::unique_ptr<store::store_thread> store_;
};

TEST_F(StoreThread, IsNamed)
{
    open();
    auto const name = std::make_shared<std::promise<std::string>>();
    store_->load_room(appointment_no(1), [name](auto const&) {
        std::string text(16, '\0');
        pthread_getname_np(pthread_self(), text.data(), text.size());
        name->set_value(text.c_str());
    });
    EXPECT_EQ(name->get_future().get(), "rdv-store");
}

TEST_F(StoreThread, CommitsWaitingAppendsTogether)
{
    open();
    hold();
    auto first = append_later(*store_, {appointment_put(1)});
    auto second = append_later(*store_, {appointment_put(2)});
    gate_.open();
    EXPECT_EQ(answer_of(first), errc::ok);
    EXPECT_EQ(answer_of(second), errc::ok);
    EXPECT_EQ(probe_.begun, 1);
    EXPECT_EQ(probe_.committed, 1);
}

TEST_F(StoreThread, RefusesAnIllegalAppendAlone)
{
    open();
    hold();
    auto first = append_later(*store_, {appointment_put(1)});
    auto illegal = append_later(*store_, {appointment_put(3), appointment_put(1)});
    auto last = append_later(*store_, {appointment_put(2), started(2, 2, 1)});
    gate_.open();
    EXPECT_EQ(answer_of(first), errc::ok);
    EXPECT_EQ(answer_of(illegal), errc::illegal_transition);
    EXPECT_EQ(answer_of(last), errc::ok);
    EXPECT_EQ(probe_.committed, 1);
    EXPECT_EQ(ports().room(3), call::room_record{});
    EXPECT_EQ(ports().room(2).newest->id, call_no(2));
    EXPECT_EQ(ports().chain().rows, 1u);
}

TEST_F(StoreThread, BoundsABatch)
{
    open({.batch_max = 2});
    hold();
    std::vector<std::future<result<void>>> all;
    for (unsigned n = 1; n <= 5; ++n) all.push_back(append_later(*store_, {appointment_put(n)}));
    gate_.open();
    for (auto& one : all) EXPECT_EQ(answer_of(one), errc::ok);
    EXPECT_EQ(probe_.committed, 3);
}

TEST_F(StoreThread, WritesBeforeReads)
{
    open();
    hold();
    std::vector<std::string> order;
    auto const read = std::make_shared<std::promise<void>>();
    store_->load_room(appointment_no(1), [&, read](result<call::room_record> r) {
        order.emplace_back(r->appointment ? "read it" : "read nothing");
        read->set_value();
    });
    store_->append({appointment_put(1)}, [&](result<void>) { order.emplace_back("wrote"); });
    gate_.open();
    ASSERT_EQ(read->get_future().wait_for(patience), std::future_status::ready);
    EXPECT_EQ(order, (std::vector<std::string>{"wrote", "read it"}));
}

TEST_F(StoreThread, AnswersAFullQueueAtOnce)
{
    open({.queue_max = 2});
    hold();
    auto first = append_later(*store_, {appointment_put(1)});
    auto second = append_later(*store_, {appointment_put(2)});
    auto third = append_later(*store_, {appointment_put(3)});
    std::vector<std::future<errc>> reads;
    for (int i = 0; i < 3; ++i) {
        auto const answer = std::make_shared<std::promise<errc>>();
        reads.push_back(answer->get_future());
        store_->load_room(
            appointment_no(1), [answer](auto const& r) { answer->set_value(r ? errc::ok : base::to_errc(r.error())); });
    }
    gate_.open();
    EXPECT_EQ(answer_of(third), errc::store_unavailable);
    EXPECT_EQ(answer_of(first), errc::ok);
    EXPECT_EQ(answer_of(second), errc::ok);
    EXPECT_EQ(reads[0].get(), errc::ok);
    EXPECT_EQ(reads[1].get(), errc::ok);
    EXPECT_EQ(reads[2].get(), errc::store_unavailable);
    EXPECT_EQ(ports().room(3), call::room_record{});
}

/// Each way in which a transaction can fail.
class StoreThreadFailing : public StoreThread,
                           public testing::WithParamInterface<std::atomic<bool> probe_backend::controls::*> {
protected:
    std::atomic<bool>& failing() { return probe_.*GetParam(); }
    /// The store has failed at least once more from now.
    void wait_for_attempt()
    {
        for (int const before = probe_.rolled_back; probe_.rolled_back == before;) ports().room(9);
    }
};
INSTANTIATE_TEST_SUITE_P(Ways, StoreThreadFailing,
    testing::Values(&probe_backend::controls::fail_begin, &probe_backend::controls::fail_apply,
        &probe_backend::controls::fail_commit));

TEST_P(StoreThreadFailing, TriesAgainUntilItHeals)
{
    open();
    failing() = true;
    auto waiting = append_later(*store_, {appointment_put(1), started(1, 1, 1)});
    wait_for_attempt();
    wait_for_attempt();
    failing() = false;
    EXPECT_EQ(answer_of(waiting), errc::ok);
    EXPECT_EQ(ports().events(1).size(), 1u);
    EXPECT_FALSE(ports().chain().broken);
}

TEST_P(StoreThreadFailing, RefusesAfterTwoSecondsAndStoresNothing)
{
    open();
    ASSERT_EQ(ports().append({appointment_put(1)}), errc::ok);
    failing() = true;
    auto early = append_later(*store_, {started(1, 1, 1)});
    wait_for_attempt();
    clock_.advance(1'500);
    auto late = append_later(*store_, {appointment_put(2)});
    wait_for_attempt();
    clock_.advance(500);
    EXPECT_EQ(answer_of(early), errc::store_unavailable);
    wait_for_attempt();
    EXPECT_EQ(late.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    failing() = false;
    EXPECT_EQ(answer_of(late), errc::ok);
    EXPECT_EQ(ports().call(1).error(), errc::not_found);
    EXPECT_EQ(ports().append({started(2, 1, 5)}), errc::ok);
    EXPECT_EQ(ports().chain().rows, 1u);
    EXPECT_FALSE(ports().chain().broken);
}

TEST_P(StoreThreadFailing, AnswersEverybodyWhenItIsClosed)
{
    open();
    failing() = true;
    auto waiting = append_later(*store_, {appointment_put(1)});
    wait_for_attempt();
    store_.reset();
    EXPECT_EQ(answer_of(waiting), errc::store_unavailable);
}

TEST_F(StoreThread, WritesWhatWaitsWhenItIsClosed)
{
    open({.batch_max = 1});
    hold();
    auto first = append_later(*store_, {appointment_put(1)});
    auto second = append_later(*store_, {appointment_put(2)});
    gate_.open();
    store_.reset();
    EXPECT_EQ(answer_of(first), errc::ok);
    EXPECT_EQ(answer_of(second), errc::ok);
}

TEST_F(StoreThread, ABugRefusesItsOwnAppendOnly)
{
    open();
    probe_.bug = true;
    EXPECT_EQ(ports().append({appointment_put(1)}), errc::internal);
    probe_.bug = false;
    EXPECT_EQ(ports().append({appointment_put(1)}), errc::ok);
}

TEST_F(StoreThread, CountsWhatItDoesAndWhatWaits)
{
    namespace metrics = base::metrics;
    auto const transactions = [] { return metrics::value_of(metrics::family::db_transaction); };
    auto const failures = [] { return metrics::value_of(metrics::family::store_failures); };
    auto const waiting = [](metrics::store_job job) {
        return metrics::value_of(metrics::family::store_queue, {static_cast<std::size_t>(job)});
    };
    auto const transactions_before = transactions(), failures_before = failures();
    open();
    hold();
    EXPECT_EQ(waiting(metrics::store_job::write), 0);
    auto first = append_later(*store_, {appointment_put(1)});
    auto second = append_later(*store_, {appointment_put(2)});
    store_->load_room(appointment_no(1), [](auto const&) {});
    EXPECT_EQ(waiting(metrics::store_job::write), 2);
    EXPECT_EQ(waiting(metrics::store_job::read), 1);
    gate_.open();
    EXPECT_EQ(answer_of(first), errc::ok);
    EXPECT_EQ(answer_of(second), errc::ok);
    probe_.fail_commit = true;
    auto third = append_later(*store_, {appointment_put(3)});
    while (probe_.rolled_back == 0) ports().room(9);
    probe_.fail_commit = false;
    EXPECT_EQ(answer_of(third), errc::ok);
    store_.reset();
    EXPECT_EQ(transactions(), transactions_before + 2);
    EXPECT_GE(failures(), failures_before + 1);
    EXPECT_EQ(waiting(metrics::store_job::write), 0);
    EXPECT_EQ(waiting(metrics::store_job::read), 0);
}

constexpr std::int64_t minute_ms = 60'000;

class StoreThreadSweep : public StoreThread {
protected:
    /// Keeps the store's thread busy until it has swept `count` times.
    void wait_for_sweeps(int count)
    {
        auto const deadline = std::chrono::steady_clock::now() + patience;
        while (probe_.sweeps < count && std::chrono::steady_clock::now() < deadline) ports().room(9);
        ASSERT_GE(probe_.sweeps, count);
    }
};

TEST_F(StoreThreadSweep, SweepsOnceAMinute)
{
    open();
    for (int i = 0; i < 20; ++i) ports().room(9);
    EXPECT_EQ(probe_.sweeps, 0);
    clock_.advance(minute_ms - 1);
    for (int i = 0; i < 20; ++i) ports().room(9);
    EXPECT_EQ(probe_.sweeps, 0);
    for (int times = 1; times <= 3; ++times) {
        clock_.advance(minute_ms);
        wait_for_sweeps(times);
        for (int i = 0; i < 20; ++i) ports().room(9);
        EXPECT_EQ(probe_.sweeps, times);
    }
}

TEST_F(StoreThreadSweep, GoesOnUntilNothingIsLeft)
{
    open({.sweep_rows_max = 10});
    probe_.expired = 35;
    clock_.advance(minute_ms);
    wait_for_sweeps(4);
    for (int i = 0; i < 20; ++i) ports().room(9);
    EXPECT_EQ(probe_.sweeps, 4);
    EXPECT_EQ(probe_.expired, 0u);
}

TEST_F(StoreThreadSweep, WaitsUntilNothingElseIsToBeDone)
{
    open({.batch_max = 1, .sweep_rows_max = 10});
    probe_.expired = 1'000;
    hold();
    clock_.advance(minute_ms - 1'000); // due only behind what waits: no write is late by then
    std::vector<std::future<result<void>>> all;
    std::atomic<int> swept_before_last{-1};
    for (unsigned n = 1; n <= 5; ++n) all.push_back(append_later(*store_, {appointment_put(n)}));
    store_->append({appointment_put(6)}, [&](result<void>) { swept_before_last = probe_.sweeps.load(); });
    clock_.advance(1'000);
    gate_.open();
    for (auto& one : all) EXPECT_EQ(answer_of(one), errc::ok);
    wait_for_sweeps(1);
    EXPECT_EQ(swept_before_last, 0);
}

TEST_F(StoreThreadSweep, AFailedSweepIsLeftForTheNextMinute)
{
    open();
    probe_.fail_sweep = true;
    clock_.advance(minute_ms);
    wait_for_sweeps(1);
    for (int i = 0; i < 20; ++i) ports().room(9);
    EXPECT_EQ(probe_.sweeps, 1);
    EXPECT_GE(probe_.rolled_back, 1);
    EXPECT_EQ(ports().append({appointment_put(1)}), errc::ok);
    probe_.fail_sweep = false;
    clock_.advance(minute_ms);
    wait_for_sweeps(2);
}

} // namespace
} // namespace rendezvous::store_tests
