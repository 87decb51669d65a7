#include "rendezvous/outbound/webhook_worker.hpp"

#include "delivery_queue.hpp"
#include "delivery_rules.hpp"
#include "rendezvous/base/log.hpp"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <random>
#include <thread>

namespace rendezvous::outbound {
namespace {

using base::milliseconds;
using base::result;
namespace metrics = base::metrics;

/// While something waits to be delivered, this often is looked how old it has become.
constexpr milliseconds look_interval{10'000};
/// After a look that the store refused, or an outcome it did not keep.
constexpr milliseconds store_pause{1'000};

/// What others have to say to the dispatcher's thread. Outlives it: late words are dropped.
class mailbox {
public:
    void put(std::function<void()> word)
    {
        {
            std::lock_guard const lock(guard_);
            if (closed_) return;
            words_.push_back(std::move(word));
        }
        changed_.notify_one();
    }
    void close()
    {
        {
            std::lock_guard const lock(guard_);
            closed_ = true;
            words_.clear();
        }
        changed_.notify_one();
    }
    /// All words, after at most `patience` without any; nothing once it is closed.
    std::optional<std::deque<std::function<void()>>> take(std::optional<milliseconds> patience)
    {
        std::unique_lock lock(guard_);
        auto const something = [this] { return closed_ || !words_.empty(); };
        if (patience)
            changed_.wait_for(lock, *patience, something);
        else
            changed_.wait(lock, something);
        if (closed_) return std::nullopt;
        return std::exchange(words_, {});
    }

private:
    std::mutex guard_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> words_;
    bool closed_ = false;
};

} // namespace

/// The thread and what it knows. All functions but the constructor and the destructor run on it.
class webhook_worker::dispatcher {
public:
    dispatcher(service::event_store& store, service::http_client& http, base::clock const& clock,
        std::function<double()> random, webhook_options options)
        : store_(store),
          http_(http),
          clock_(clock),
          random_(std::move(random)),
          options_(std::move(options)),
          queue_(options_.in_flight_max),
          thread_([this] { run(); })
    {
        store_.watch_events([this, words = words_](bool webhooks) {
            words->put([this, webhooks] { look_wanted_ = look_wanted_ || webhooks || !idle_; });
        });
    }

    ~dispatcher()
    {
        store_.watch_events({});
        words_->close();
        thread_.join();
    }

private:
    void run()
    {
        sigset_t every;
        sigfillset(&every); // signals are for the thread that waits for them
        pthread_sigmask(SIG_BLOCK, &every, nullptr);
        pthread_setname_np(pthread_self(), "rdv-webhooks");
        for (;;) {
            auto const now = clock_.now().utc;
            if (look_at_ && *look_at_ <= now) look_wanted_ = true;
            if (look_wanted_ && !looking_) look(now);
            std::optional<milliseconds> patience;
            if (look_at_ && !looking_) patience = std::max(*look_at_ - now, milliseconds{1});
            auto const words = words_->take(patience);
            if (!words) return;
            for (auto const& word : *words) word();
        }
    }

    /// Has `to` called on this thread with an answer of another one, if this one is still there.
    template <class T, class Function>
    service::completion<T> here(Function to)
    {
        return [words = words_, to = std::move(to)](result<T> got) {
            auto const kept = std::make_shared<result<T>>(std::move(got));
            words->put([kept, to] { to(std::move(*kept)); });
        };
    }

    void look(base::utc_time now)
    {
        look_wanted_ = false;
        looking_ = true;
        look_at_.reset();
        store_.take_due(now, queue_.look_rows(),
            here<service::due_work>([this](result<service::due_work> found) { looked(std::move(found)); }));
    }

    void looked(result<service::due_work> found)
    {
        looking_ = false;
        auto const now = clock_.now().utc;
        if (!found) {
            look_at_ = now + store_pause;
            return;
        }
        idle_ = found->webhooks.empty();
        look_wanted_ = look_wanted_ || found->more;
        auto const age = found->oldest ? std::max(now - *found->oldest, milliseconds{0}) : milliseconds{0};
        metrics::outbox_lag.set(static_cast<double>(age.count()) / 1'000);
        if (found->oldest) look_at_ = now + look_interval;
        for (auto const& next : {found->next_at, queue_.quiet_until(now)})
            if (next && (!look_at_ || *next < *look_at_)) look_at_ = next;
        for (auto& one : queue_.choose(*found, now)) begin(std::move(one));
    }

    void begin(parcel one)
    {
        auto ask = make_request(options_, one.to, one.what, clock_.now().utc);
        auto const ended = [this, one = std::move(one)](
                               result<service::http_answer> answer) { this->ended(one, answer); };
        http_.send(std::move(ask), here<service::http_answer>(ended));
    }

    void ended(parcel const& one, result<service::http_answer> const& answer)
    {
        attempt_end how;
        if (!answer) how.error = base::to_errc(answer.error());
        if (answer) {
            how.status = answer->status;
            for (auto const& [name, value] : answer->headers)
                if (name == "retry-after") how.retry_after = value;
        }
        auto const what_follows = judge(options_, one.to, one.what, how, clock_.now().utc, random_());
        if (what_follows.quiet_until) queue_.keep_quiet(one.to.id, *what_follows.quiet_until);
        auto const recorded = [this, what_follows](result<void> kept) { this->recorded(what_follows, kept); };
        store_.record_outcome(what_follows.outcome, here<void>(recorded));
    }

    /// An outcome that was not kept is one that never was: the attempt will be made again.
    void recorded(judgement const& what, result<void> const& kept)
    {
        auto const& outcome = what.outcome;
        queue_.ended(outcome.webhook_id, outcome.event_id);
        look_wanted_ = true;
        if (!kept) {
            queue_.keep_quiet(outcome.webhook_id, clock_.now().utc + store_pause);
            return;
        }
        metrics::webhook_deliveries.add(what.counted);
        if (outcome.state == service::delivery_state::dead)
            base::log::warn("webhook_gave_up", {{"webhook", outcome.webhook_id}, {"event", outcome.event_id},
                                                   {"status", outcome.http_status}, {"problem", outcome.error}});
        if (!what.disabled) return;
        metrics::webhooks_disabled.add(*what.disabled);
        base::log::warn("webhook_disabled", {{"webhook", outcome.webhook_id}, {"status", outcome.http_status}});
    }

    service::event_store& store_;
    service::http_client& http_;
    base::clock const& clock_;
    std::function<double()> random_;
    webhook_options const options_;
    delivery_queue queue_;
    std::shared_ptr<mailbox> words_ = std::make_shared<mailbox>();
    bool look_wanted_ = true;
    bool looking_ = false;
    bool idle_ = false; ///< no webhook is there: events are nobody's
    std::optional<base::utc_time> look_at_;
    std::thread thread_;
};

webhook_worker::webhook_worker(service::event_store& store, service::http_client& http, base::clock const& clock,
    std::function<double()> random, webhook_options options)
    : inside_(std::make_unique<dispatcher>(store, http, clock, std::move(random), std::move(options)))
{}

webhook_worker::~webhook_worker() = default;

std::function<double()> system_jitter()
{
    return [source = std::make_shared<std::random_device>()] {
        return std::uniform_real_distribution<double>(0, 1)(*source);
    };
}

} // namespace rendezvous::outbound
