#include "read_jobs.hpp"
#include "rendezvous/base/log.hpp"

#include <utility>

// The account and the rights of a person: what the ports ask of the store's thread.

namespace rendezvous::store {
namespace {

using base::errc;
using service::completion;

constexpr std::size_t slice_rows = 100;
constexpr std::size_t entries_per_transaction = 1'024;

/// Collects everything about one person, one slice after the other.
class export_read final : public read_job {
public:
    export_read(base::user_id user, completion<service::subject_record> done) : done_(std::move(done))
    {
        out_.user = std::move(user);
    }

    bool step(backend& records) override
    {
        auto const& user = out_.user;
        switch (part_) {
        case 0:
            return take(out_.participations, records.participations_of(user, out_.participations.size(), slice_rows));
        case 1: return take(out_.calls, records.calls_of(user, out_.calls.size(), slice_rows));
        case 2: return take(out_.invites, records.invites_of(user, out_.invites.size(), slice_rows));
        default: return take_audit(records);
        }
    }
    void refuse(errc why) override { done_(why); }

private:
    template <class T>
    bool take(std::vector<T>& into, result<std::vector<T>> found)
    {
        if (!found) return answer(found.error());
        bool const more = found->size() == slice_rows;
        std::move(found->begin(), found->end(), std::back_inserter(into));
        bool const full = into.size() >= service::subject_rows_max;
        out_.truncated = out_.truncated || (more && full);
        if (!more || full) ++part_;
        return false;
    }
    bool take_audit(backend& records)
    {
        service::audit_filter filter;
        filter.subject = out_.user;
        auto found = records.list_audit(filter, place_, slice_rows);
        if (!found) return answer(found.error());
        for (auto& row : found->rows) {
            // Whoever it was is another person.
            if (row.actor_user && *row.actor_user != out_.user) row.actor_user.reset();
            out_.audit.push_back(std::move(row));
        }
        place_ = found->resume;
        bool const full = out_.audit.size() >= service::subject_rows_max;
        out_.truncated = out_.truncated || (place_ && full);
        if (place_ && !full) return false;
        bool const nothing =
            out_.participations.empty() && out_.calls.empty() && out_.invites.empty() && out_.audit.empty();
        if (nothing) return answer(errc::not_found);
        return answer(std::move(out_));
    }
    bool answer(result<service::subject_record> with)
    {
        done_(std::move(with));
        return true;
    }

    completion<service::subject_record> done_;
    service::subject_record out_;
    int part_ = 0;
    std::optional<list_key> place_;
};

class appointments_read final : public read_job {
public:
    appointments_read(base::user_id user, completion<std::vector<base::appointment_id>> done)
        : user_(std::move(user)),
          done_(std::move(done))
    {}
    bool step(backend& records) override
    {
        auto const found = records.participations_of(user_, seen_, slice_rows);
        if (!found) return answer(found.error());
        seen_ += found->size();
        for (auto const& each : *found)
            if (!each.removed_at) out_.push_back(each.appointment);
        if (found->size() == slice_rows && seen_ < service::subject_rows_max) return false;
        return answer(std::move(out_));
    }
    void refuse(errc why) override { done_(why); }

private:
    bool answer(result<std::vector<base::appointment_id>> with)
    {
        done_(std::move(with));
        return true;
    }

    base::user_id user_;
    completion<std::vector<base::appointment_id>> done_;
    std::size_t seen_ = 0;
    std::vector<base::appointment_id> out_;
};

/// Cleans the files of what an erased person has left in them.
class scrub_read final : public read_job {
public:
    /// What cannot be cleaned away now goes to `owed`.
    scrub_read(std::vector<std::string> needles, std::vector<std::string>& owed, service::erasure_report report,
        completion<service::erasure_report> done)
        : needles_(std::move(needles)),
          owed_(owed),
          report_(std::move(report)),
          done_(std::move(done))
    {}
    bool step(backend& records) override
    {
        if (!job_) {
            auto begun = records.start_scrub(needles_);
            if (!begun) return answer(begun.error());
            job_ = std::move(*begun);
        }
        auto const clean = job_->step();
        if (!clean) return answer(clean.error());
        if (!*clean) return false;
        report_.file_rewritten = job_->rewritten();
        return answer(std::move(report_));
    }
    void refuse(errc why) override { answer(why); }

private:
    bool answer(result<service::erasure_report> with)
    {
        if (!with) {
            base::log::error("erasure_unfinished", {{"problem", with.error().message()}});
            owed_.insert(owed_.end(), needles_.begin(), needles_.end());
        }
        done_(std::move(with));
        return true;
    }

    std::vector<std::string> needles_;
    std::vector<std::string>& owed_;
    service::erasure_report report_;
    completion<service::erasure_report> done_;
    std::unique_ptr<scrub_job> job_;
};

} // namespace

void store_thread::record(service::audit_entry what)
{
    {
        std::lock_guard const lock(guard_);
        audit_.add(std::move(what), clock_.now().boot);
    }
    changed_.notify_one();
}

bool store_thread::audit_due() const
{
    return audit_.due(clock_.now().boot) || (stopping_ && !audit_.empty());
}

std::vector<service::audit_entry> store_thread::take_audit()
{
    std::lock_guard const lock(guard_);
    return audit_.take(entries_per_transaction, clock_.now());
}

/// In a part of its own, before the others' writes. False if the transaction as a whole is lost.
bool store_thread::write_audit(std::vector<service::audit_entry> const& entries)
{
    if (entries.empty()) return true;
    bool broken = false;
    write_job job{{}, {}, {}};
    job.work = [&entries](backend& records) -> result<void> {
        for (auto const& each : entries)
            if (auto stored = records.add_audit(each); !stored) return stored;
        return {};
    };
    auto const stored = write_part(job, broken);
    if (!broken && !stored)
        base::log::error(
            "audit_lost", {{"entries", std::uint64_t{entries.size()}}, {"problem", stored.error().message()}});
    return !broken;
}

void store_thread::list_audit(service::audit_filter filter, completion<service::page<service::audit_row>> done)
{
    {
        std::lock_guard const lock(guard_);
        audit_.hurry();
    }
    push_read(make_list(std::move(filter), std::move(done)));
}

void store_thread::export_subject(base::user_id user, completion<service::subject_record> done)
{
    {
        std::lock_guard const lock(guard_);
        audit_.hurry();
    }
    push_read(std::make_unique<export_read>(std::move(user), std::move(done)));
}

void store_thread::appointments_of(base::user_id user, completion<std::vector<base::appointment_id>> done)
{
    push_read(std::make_unique<appointments_read>(std::move(user), std::move(done)));
}

void store_thread::erase_subject(
    base::user_id user, base::user_id pseudonym, service::audit_entry by, completion<service::erasure_report> done)
{
    struct found {
        service::erasure_report report;
        std::vector<std::string> needles;
    };
    auto const kept = std::make_shared<found>();
    auto const work = [user = std::move(user), pseudonym = std::move(pseudonym), by = std::move(by), kept](
                          backend& records) -> result<void> {
        *kept = {};
        // Written while the person still has a key: the row is about them like all before it.
        if (auto written = records.add_audit(by); !written) return written;
        auto erased = records.erase(user, pseudonym, kept->needles);
        if (!erased) return erased.error();
        kept->report = std::move(*erased);
        auto const told =
            records.append_event("subject.erased", "{\"pseudonym\":\"" + pseudonym.str() + "\"}", by.at, std::nullopt);
        if (!told) return told.error();
        return {};
    };
    auto const then = [this, kept, done = std::move(done)](result<void> stored) {
        bool const unknown = !stored && base::to_errc(stored.error()) == errc::not_found;
        // Files that could not be cleaned the last time are cleaned by whoever asks next.
        if (!stored && !(unknown && !needles_.empty())) return done(stored.error());
        auto needles = std::exchange(needles_, {});
        needles.insert(needles.end(), kept->needles.begin(), kept->needles.end());
        push_read(std::make_unique<scrub_read>(std::move(needles), needles_, std::move(kept->report), done));
    };
    push_write(work, then);
}

} // namespace rendezvous::store
