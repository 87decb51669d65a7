#include "rendezvous/service/shards.hpp"

#include "rendezvous/base/log.hpp"

#include <boost/asio/post.hpp>

#include <exception>
#include <utility>

namespace rendezvous::service {
namespace {

/// Which loop this thread runs; a thread runs at most one in its life.
thread_local shards const* owner_here = nullptr;
thread_local std::size_t index_here = 0;

} // namespace

shards::shards(std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i) all_.push_back(std::make_unique<shard>());
}

shards::~shards()
{
    stop();
    for (auto& thread : threads_)
        if (thread.joinable()) thread.join();
    // What waits for one shard may own sockets of another, and a socket may not outlive its
    // context: no context ends before all of it is let go.
    for (bool some = true; some;) {
        some = false;
        for (auto& s : all_) {
            auto const unread = std::exchange(s->mailbox, {});
            some = some || !unread.empty();
        }
    }
}

std::size_t shards::owner_of(std::string_view key) const noexcept
{
    return std::hash<std::string_view>{}(key) % all_.size();
}

std::size_t shards::current() const noexcept
{
    return owner_here == this ? index_here : all_.size();
}

void shards::dispatch(std::size_t index, job work)
{
    if (current() == index)
        work();
    else
        post(index, std::move(work));
}

void shards::post(std::size_t index, job work)
{
    auto& target = *all_[index];
    bool first = false;
    {
        std::lock_guard const lock(target.mailbox_guard);
        first = target.mailbox.empty();
        target.mailbox.push_back(std::move(work));
    }
    if (first) boost::asio::post(target.context, [this, index] { drain(index); });
}

void shards::drain(std::size_t index)
{
    auto& mine = *all_[index];
    std::vector<job> batch;
    {
        std::lock_guard const lock(mine.mailbox_guard);
        batch.swap(mine.mailbox);
    }
    for (auto& work : batch) work();
}

void shards::run_one(std::size_t index)
{
    owner_here = this;
    index_here = index;
    // The root of everything on this thread: an exception here is a bug, ends what it was thrown
    // in and must not take the calls of all others along.
    while (!all_[index]->context.stopped()) {
        try {
            all_[index]->context.run();
        } catch (std::exception const& e) {
            base::log::error("shard_exception", {{"shard", std::uint64_t{index}}, {"what", e.what()}});
        }
    }
}

void shards::run()
{
    for (std::size_t i = 1; i < all_.size(); ++i) threads_.emplace_back([this, i] { run_one(i); });
    run_one(0);
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

void shards::stop()
{
    for (auto& s : all_) {
        s->work.reset();
        s->context.stop();
    }
}

} // namespace rendezvous::service
