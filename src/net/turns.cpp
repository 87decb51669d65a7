#include "turns.hpp"

#include "rendezvous/base/metrics.hpp"

#include <boost/asio/post.hpp>

namespace rendezvous::net {

namespace metrics = base::metrics;

turns::turns(boost::asio::io_context& shard, deadline_wheel& wheel, std::uint32_t newcomers_per_s)
    : shard_(shard),
      wheel_(wheel),
      rate_per_s_(newcomers_per_s),
      rate_(newcomers_per_s, newcomers_per_s),
      pause_(wheel, [this] { wake(); })
{}

void turns::newcomer(std::uint32_t debt, job serve)
{
    newcomers_.emplace(std::pair{debt, next_place_--}, std::move(serve));
    wake();
}

void turns::pipelined(std::uint32_t debt, job serve)
{
    pipelined_.emplace(std::pair{debt, next_place_--}, std::move(serve));
    wake();
}

void turns::set_rate(std::uint32_t newcomers_per_s)
{
    if (newcomers_per_s == rate_per_s_) return;
    rate_per_s_ = newcomers_per_s;
    rate_ = token_bucket(newcomers_per_s, newcomers_per_s);
}

void turns::clear()
{
    pause_.disarm();
    // A job may hold the last reference to a connection that looks at us when it goes.
    auto const newcomers = std::exchange(newcomers_, {});
    auto const pipelined = std::exchange(pipelined_, {});
}

void turns::wake()
{
    if (std::exchange(awake_, true)) return;
    pause_.disarm();
    // Not from within what called: what is ready on this shard comes first.
    boost::asio::post(shard_, [this] { step(); });
}

void turns::step()
{
    awake_ = false;
    bool const newcomer = may_take_newcomer();
    if (newcomer) serve_first(newcomers_);
    if (!pipelined_.empty()) serve_first(pipelined_);
    if (!pipelined_.empty() || (newcomer && !newcomers_.empty())) return wake();
    if (newcomers_.empty()) return;
    metrics::accept_pauses.add(metrics::accept_pause::rate);
    pause_.arm(base::milliseconds{0});
}

bool turns::may_take_newcomer()
{
    if (newcomers_.empty()) return false;
    auto const debt = newcomers_.begin()->first.first;
    auto const kept = debt < debt_small ? 0 : debt < debt_large ? rate_per_s_ / 4 : rate_per_s_ / 2;
    return rate_.take(wheel_.now(), kept);
}

void turns::serve_first(queue& from)
{
    auto const serve = std::move(from.begin()->second);
    from.erase(from.begin());
    serve();
}

} // namespace rendezvous::net
