#include "checkpoint.hpp"

#include "rendezvous/base/log.hpp"

namespace rendezvous::app {
namespace {

std::string text_of(store::chain_report const& report)
{
    return "{\"seq\":" + std::to_string(report.rows) + ",\"hash\":\"" + report.head + "\"}";
}

} // namespace

struct checkpoint::impl : std::enable_shared_from_this<impl> {
    impl(boost::asio::io_context& context_, store::store_thread& store_, base::clock const& clock_,
        base::milliseconds every_)
        : store(store_),
          clock(clock_),
          every(every_),
          alarm(context_, [this] { walk(); })
    {}

    void walk()
    {
        alarm.set(every);
        auto const calls_done = [self = shared_from_this()](base::result<store::chain_report> calls) {
            auto const audit_done = [self, calls](
                                        base::result<store::chain_report> audit) { self->tell(calls, audit); };
            self->store.verify_chain(audit_done, store::chain_kind::audit);
        };
        store.verify_chain(calls_done);
    }

    /// On the store's thread.
    void tell(base::result<store::chain_report> const& calls, base::result<store::chain_report> const& audit)
    {
        if (!calls || !audit) return; // the store says so itself; the next hour comes
        for (auto const* report : {&*calls, &*audit})
            if (report->broken)
                base::log::error(
                    "chain_broken", {{"chain", report == &*calls ? "call_events" : "audit_log"},
                                        {"row", report->broken->event_id}, {"problem", report->broken->what}});
        base::log::info("audit_checkpoint", {{"calls_seq", calls->rows}, {"calls_hash", calls->head},
                                                {"audit_seq", audit->rows}, {"audit_hash", audit->head}});
        auto const told = [](base::result<service::event_row> kept) {
            if (!kept) base::log::warn("checkpoint_not_told", {{"problem", kept.error().message()}});
        };
        store.append_event("audit.checkpoint", "{\"calls\":" + text_of(*calls) + ",\"audit\":" + text_of(*audit) + "}",
            clock.now().utc, std::nullopt, told);
    }

    store::store_thread& store;
    base::clock const& clock;
    base::milliseconds const every;
    service::timers alarm;
};

checkpoint::checkpoint(
    boost::asio::io_context& context, store::store_thread& store, base::clock const& clock, base::milliseconds every)
    : impl_(std::make_shared<impl>(context, store, clock, every))
{
    impl_->alarm.set(every);
}

checkpoint::~checkpoint()
{
    impl_->alarm.set(std::nullopt);
}

} // namespace rendezvous::app
