#include "read_jobs.hpp"

#include "cursor.hpp"

#include "rendezvous/store/audit_chain.hpp"

#include <algorithm>

namespace rendezvous::store {
namespace {

using base::errc;

constexpr std::size_t slice_rows = 200;

/// How a row of a list is asked for and where it stands in it.
template <class Filter>
struct list_traits;

template <>
struct list_traits<service::call_filter> {
    using row = call::call_record;
    static constexpr auto kind = cursor_kind::calls;
    static list_key key(row const& r) { return {base::to_ms(r.created_at), r.id.str()}; }
    static auto look(backend& b, service::call_filter const& f, std::optional<list_key> const& at, std::size_t n)
    {
        return b.list_calls(f, at, n);
    }
};

template <>
struct list_traits<service::appointment_filter> {
    using row = service::appointment_row;
    static constexpr auto kind = cursor_kind::appointments;
    static list_key key(row const& r) { return {base::to_ms(r.appointment->start), r.appointment->id.str()}; }
    static auto look(backend& b, service::appointment_filter const& f, std::optional<list_key> const& at, std::size_t n)
    {
        return b.list_appointments(f, at, n);
    }
};

template <>
struct list_traits<service::audit_filter> {
    using row = service::audit_row;
    static constexpr auto kind = cursor_kind::audit;
    static list_key key(row const& r) { return {base::to_ms(r.at), std::to_string(r.seq)}; }
    static auto look(backend& b, service::audit_filter const& f, std::optional<list_key> const& at, std::size_t n)
    {
        return b.list_audit(f, at, n);
    }
};

/// Collects one page, and one row more to know whether another page follows.
template <class Filter>
class list_read final : public read_job {
public:
    using traits = list_traits<Filter>;
    using row = typename traits::row;

    list_read(Filter filter, service::completion<service::page<row>> done)
        : filter_(std::move(filter)),
          done_(std::move(done)),
          rows_max_(std::clamp<std::size_t>(filter_.rows_max, 1, base::limits::page_rows_max))
    {}

    bool step(backend& records) override
    {
        if (filter_.after && !place_) {
            place_ = read_cursor(traits::kind, *filter_.after);
            if (!place_) return answer(errc::bad_field);
        }
        auto found = traits::look(records, filter_, place_, rows_max_ + 1 - page_.rows.size());
        if (!found) return answer(found.error());
        std::move(found->rows.begin(), found->rows.end(), std::back_inserter(page_.rows));
        if (page_.rows.size() > rows_max_) {
            page_.rows.resize(rows_max_);
            page_.next = write_cursor(traits::kind, traits::key(page_.rows.back()));
            return answer(std::move(page_));
        }
        place_ = std::move(found->resume);
        return place_ ? false : answer(std::move(page_));
    }
    void refuse(errc why) override { done_(why); }

private:
    bool answer(result<service::page<row>> with)
    {
        done_(std::move(with));
        return true;
    }

    Filter filter_;
    service::completion<service::page<row>> done_;
    std::size_t rows_max_;
    std::optional<list_key> place_;
    service::page<row> page_;
};

class open_rooms_read final : public read_job {
public:
    explicit open_rooms_read(service::completion<std::vector<base::appointment_id>> done) : done_(std::move(done)) {}
    bool step(backend& records) override
    {
        auto some = records.open_rooms(all_.empty() ? base::appointment_id{} : all_.back(), slice_rows);
        if (!some) {
            done_(some.error());
            return true;
        }
        bool const more = some->size() == slice_rows;
        std::move(some->begin(), some->end(), std::back_inserter(all_));
        if (!more) done_(std::move(all_));
        return !more;
    }
    void refuse(errc why) override { done_(why); }

private:
    service::completion<std::vector<base::appointment_id>> done_;
    std::vector<base::appointment_id> all_;
};

class events_read final : public read_job {
public:
    events_read(base::call_id id, service::completion<std::vector<service::call_event_row>> done)
        : id_(std::move(id)),
          done_(std::move(done))
    {}
    bool step(backend& records) override
    {
        auto some = records.list_call_events(id_, all_.empty() ? 0 : all_.back().seq, slice_rows);
        if (!some) {
            done_(some.error());
            return true;
        }
        bool const more = some->size() == slice_rows;
        std::move(some->begin(), some->end(), std::back_inserter(all_));
        if (more) return false;
        // A call begins with an event, so one without events does not exist.
        if (all_.empty())
            done_(errc::not_found);
        else
            done_(std::move(all_));
        return true;
    }
    void refuse(errc why) override { done_(why); }

private:
    base::call_id id_;
    service::completion<std::vector<service::call_event_row>> done_;
    std::vector<service::call_event_row> all_;
};

class verify_read final : public read_job {
public:
    verify_read(chain_kind chain, service::completion<chain_report> done) : chain_(chain), done_(std::move(done)) {}
    bool step(backend& records) override
    {
        auto const anchor = records.anchor(chain_);
        if (!anchor) return fail(anchor.error());
        // Old rows may go while they are being walked along: then the walk goes on behind them.
        if (anchor->last_id > report_.rows) {
            report_.rows = report_.dropped = anchor->last_id;
            report_.head = anchor->hash;
        }
        return chain_ == chain_kind::calls ? walk(records.chain_rows(report_.rows, slice_rows))
                                           : walk(records.audit_rows(report_.rows, slice_rows));
    }
    void refuse(errc why) override { done_(why); }

private:
    bool fail(boost::system::error_code why)
    {
        done_(why);
        return true;
    }
    template <class Rows>
    bool walk(Rows const& rows)
    {
        if (!rows) return fail(rows.error());
        for (auto const& row : *rows)
            if (!extend(report_, row)) break;
        if (!report_.broken && rows->size() == slice_rows) return false;
        done_(std::move(report_));
        return true;
    }

    chain_kind chain_;
    service::completion<chain_report> done_;
    chain_report report_;
};

class backup_read final : public read_job {
public:
    backup_read(std::filesystem::path target, service::completion<void> done)
        : target_(std::move(target)),
          done_(std::move(done))
    {}
    bool step(backend& records) override
    {
        if (!job_) {
            auto started = records.start_backup(target_);
            if (!started) return answer(started.error());
            job_ = std::move(*started);
        }
        auto const complete = job_->step();
        if (!complete) return answer(complete.error());
        return *complete ? answer({}) : false;
    }
    void refuse(errc why) override { answer(why); }

private:
    bool answer(result<void> with)
    {
        job_.reset();
        done_(with);
        return true;
    }

    std::filesystem::path target_;
    service::completion<void> done_;
    std::unique_ptr<copy_job> job_;
};

} // namespace

std::unique_ptr<read_job> make_list(
    service::call_filter filter, service::completion<service::page<call::call_record>> done)
{
    return std::make_unique<list_read<service::call_filter>>(std::move(filter), std::move(done));
}

std::unique_ptr<read_job> make_list(
    service::appointment_filter filter, service::completion<service::page<service::appointment_row>> done)
{
    return std::make_unique<list_read<service::appointment_filter>>(std::move(filter), std::move(done));
}

std::unique_ptr<read_job> make_list(
    service::audit_filter filter, service::completion<service::page<service::audit_row>> done)
{
    return std::make_unique<list_read<service::audit_filter>>(std::move(filter), std::move(done));
}

std::unique_ptr<read_job> make_open_rooms(service::completion<std::vector<base::appointment_id>> done)
{
    return std::make_unique<open_rooms_read>(std::move(done));
}

std::unique_ptr<read_job> make_events(base::call_id id, service::completion<std::vector<service::call_event_row>> done)
{
    return std::make_unique<events_read>(std::move(id), std::move(done));
}

std::unique_ptr<read_job> make_verify(chain_kind chain, service::completion<chain_report> done)
{
    return std::make_unique<verify_read>(chain, std::move(done));
}

std::unique_ptr<read_job> make_backup(std::filesystem::path target, service::completion<void> done)
{
    return std::make_unique<backup_read>(std::move(target), std::move(done));
}

} // namespace rendezvous::store
