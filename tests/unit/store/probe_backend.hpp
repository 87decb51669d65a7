#pragma once

#include "contract/store_support.hpp"
#include "store/memory/memory_backend.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace rendezvous::store_tests {

/// A store in memory that counts its transactions and fails when told.
class probe_backend final : public store::memory::memory_backend {
public:
    struct controls {
        std::atomic<int> begun{0}, committed{0}, rolled_back{0}, sweeps{0};
        std::atomic<std::size_t> expired{0}; ///< rows that a sweep would find
        std::atomic<bool> fail_begin{false}, fail_apply{false}, fail_commit{false}, fail_sweep{false}, bug{false};
    };
    explicit probe_backend(controls& of) : controls_(of) {}

    result<void> begin() override
    {
        ++controls_.begun;
        if (controls_.fail_begin) return errc::store_unavailable;
        return memory_backend::begin();
    }
    result<void> apply(call::fact const& happened) override
    {
        if (controls_.bug) throw std::logic_error("a bug");
        auto const applied = memory_backend::apply(happened);
        if (applied && controls_.fail_apply) return errc::store_unavailable;
        return applied;
    }
    result<void> commit() override
    {
        if (controls_.fail_commit) return errc::store_unavailable;
        ++controls_.committed;
        return memory_backend::commit();
    }
    void rollback() noexcept override
    {
        ++controls_.rolled_back;
        memory_backend::rollback();
    }
    result<std::size_t> sweep(base::utc_time, std::size_t rows_max) override
    {
        ++controls_.sweeps;
        if (controls_.fail_sweep) return errc::store_unavailable;
        auto const count = std::min(controls_.expired.load(), rows_max);
        controls_.expired -= count;
        return count;
    }

private:
    controls& controls_;
};

/// Holds the store's thread in an answer until it is opened.
class gate {
public:
    void wait()
    {
        std::unique_lock lock(guard_);
        held_ = true;
        changed_.notify_all();
        changed_.wait(lock, [&] { return open_; });
    }
    void wait_until_held()
    {
        std::unique_lock lock(guard_);
        if (!changed_.wait_for(lock, patience, [&] { return held_; }))
            throw std::runtime_error("nobody came to the gate");
    }
    void open()
    {
        {
            std::lock_guard const lock(guard_);
            open_ = true;
        }
        changed_.notify_all();
    }

private:
    std::mutex guard_;
    std::condition_variable changed_;
    bool held_ = false, open_ = false;
};

/// Appends without waiting.
inline std::future<result<void>> append_later(store::store_thread& to, std::vector<call::fact> facts)
{
    auto const answer = std::make_shared<std::promise<result<void>>>();
    to.append(std::move(facts), [answer](result<void> r) { answer->set_value(r); });
    return answer->get_future();
}

inline errc answer_of(std::future<result<void>>& waiting)
{
    if (waiting.wait_for(patience) != std::future_status::ready) throw std::runtime_error("no answer came");
    auto const r = waiting.get();
    return r ? errc::ok : base::to_errc(r.error());
}

} // namespace rendezvous::store_tests
