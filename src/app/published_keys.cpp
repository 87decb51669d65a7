#include "published_keys.hpp"

#include "rendezvous/auth/jwks.hpp"
#include "rendezvous/base/log.hpp"

#include <algorithm>
#include <utility>

namespace rendezvous::app {
namespace {

/// `host:port` as the address writes it: the operator has named it, so it may be a private one.
std::string authority_of(std::string_view url)
{
    auto const begin = url.find("://") + 3;
    return std::string(url.substr(begin, url.find_first_of("/?#", begin) - begin));
}

} // namespace

published_keys::published_keys(service::http_client& out, base::clock const& clock, user use)
    : out_(out),
      clock_(clock),
      use_(std::move(use))
{}

published_keys::followed* published_keys::find(std::string_view issuer, std::string_view url)
{
    auto const found = std::find_if(followed_.begin(), followed_.end(),
        [&](followed const& one) { return one.from.issuer == issuer && (url.empty() || one.from.url == url); });
    return found == followed_.end() ? nullptr : &*found;
}

void published_keys::take_over(std::vector<source> sources, auth::token_verifier fresh)
{
    std::vector<std::function<void()>> left_behind;
    {
        std::lock_guard const lock(guard_);
        std::vector<followed> next;
        for (auto& from : sources) {
            auto* const known = find(from.issuer, from.url);
            if (known && known->from == from)
                next.push_back(std::exchange(*known, followed{}));
            else
                next.push_back({std::move(from), {}, {}, {}, {}, false, {}});
        }
        for (auto& gone : followed_)
            for (auto& then : gone.waiting) left_behind.push_back(std::move(then));
        followed_ = std::move(next);
        verifier_ = std::move(fresh);
        for (auto const& one : followed_) verifier_ = verifier_->with_keys(one.from.issuer, one.keys);
        use();
    }
    for (auto const& then : left_behind) then();
}

void published_keys::use()
{
    use_(*verifier_);
}

service::http_ask published_keys::begin(followed& one, base::boot_time now)
{
    one.asking = true;
    one.asked_at = now;
    service::http_ask ask;
    ask.url = one.from.url;
    ask.headers = {{"Accept", "application/jwk-set+json, application/json"}};
    ask.timeout = fetch_timeout;
    ask.body_bytes_max = auth::jwks_bytes_max;
    ask.private_hosts = {authority_of(one.from.url)};
    return ask;
}

void published_keys::fetch(source from, service::http_ask ask)
{
    auto const answered = [this, from = std::move(from)](
                              base::result<service::http_answer> got) { on_answer(from, std::move(got)); };
    out_.send(std::move(ask), answered);
}

void published_keys::on_time()
{
    std::vector<std::pair<source, service::http_ask>> due;
    {
        std::lock_guard const lock(guard_);
        auto const now = clock_.now().boot;
        for (auto& one : followed_) {
            if (!one.asking && (!one.asked_at || now >= one.due_at)) due.emplace_back(one.from, begin(one, now));
            if (!one.good_at || now - *one.good_at < kept_for) continue;
            base::log::error("issuer_keys_forgotten", {{"issuer", one.from.issuer}});
            one.keys.clear();
            one.good_at.reset();
            verifier_ = verifier_->with_keys(one.from.issuer, {});
            use();
        }
    }
    for (auto& [from, ask] : due) fetch(std::move(from), std::move(ask));
}

bool published_keys::await(std::string_view issuer, std::function<void()> then)
{
    std::optional<std::pair<source, service::http_ask>> due;
    {
        std::lock_guard const lock(guard_);
        auto* const one = find(issuer);
        auto const now = clock_.now().boot;
        if (!one || one->waiting.size() >= waiting_max) return false;
        if (!one->asking && one->asked_at && now - *one->asked_at < ask_again_after) return false;
        if (!one->asking) due.emplace(one->from, begin(*one, now));
        one->waiting.push_back(std::move(then));
    }
    if (due) fetch(std::move(due->first), std::move(due->second));
    return true;
}

void published_keys::on_answer(source const& from, base::result<service::http_answer> got)
{
    std::vector<std::function<void()>> waiting;
    {
        std::lock_guard const lock(guard_);
        auto* const one = find(from.issuer, from.url);
        if (!one) return; // no longer followed
        one->asking = false;
        judge(*one, got, clock_.now().boot);
        waiting = std::move(one->waiting);
        one->waiting.clear();
    }
    for (auto const& then : waiting) then();
}

/// What is no set of keys is like no answer: the keys of before stay.
void published_keys::judge(followed& one, base::result<service::http_answer> const& got, base::boot_time now)
{
    auto const failed = [&](std::string const& why) {
        one.due_at = now + ask_again_after;
        base::log::warn("issuer_keys_unavailable", {{"issuer", one.from.issuer}, {"reason", why}});
    };
    if (!got) return failed(got.error().message());
    if (got->status != 200) return failed("status " + std::to_string(got->status));
    auto set = auth::parse_jwks(got->body, one.from.wanted);
    if (!set) return failed("no set of keys: " + set.error().message());
    if (set->keys.empty()) return failed("none of the keys is one for our algorithms");
    one.keys = std::move(set->keys);
    one.good_at = now;
    one.due_at = now + refresh_every;
    verifier_ = verifier_->with_keys(one.from.issuer, one.keys);
    use();
    base::log::info("issuer_keys", {{"issuer", one.from.issuer}, {"keys", std::uint64_t{one.keys.size()}},
                                       {"skipped", std::uint64_t{set->skipped}}});
}

} // namespace rendezvous::app
