#pragma once
// What the tests of the store share: a scratch folder, small builders of facts, and a way to wait
// for an answer.

#include "rendezvous/store/open.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rendezvous::store_tests {

namespace facts = call::facts;
using base::errc;
using base::result;

/// Long enough for a slow machine; a test that gets here has failed.
inline constexpr std::chrono::seconds patience{30};

/// Starts something that answers once, and waits for the answer.
template <class T, class Start>
result<T> ask(Start start)
{
    auto const answer = std::make_shared<std::promise<result<T>>>();
    auto waiting = answer->get_future();
    start([answer](result<T> r) { answer->set_value(std::move(r)); });
    if (waiting.wait_for(patience) != std::future_status::ready) throw std::runtime_error("no answer came");
    return waiting.get();
}

/// A folder of its own, gone at the end.
class scratch_folder {
public:
    scratch_folder()
    {
        auto name = (std::filesystem::temp_directory_path() / "rendezvous-store-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp failed");
        path_ = name;
    }
    scratch_folder(scratch_folder const&) = delete;
    scratch_folder& operator=(scratch_folder const&) = delete;
    ~scratch_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::filesystem::path const& path() const { return path_; }

private:
    std::filesystem::path path_;
};

inline std::filesystem::path migrations()
{
    return std::filesystem::path(RENDEZVOUS_SOURCE_DIR) / "migrations";
}

inline base::utc_time at(std::int64_t seconds)
{
    return base::from_ms(1'800'000'000'000 + 1'000 * seconds);
}

/// The boot clock at second `seconds`: another one, so that the two cannot be swapped.
inline base::boot_time boot(std::int64_t seconds)
{
    return base::boot_time{1'000'000 + 1'000 * seconds};
}

/// A clock that stands still at second 0 until a test moves it; read by several threads.
class shared_clock final : public base::clock {
public:
    base::instant now() const override
    {
        auto const passed = passed_ms_.load();
        return {at(0) + base::milliseconds{passed}, boot(0) + base::milliseconds{passed}};
    }
    void advance(std::int64_t ms) { passed_ms_ += ms; }

private:
    std::atomic<std::int64_t> passed_ms_{0};
};

/// A UUID that sorts by `n`.
inline std::string uuid(unsigned n)
{
    auto digits = std::to_string(n);
    digits.insert(0, 12 - digits.size(), '0');
    return "01900000-0000-7000-8000-" + digits;
}
inline base::call_id call_no(unsigned n)
{
    return base::call_id{uuid(n)};
}
/// The participant ids of `appointment_of`: 100000 + number for the doctor, 200000 + number for the patient.
inline base::participant_id doctor_of(unsigned n)
{
    return base::participant_id{uuid(100'000 + n)};
}
inline base::participant_id patient_of(unsigned n)
{
    return base::participant_id{uuid(200'000 + n)};
}
inline base::appointment_id appointment_no(unsigned n)
{
    return base::appointment_id{std::to_string(n).insert(0, 1, 'a')};
}

/// Appointment `n`: one doctor ("dr") and one patient ("pat<n>"), starting at second 100 * n.
inline call::appointment appointment_of(unsigned n)
{
    call::appointment a;
    a.id = appointment_no(n);
    a.start = at(100 * n);
    a.end = a.start + base::milliseconds{1'200'000};
    a.opens_at = a.start - call::window_before;
    a.closes_at = a.end + call::window_after;
    a.members = {{doctor_of(n), base::user_id{"dr"}, call::role::doctor, "Dr. Pop", "ro"},
        {patient_of(n), base::user_id{std::to_string(n).insert(0, "pat")}, call::role::patient, "Ana", std::nullopt}};
    return a;
}

inline call::seat seat_of(call::member const& m, unsigned order, base::utc_time when)
{
    return {m.id, m.user, m.role, m.name, order, call::seat_state::joined, when, {}, {}, "hash-of-" + m.name};
}

/// Call `n` of appointment `in`, started by its patient at second `when`.
inline facts::call_started started(unsigned n, unsigned in, std::int64_t when)
{
    auto const patient = appointment_of(in).members[1];
    call::call_record c;
    c.id = call_no(n);
    c.appointment = appointment_no(in);
    c.started_by = patient.id;
    c.started_by_user = patient.user;
    c.created_at = at(when);
    c.last_alive_at = at(when);
    c.seats = {seat_of(patient, 1, at(when))};
    return {c};
}

/// The doctor answers.
inline facts::seat_taken answered(unsigned n, unsigned in, std::int64_t when)
{
    return {call_no(n), seat_of(appointment_of(in).members[0], 2, at(when)), {}, call::leave_reason::replaced, true,
        boot(when)};
}

inline facts::call_ended ended(unsigned n, std::int64_t when, call::end_reason why = call::end_reason::completed)
{
    return {call_no(n), why, at(when), base::milliseconds{9'000}, base::milliseconds{8'000}, {}};
}

/// The ports of one store, answered at once.
struct asking {
    store::store_thread& to;

    errc append(std::vector<call::fact> all) const
    {
        auto const stored = ask<void>([&](auto done) { to.append(std::move(all), done); });
        return stored ? errc::ok : base::to_errc(stored.error());
    }
    call::room_record room(unsigned n) const
    {
        return ask<call::room_record>([&](auto done) { to.load_room(appointment_no(n), done); }).value();
    }
    result<call::call_record> call(unsigned n) const
    {
        return ask<call::call_record>([&](auto done) { to.get_call(call_no(n), done); });
    }
    std::vector<service::call_event_row> events(unsigned n) const
    {
        return ask<std::vector<service::call_event_row>>([&](auto done) {
            to.list_call_events(call_no(n), done);
        }).value();
    }
    result<service::page<call::call_record>> calls(service::call_filter filter) const
    {
        return ask<service::page<call::call_record>>([&](auto done) { to.list_calls(std::move(filter), done); });
    }
    result<service::page<service::appointment_row>> appointments(service::appointment_filter filter) const
    {
        return ask<service::page<service::appointment_row>>(
            [&](auto done) { to.list_appointments(std::move(filter), done); });
    }
    store::chain_report chain() const
    {
        return ask<store::chain_report>([&](auto done) { to.verify_chain(done); }).value();
    }
};

} // namespace rendezvous::store_tests
