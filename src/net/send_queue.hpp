#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace rendezvous::net {

/// What one WebSocket has still to write, counted in bytes, the message being written included;
/// replayed messages are not counted, because the ring they come from is bounded by itself.
/// Texts are shared, not copied. Knows no socket.
class send_queue {
public:
    using text = std::shared_ptr<std::string const>;

    explicit send_queue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// False, and nothing queued, if it would not fit.
    bool push(text message)
    {
        if (message->size() > bytes_max_ - bytes_) return false;
        bytes_ += message->size();
        waiting_.push_back({std::move(message), true});
        return true;
    }

    /// Queues a replayed message, which always fits.
    void push_replay(text message) { waiting_.push_back({std::move(message), false}); }

    /// The next message to write, which stays the front until `pop`.
    std::string const& front() const { return *waiting_.front().message; }

    /// The front has been written.
    void pop()
    {
        bytes_ -= waiting_.front().bytes();
        waiting_.pop_front();
    }

    /// Drops all but the front, which may be in the hands of the kernel.
    void drop_waiting()
    {
        while (waiting_.size() > 1) {
            bytes_ -= waiting_.back().bytes();
            waiting_.pop_back();
        }
    }

    bool empty() const noexcept { return waiting_.empty(); }
    std::size_t bytes() const noexcept { return bytes_; }

private:
    struct entry {
        text message;
        bool counted = true;
        std::size_t bytes() const { return counted ? message->size() : 0; }
    };

    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::deque<entry> waiting_;
};

} // namespace rendezvous::net
