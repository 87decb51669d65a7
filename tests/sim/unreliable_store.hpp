#pragma once

#include "rendezvous/call/policy.hpp"
#include "rendezvous/service/ports.hpp"

#include <deque>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

namespace rendezvous::sim {

/// A store that answers late and sometimes not at all, as disks do. What it has accepted is the
/// history that everything told is checked against. It refuses, by exception, what the database's
/// own constraints would refuse: the domain must never ask for it.
class unreliable_store final : public service::call_store, public service::call_reader {
public:
    void set_failing(bool failing) { failing_ = failing; }
    bool idle() const { return pending_.empty(); }
    /// Answers the oldest request.
    void answer_one()
    {
        if (pending_.empty()) return;
        auto const next = std::move(pending_.front());
        pending_.pop_front();
        next.answer();
    }

    /// The process dies. Of what waits, the first `committed` writes reach the disk, and nobody hears
    /// of it any more.
    void crash(std::size_t committed)
    {
        for (auto& each : pending_)
            if (committed > 0 && each.write && !failing_) each.write(), --committed;
        pending_.clear();
    }
    std::size_t waiting() const { return pending_.size(); }

    void append(std::vector<call::fact> facts, service::completion<void> done) override
    {
        auto const write = [this, facts = std::move(facts)] {
            for (auto const& f : facts) keep(f);
        };
        auto const answer = [this, write, done = std::move(done)] {
            if (failing_) return done(base::errc::store_unavailable);
            write();
            done({});
        };
        pending_.push_back({answer, write});
    }

    void load_room(base::appointment_id id, service::completion<call::room_record> done) override
    {
        auto const answer = [this, id, done = std::move(done)] {
            if (failing_) return done(base::errc::store_unavailable);
            done(records[id]);
        };
        pending_.push_back({answer, nullptr});
    }

    void open_rooms(service::completion<std::vector<base::appointment_id>> done) override
    {
        done(base::errc::internal);
    }
    void unjudged(base::utc_time, std::size_t, service::completion<std::vector<base::appointment_id>> done) override
    {
        done(base::errc::internal);
    }
    void list_calls(service::call_filter, service::completion<service::page<call::call_record>> done) override
    {
        done(base::errc::internal);
    }
    void get_call(base::call_id, service::completion<call::call_record> done) override { done(base::errc::internal); }
    void list_call_events(base::call_id, service::completion<std::vector<service::call_event_row>> done) override
    {
        done(base::errc::internal);
    }
    void list_appointments(
        service::appointment_filter, service::completion<service::page<service::appointment_row>> done) override
    {
        done(base::errc::internal);
    }

    std::map<base::appointment_id, call::room_record> records;
    std::map<base::call_id, base::appointment_id> room_of;
    std::set<std::string> carried_out; ///< names of commands
    std::size_t calls_started = 0;
    std::size_t calls_ended = 0;

private:
    call::room_record& record_of(base::call_id const& id)
    {
        auto& record = records.at(room_of.at(id));
        if (!record.newest || record.newest->id != id)
            throw std::logic_error("a fact of a call that is not the newest");
        return record;
    }

    void keep(call::fact const& f)
    {
        if (auto const* put = std::get_if<call::facts::appointment_put>(&f)) {
            call::apply(records[put->value.id], f);
        } else if (auto const* status = std::get_if<call::facts::appointment_status_set>(&f)) {
            call::apply(records.at(status->id), f);
        } else if (auto const* came = std::get_if<call::facts::attendance_noted>(&f)) {
            call::apply(records.at(came->id), f);
        } else if (auto const* judged = std::get_if<call::facts::appointment_judged>(&f)) {
            if (records.at(judged->id).attendance.judged_at) throw std::logic_error("an appointment judged twice");
            call::apply(records.at(judged->id), f);
        } else if (auto const* started = std::get_if<call::facts::call_started>(&f)) {
            auto& record = records.at(*started->call.appointment);
            if (call::open_call(record)) throw std::logic_error("a second open call in one appointment");
            room_of[started->call.id] = *started->call.appointment;
            call::apply(record, f);
            ++calls_started;
        } else if (auto const* taken = std::get_if<call::facts::seat_taken>(&f)) {
            auto& record = record_of(taken->call);
            if (!call::open_call(record)) throw std::logic_error("a seat in an ended call");
            if (taken->taken.order != call::next_order(*record.newest)) throw std::logic_error("an order out of turn");
            call::apply(record, f);
        } else if (auto const* left = std::get_if<call::facts::seat_left>(&f)) {
            auto& record = record_of(left->call);
            if (!call::held_seat(*record.newest, left->participant)) throw std::logic_error("leaving without a seat");
            call::apply(record, f);
        } else if (auto const* ended = std::get_if<call::facts::call_ended>(&f)) {
            auto& record = record_of(ended->call);
            if (!call::open_call(record)) throw std::logic_error("an end after the end");
            if (ended->duration.count() < 0 || ended->billable > ended->duration)
                throw std::logic_error("an impossible duration");
            call::apply(record, f);
            ++calls_ended;
        } else if (auto const* connected = std::get_if<call::facts::call_connected>(&f)) {
            if (records.at(room_of.at(connected->call)).newest->id == connected->call)
                call::apply(record_of(connected->call), f);
        } else if (auto const* alive = std::get_if<call::facts::call_alive>(&f)) {
            if (records.at(room_of.at(alive->call)).newest->id == alive->call) call::apply(record_of(alive->call), f);
        } else if (auto const* done = std::get_if<call::facts::command_carried_out>(&f)) {
            if (!carried_out.insert(done->what.key.name).second)
                throw std::logic_error("one command carried out twice");
            call::apply(records.at(done->appointment), f);
        }
    }

    struct request {
        std::function<void()> answer;
        std::function<void()> write; ///< of an append: what reaches the disk
    };

    std::deque<request> pending_;
    bool failing_ = false;
};

} // namespace rendezvous::sim
