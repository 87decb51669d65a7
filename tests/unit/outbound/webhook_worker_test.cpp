#include "delivery_support.hpp"
#include "rendezvous/store/open.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <gtest/gtest.h>
#include <mutex>

namespace rendezvous::outbound_tests {
namespace {

using service::http_answer;
using service::http_ask;

constexpr std::chrono::seconds patience{30};

class moving_clock final : public base::clock {
public:
    base::instant now() const override
    {
        return {at(0) + milliseconds{passed_.load()}, base::boot_time{1'000'000 + passed_.load()}};
    }
    void advance(std::int64_t seconds) { passed_ += 1'000 * seconds; }

private:
    std::atomic<std::int64_t> passed_{0};
};

/// Collects what is asked; the test answers.
class fake_client final : public service::http_client {
public:
    struct asked {
        http_ask ask;
        service::completion<http_answer> done;
        std::string id() const
        {
            for (auto const& [name, value] : ask.headers)
                if (name == "webhook-id") return value;
            return {};
        }
        void answer(unsigned status) const { done(http_answer{status, {}, {}}); }
    };
    void send(http_ask ask, service::completion<http_answer> done) override
    {
        std::lock_guard const lock(guard_);
        asked_.push_back({std::move(ask), std::move(done)});
        changed_.notify_all();
    }
    asked next()
    {
        std::unique_lock lock(guard_);
        if (!changed_.wait_for(lock, patience, [this] { return !asked_.empty(); }))
            throw std::runtime_error("nothing was sent");
        auto out = std::move(asked_.front());
        asked_.pop_front();
        return out;
    }
    bool silent()
    {
        std::lock_guard const lock(guard_);
        return asked_.empty();
    }

private:
    std::mutex guard_;
    std::condition_variable changed_;
    std::deque<asked> asked_;
};

template <class T, class Start>
base::result<T> wait_for(Start start)
{
    auto const answer = std::make_shared<std::promise<base::result<T>>>();
    auto waiting = answer->get_future();
    start([answer](base::result<T> r) { answer->set_value(std::move(r)); });
    if (waiting.wait_for(patience) != std::future_status::ready) throw std::runtime_error("no answer came");
    return waiting.get();
}

class WebhookWorker : public testing::Test {
protected:
    void put_webhook(std::string const& id)
    {
        ASSERT_TRUE(wait_for<void>([&](auto done) { store_->put_webhook(webhook(id), done); }));
    }
    std::string append()
    {
        return wait_for<service::event_row>(
            [&](auto done) { store_->append_event("audit.checkpoint", R"({"a":1})", at(0), {}, done); })
            .value()
            .id;
    }
    std::vector<service::delivery_row> deliveries()
    {
        return wait_for<std::vector<service::delivery_row>>([&](auto done) {
            store_->list_deliveries("w", {}, 50, done);
        }).value();
    }
    void until(std::function<bool()> condition)
    {
        auto const deadline = std::chrono::steady_clock::now() + patience;
        while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
        ASSERT_TRUE(condition());
    }
    void start()
    {
        worker_ = std::make_unique<outbound::webhook_worker>(
            *store_, client_, clock_, [] { return 0.0; }, options());
    }

    moving_clock clock_;
    fake_client client_;
    std::unique_ptr<store::store_thread> store_ = store::open_memory_store(clock_);
    std::unique_ptr<outbound::webhook_worker> worker_;
};

TEST_F(WebhookWorker, DeliversAndKeepsWhatBecameOfIt)
{
    start();
    put_webhook("w");
    auto const id = append();
    auto const sent = client_.next();
    EXPECT_EQ(sent.id(), id);
    EXPECT_EQ(sent.ask.url, "https://booking.example/hooks");
    sent.answer(204);
    until([&] { return deliveries()[0].state == service::delivery_state::delivered; });
    EXPECT_EQ(deliveries()[0].http_status, 204U);
}

TEST_F(WebhookWorker, TriesAgainWhenItIsTime)
{
    start();
    put_webhook("w");
    auto const id = append();
    client_.next().answer(500);
    until([&] { return deliveries()[0].attempts == 1; });
    clock_.advance(9);
    auto const other = append(); // has it look
    auto const sent = client_.next();
    EXPECT_EQ(sent.id(), other) << "the first one is not due yet";
    sent.answer(200);
    clock_.advance(1);
    auto const third = append();
    auto const again = client_.next();
    auto const last = client_.next();
    EXPECT_EQ((std::set<std::string>{again.id(), last.id()}), (std::set<std::string>{id, third}));
}

TEST_F(WebhookWorker, HasSoManyUnderWay)
{
    start();
    put_webhook("w");
    for (int i = 0; i < 6; ++i) append();
    std::vector<fake_client::asked> sent;
    for (int i = 0; i < 4; ++i) sent.push_back(client_.next());
    EXPECT_TRUE(client_.silent());
    sent[0].answer(200);
    client_.next().answer(200);
    client_.next();
}

TEST_F(WebhookWorker, AnotherOneGoesOnWhereItEnded)
{
    start();
    put_webhook("w");
    auto const id = append();
    auto const sent = client_.next();
    worker_.reset();
    sent.answer(200); // too late: nobody knows
    start();
    EXPECT_EQ(client_.next().id(), id);
}

TEST_F(WebhookWorker, DoesNothingWithoutWebhooks)
{
    append();
    start();
    put_webhook("w");
    auto const id = append();
    EXPECT_EQ(client_.next().id(), id) << "not what was before";
}

} // namespace
} // namespace rendezvous::outbound_tests
