#include "event_of.hpp"

#include "json_object.hpp"

namespace rendezvous::store {
namespace {

struct drafter {
    using draft = std::optional<event_draft>;

    draft operator()(call::facts::call_started const& f) const
    {
        json_object data;
        data.word("kind", to_word(f.call.kind))
            .word("media", to_word(f.call.media))
            .word("state", to_word(f.call.state));
        if (!f.call.seats.empty()) {
            auto const& first = f.call.seats.front();
            data.word("role", to_word(first.role)).number("order", first.order);
        }
        if (f.call.parent) data.word("parentCallId", f.call.parent->str());
        return event_draft{f.call.id, f.call.created_at, "call.started", f.call.started_by, data.str()};
    }

    /// The reason is for the audit: it is somebody's text.
    draft operator()(call::facts::access_overridden const& f) const
    {
        json_object data;
        data.word("role", to_word(f.role)).number("payment", f.payment).number("window", f.window);
        return event_draft{f.call, f.at, "call.overridden", f.by, data.str()};
    }

    draft operator()(call::facts::seat_taken const& f) const
    {
        bool const moved = f.replaces && f.how == call::leave_reason::moved;
        json_object data;
        data.word("role", to_word(f.taken.role)).number("order", f.taken.order);
        if (f.replaces) data.number("replaces", *f.replaces);
        if (f.answers) data.word("state", to_word(call::call_state::active));
        return event_draft{
            f.call, f.taken.joined_at, moved ? "call.moved" : "call.joined", f.taken.participant, data.str()};
    }

    draft operator()(call::facts::seat_left const& f) const
    {
        json_object data;
        data.number("order", f.order).word("reason", to_word(f.reason));
        return event_draft{f.call, f.at, "call.left", f.participant, data.str()};
    }

    draft operator()(call::facts::call_connected const& f) const
    {
        return event_draft{f.call, f.at, "call.connected", std::nullopt, json_object{}.str()};
    }

    draft operator()(call::facts::call_ended const& f) const
    {
        json_object data;
        data.word("endReason", to_word(f.reason)).number("durationMs", f.duration.count());
        data.number("billableMs", f.billable.count());
        return event_draft{f.call, f.at, "call.ended", f.by, data.str()};
    }

    draft operator()(call::facts::appointment_put const&) const { return {}; }
    draft operator()(call::facts::appointment_status_set const&) const { return {}; }
    draft operator()(call::facts::attendance_noted const&) const { return {}; }
    draft operator()(call::facts::appointment_judged const&) const { return {}; }
    draft operator()(call::facts::call_alive const&) const { return {}; }
    draft operator()(call::facts::quality_sampled const&) const { return {}; }
    draft operator()(call::facts::command_carried_out const&) const { return {}; }
};

} // namespace

std::optional<event_draft> event_of(call::fact const& happened)
{
    return std::visit(drafter{}, happened);
}

} // namespace rendezvous::store
