#pragma once

#include "rendezvous/store/store_thread.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace rendezvous::store {

using read_job = store_thread::read_job;

/// A read that is small enough for one slice.
template <class T>
class single_read final : public read_job {
public:
    single_read(std::function<result<T>(backend&)> work, service::completion<T> done)
        : work_(std::move(work)),
          done_(std::move(done))
    {}
    bool step(backend& records) override
    {
        done_(work_(records));
        return true;
    }
    void refuse(base::errc why) override { done_(why); }

private:
    std::function<result<T>(backend&)> work_;
    service::completion<T> done_;
};

template <class T, class Work>
std::unique_ptr<read_job> make_single(service::completion<T> done, Work work)
{
    return std::make_unique<single_read<T>>(std::move(work), std::move(done));
}

std::unique_ptr<read_job> make_list(
    service::call_filter filter, service::completion<service::page<call::call_record>> done);
std::unique_ptr<read_job> make_list(
    service::appointment_filter filter, service::completion<service::page<service::appointment_row>> done);
std::unique_ptr<read_job> make_list(
    service::audit_filter filter, service::completion<service::page<service::audit_row>> done);
std::unique_ptr<read_job> make_open_rooms(service::completion<std::vector<base::appointment_id>> done);
std::unique_ptr<read_job> make_events(base::call_id id, service::completion<std::vector<service::call_event_row>> done);
std::unique_ptr<read_job> make_verify(chain_kind chain, service::completion<chain_report> done);
std::unique_ptr<read_job> make_backup(std::filesystem::path target, service::completion<void> done);

} // namespace rendezvous::store
