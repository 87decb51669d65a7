#include "rendezvous/outbound/curl_client.hpp"

#include "rendezvous/base/log.hpp"
#include "rendezvous/outbound/target.hpp"
#include "transfer.hpp"

#include <csignal>
#include <pthread.h>
#include <stdexcept>

namespace rendezvous::outbound {
namespace {

using base::errc;

constexpr int poll_ms_max = 1'000;

/// Once in the program's life; before anything of libcurl is used.
void init_curl()
{
    static auto const ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (ready != CURLE_OK) throw std::runtime_error("libcurl does not start");
}

} // namespace

curl_client::curl_client(curl_options options) : options_(std::move(options)), multi_((init_curl(), curl_multi_init()))
{
    if (!multi_) throw std::runtime_error("libcurl does not start");
    thread_ = std::thread([this] { run(); });
}

curl_client::~curl_client()
{
    {
        std::lock_guard const lock(guard_);
        stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    curl_multi_cleanup(multi_);
}

void curl_client::send(service::http_ask ask, service::completion<service::http_answer> done)
{
    {
        std::lock_guard const lock(guard_);
        if (stopping_ || waiting_.size() >= options_.queue_max)
            refused_.push_back(std::move(done));
        else
            waiting_.push_back({std::move(ask), std::move(done)});
    }
    curl_multi_wakeup(multi_);
}

void curl_client::run()
{
    sigset_t all;
    sigfillset(&all); // signals are for the thread that waits for them
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), "rdv-outbound");
    while (take_waiting()) {
        int running = 0;
        curl_multi_perform(multi_, &running);
        collect();
        curl_multi_poll(multi_, nullptr, 0, poll_ms_max, nullptr);
    }
    for (auto& [handle, job] : under_way_) {
        curl_multi_remove_handle(multi_, handle);
        job->refuse(errc::connector_unavailable);
    }
    under_way_.clear();
}

/// Begins what there is room for and refuses what there is none for; false when it is time to end.
bool curl_client::take_waiting()
{
    std::unique_lock lock(guard_);
    auto const refused = std::exchange(refused_, {});
    std::vector<waiting> jobs;
    bool const stopping = stopping_;
    while (!waiting_.empty() && (stopping || under_way_.size() + jobs.size() < options_.in_flight_max)) {
        jobs.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    lock.unlock();
    for (auto const& done : refused) done(errc::connector_unavailable);
    for (auto& job : jobs) {
        if (stopping)
            job.done(errc::connector_unavailable);
        else
            begin(std::move(job));
    }
    return !stopping;
}

void curl_client::begin(waiting job)
{
    auto to = check_target(job.ask.url, job.ask.private_hosts);
    if (!to) return job.done(base::to_errc(to.error()));
    auto one = std::make_unique<transfer>(std::move(job.ask), std::move(*to), std::move(job.done), options_);
    auto* const handle = one->handle();
    if (curl_multi_add_handle(multi_, handle) != CURLM_OK) return one->refuse(errc::connector_unavailable);
    under_way_.emplace(handle, std::move(one));
}

void curl_client::collect()
{
    int left = 0;
    while (auto const* const message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        auto* const handle = message->easy_handle;
        auto const how = message->data.result; // gone once the handle is taken out
        auto const found = under_way_.find(handle);
        auto const one = std::move(found->second);
        under_way_.erase(found);
        curl_multi_remove_handle(multi_, handle);
        one->finish(how);
    }
}

} // namespace rendezvous::outbound
