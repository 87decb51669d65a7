#pragma once

#include "rendezvous/base/limits.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace rendezvous::net {

/// The numbered messages of one session that its client has not confirmed, as they were sent
/// (XEP-0198 counts alike). Beyond its limits it forgets the oldest: the session goes on, and
/// cannot be resumed from before them. Texts are shared with the send queue. Knows no socket.
class resume_ring {
public:
    using text = std::shared_ptr<std::string const>;

    /// The number of the newest message; the next one gets one more.
    std::uint64_t last_seq() const noexcept { return last_seq_; }
    std::size_t bytes() const noexcept { return bytes_; }
    std::size_t size() const noexcept { return kept_.size(); }

    /// Keeps message `last_seq() + 1`. `rev` is that of a room event, else 0. False if others had to
    /// be forgotten for it.
    bool push(text message, std::uint64_t rev)
    {
        ++last_seq_;
        bytes_ += message->size();
        kept_.push_back({std::move(message), rev});
        bool const fits = kept_.size() <= base::limits::ring_messages_max && bytes_ <= base::limits::ring_bytes_max;
        while (kept_.size() > base::limits::ring_messages_max || bytes_ > base::limits::ring_bytes_max) drop_oldest();
        return fits;
    }

    /// The client has all up to `seq`. Numbers never sent are ignored.
    void confirm(std::uint64_t seq)
    {
        if (seq > last_seq_) return;
        while (!kept_.empty() && first_seq() <= seq) drop_oldest();
        if (kept_.empty()) kept_.shrink_to_fit();
    }

    /// Nothing behind `seq` has been forgotten, and `seq` is not ahead of what was sent.
    bool reaches_back_to(std::uint64_t seq) const noexcept { return seq <= last_seq_ && seq + 1 >= first_seq(); }

    /// All messages behind `seq`, in order. Precondition: reaches_back_to(seq).
    std::vector<text> after(std::uint64_t seq) const
    {
        std::vector<text> out;
        for (std::size_t i = seq + 1 - first_seq(); i < kept_.size(); ++i) out.push_back(kept_[i].message);
        return out;
    }

    /// The `rev` that the room had for a client that has seen `seq`: one before that of the first
    /// room event behind it, or `now` without one.
    std::uint64_t rev_at(std::uint64_t seq, std::uint64_t now) const
    {
        for (std::size_t i = seq + 1 - first_seq(); i < kept_.size(); ++i)
            if (kept_[i].rev > 0) return kept_[i].rev - 1;
        return now;
    }

    /// Forgets all messages: whoever misses one cannot resume.
    void forget()
    {
        std::deque<entry>().swap(kept_);
        bytes_ = 0;
    }

private:
    struct entry {
        text message;
        std::uint64_t rev = 0;
    };

    std::uint64_t first_seq() const noexcept { return last_seq_ + 1 - kept_.size(); }

    void drop_oldest()
    {
        bytes_ -= kept_.front().message->size();
        kept_.pop_front();
    }

    std::deque<entry> kept_;
    std::uint64_t last_seq_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace rendezvous::net
