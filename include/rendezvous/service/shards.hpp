#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

namespace rendezvous::service {

/// One thread with one `io_context` each; every room, session and connection lives on exactly one
/// and is touched by that one only. `post` is the single crossing of the house: commands for
/// another shard are collected and handed over in batches, one wake-up for many.
/// See docs/adr/0001-concurrency.md.
class shards {
public:
    using job = std::function<void()>;

    explicit shards(std::size_t count);
    ~shards();
    shards(shards const&) = delete;
    shards& operator=(shards const&) = delete;

    std::size_t count() const noexcept { return all_.size(); }
    boost::asio::io_context& context(std::size_t index) noexcept { return all_[index]->context; }

    /// Where the room or user with that key lives. Stable within one process.
    std::size_t owner_of(std::string_view key) const noexcept;

    /// Runs `work` on shard `index`: at once when called there, otherwise soon, in order of
    /// posting per sender. Thread: any.
    void dispatch(std::size_t index, job work);
    /// Like dispatch, but never at once. Thread: any.
    void post(std::size_t index, job work);

    /// The shard the calling thread is, or count() for foreign threads.
    std::size_t current() const noexcept;

    /// Runs shard 0 on the calling thread and the others on their own until `stop`.
    void run();
    /// Ends all loops. Thread: any.
    void stop();

private:
    struct shard {
        boost::asio::io_context context{1};
        boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
        std::mutex mailbox_guard;
        std::vector<job> mailbox;
    };

    void drain(std::size_t index);
    void run_one(std::size_t index);

    std::vector<std::unique_ptr<shard>> all_;
    std::vector<std::thread> threads_;
};

} // namespace rendezvous::service
