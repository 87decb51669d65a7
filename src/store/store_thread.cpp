#include "rendezvous/store/store_thread.hpp"

#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"

#include <algorithm>
#include <csignal>
#include <exception>
#include <iterator>
#include <pthread.h>

namespace rendezvous::store {
namespace {

using base::errc;
namespace metrics = base::metrics;

/// Between two attempts at a store that fails.
constexpr base::milliseconds retry_interval{20};

/// Signals are for the thread that waits for them.
void become_store_thread()
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), "rdv-store");
}

} // namespace

store_thread::store_thread(std::unique_ptr<backend> records, base::clock const& clock, store_options options)
    : records_(std::move(records)),
      clock_(clock),
      options_(options),
      schema_version_(records_->schema_version()),
      audit_(options_.audit_backlog_max, options_.audit_delay),
      sweep_at_(clock_.now().boot + options_.sweep_interval),
      thread_([this] { run(); })
{}

store_thread::~store_thread()
{
    {
        std::lock_guard const lock(guard_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void store_thread::push_write(std::function<result<void>(backend&)> work, service::completion<void> done)
{
    {
        std::lock_guard const lock(guard_);
        if (stopping_ || writes_.size() >= options_.queue_max)
            refusals_.push_back([done = std::move(done)] { done(errc::store_unavailable); });
        else {
            writes_.push_back({std::move(work), std::move(done), clock_.now().boot + options_.write_timeout});
            metrics::store_queue.up(metrics::store_job::write);
        }
    }
    changed_.notify_one();
}

void store_thread::push_read(std::unique_ptr<read_job> job)
{
    {
        std::lock_guard const lock(guard_);
        if (stopping_ || reads_.size() >= options_.queue_max)
            refusals_.push_back(
                [refused = std::shared_ptr<read_job>(std::move(job))] { refused->refuse(errc::store_unavailable); });
        else {
            reads_.push_back(std::move(job));
            metrics::store_queue.up(metrics::store_job::read);
        }
    }
    changed_.notify_one();
}

void store_thread::run()
{
    become_store_thread();
    std::unique_lock lock(guard_);
    while (!stopping_) {
        if (idle())
            rest(lock);
        else
            run_once(lock);
    }
    lock.unlock();
    finish();
}

bool store_thread::idle() const
{
    return !stopping_ && writes_.empty() && reads_.empty() && refusals_.empty() && !audit_due();
}

/// Nothing waits: one slice of the sweep, if it is time for that, or sleep until something comes.
void store_thread::rest(std::unique_lock<std::mutex>& lock)
{
    auto const now = clock_.now().boot;
    auto const left = std::min(sweep_at_, audit_.due_at().value_or(sweep_at_)) - now;
    if (left.count() > 0) {
        changed_.wait_for(lock, left, [&] { return !idle(); });
        return;
    }
    lock.unlock();
    bool const more = sweep();
    if (!more) sweep_at_ = clock_.now().boot + options_.sweep_interval;
    lock.lock();
}

/// Whether there may be more to delete.
bool store_thread::sweep()
{
    auto const swept = records_->sweep(clock_.now().utc, options_.sweep_rows_max);
    if (swept) return *swept == options_.sweep_rows_max;
    records_->rollback();
    base::log::warn("store_sweep_failed", {{"problem", records_->trouble()}});
    return false;
}

/// One turn: answers that need no work, then a transaction, then one slice of one read. While the
/// store fails, reads go on between the attempts.
void store_thread::run_once(std::unique_lock<std::mutex>& lock)
{
    auto const refused = std::exchange(refusals_, {});
    if (!refused.empty()) {
        lock.unlock();
        for (auto const& answer : refused) answer();
        lock.lock();
    }
    if (stopping_) return;
    if (!writes_.empty() || audit_due()) write_some(lock);
    bool const again = (!writes_.empty() || audit_due()) && !failing_;
    if (!again && !reads_.empty() && !stopping_)
        read_some(lock);
    else if (failing_ && (!writes_.empty() || audit_due()) && !stopping_)
        changed_.wait_for(lock, retry_interval, [&] { return stopping_ || !reads_.empty(); });
}

/// What waits is tried once more; then everybody gets an answer.
void store_thread::finish()
{
    std::unique_lock lock(guard_);
    do write_some(lock);
    while ((!writes_.empty() || !audit_.empty()) && !failing_);
    if (!audit_.empty()) base::log::error("audit_lost", {{"entries", std::uint64_t{audit_.size()}}});
    auto const writes = std::exchange(writes_, {});
    auto const reads = std::exchange(reads_, {});
    auto const refused = std::exchange(refusals_, {});
    lock.unlock();
    metrics::store_queue.change(metrics::store_job::write, -static_cast<std::int64_t>(writes.size()));
    metrics::store_queue.change(metrics::store_job::read, -static_cast<std::int64_t>(reads.size()));
    for (auto const& job : writes) job.done(errc::store_unavailable);
    for (auto const& job : reads) job->refuse(errc::store_unavailable);
    for (auto const& answer : refused) answer();
}

std::vector<store_thread::write_job> store_thread::take_batch()
{
    auto const count = static_cast<std::ptrdiff_t>(std::min(writes_.size(), options_.batch_max));
    std::vector<write_job> batch(
        std::make_move_iterator(writes_.begin()), std::make_move_iterator(writes_.begin() + count));
    writes_.erase(writes_.begin(), writes_.begin() + count);
    metrics::store_queue.change(metrics::store_job::write, -count);
    return batch;
}

void store_thread::write_some(std::unique_lock<std::mutex>& lock)
{
    auto batch = take_batch();
    bool const account = audit_due();
    lock.unlock();
    auto const late = [now = clock_.now().boot](write_job const& job) { return job.deadline <= now; };
    for (auto const& job : batch)
        if (late(job)) job.done(errc::store_unavailable);
    std::erase_if(batch, late);
    std::vector<result<void>> outcomes;
    bool const anything = account || !batch.empty();
    bool const stored = !anything || try_batch(batch, outcomes);
    if (anything) note_failure(!stored);
    for (std::size_t i = 0; stored && i < batch.size(); ++i) batch[i].done(outcomes[i]);
    if (stored) note_events();
    lock.lock();
    if (stored) return;
    metrics::store_queue.change(metrics::store_job::write, static_cast<std::int64_t>(batch.size()));
    writes_.insert(writes_.begin(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
}

bool store_thread::try_batch(std::vector<write_job>& batch, std::vector<result<void>>& outcomes)
{
    auto const begun = clock_.now().boot;
    bool broken = !records_->begin();
    auto entries = take_audit();
    broken = broken || !write_audit(entries);
    for (std::size_t i = 0; !broken && i < batch.size(); ++i) outcomes.push_back(write_part(batch[i], broken));
    broken = broken || !records_->commit();
    if (broken) {
        records_->rollback();
        std::lock_guard const lock(guard_);
        audit_.give_back(std::move(entries));
        metrics::store_failures.add();
        return false;
    }
    metrics::db_transaction.observe(clock_.now().boot - begun);
    return true;
}

/// `broken`: the transaction as a whole is lost.
result<void> store_thread::write_part(write_job& job, bool& broken)
{
    broken = !records_->begin_part();
    if (broken) return errc::store_unavailable;
    result<void> outcome;
    try {
        outcome = job.work(*records_);
    } catch (std::exception const& e) {
        base::log::error("store_job_failed", {{"problem", e.what()}});
        outcome = errc::internal;
    }
    if (outcome)
        broken = !records_->keep_part();
    else
        broken = base::to_errc(outcome.error()) == errc::store_unavailable || !records_->drop_part();
    return outcome;
}

void store_thread::note_failure(bool failing)
{
    if (failing && !failing_) base::log::error("store_failing", {{"problem", records_->trouble()}});
    if (!failing && failing_) base::log::info("store_healed");
    failing_ = failing;
}

/// The oldest read gets one slice and goes to the end of the queue, so that a long one holds up nobody.
void store_thread::read_some(std::unique_lock<std::mutex>& lock)
{
    auto job = std::move(reads_.front());
    reads_.pop_front();
    metrics::store_queue.down(metrics::store_job::read);
    lock.unlock();
    bool answered = false;
    try {
        answered = job->step(*records_);
    } catch (std::exception const& e) {
        base::log::error("store_job_failed", {{"problem", e.what()}});
        job->refuse(errc::internal);
        answered = true;
    }
    if (answered) job.reset();
    lock.lock();
    if (answered) return;
    reads_.push_back(std::move(job));
    metrics::store_queue.up(metrics::store_job::read);
}

} // namespace rendezvous::store
