#include "outbox_of.hpp"

#include "json_object.hpp"

#include <charconv>
#include <chrono>

namespace rendezvous::store {
namespace {

using call::to_word;
using drafts = std::vector<outbox_draft>;

constexpr std::size_t position_digits = 16;
constexpr std::size_t tag_bytes = 8;

std::int64_t seconds(base::milliseconds span)
{
    return std::chrono::floor<std::chrono::seconds>(span).count();
}

json_object about(base::call_id const& id, std::optional<base::appointment_id> const& appointment)
{
    json_object data;
    data.word("callId", id.str());
    if (appointment) data.word("appointmentId", appointment->str());
    return data;
}

struct asker {
    using question = std::optional<outbox_question>;

    question operator()(call::facts::seat_taken const& f) const { return outbox_question{f.call}; }
    question operator()(call::facts::seat_left const& f) const { return outbox_question{f.call, f.order}; }
    question operator()(call::facts::call_connected const& f) const { return outbox_question{f.call}; }
    question operator()(call::facts::call_ended const& f) const { return outbox_question{f.call}; }
    template <class Fact>
    question operator()(Fact const&) const
    {
        return std::nullopt;
    }
};

struct drafter {
    outbox_context const& known;

    drafts operator()(call::facts::attendance_noted const& f) const
    {
        if (f.role != call::role::patient) return {};
        json_object data;
        data.word("appointmentId", f.id.str()).word("at", base::to_rfc3339(f.at));
        return {{"appointment.arrived", f.at, {}, data.str()}};
    }

    drafts operator()(call::facts::appointment_judged const& f) const
    {
        if (!f.verdict) return {};
        json_object data;
        data.word("appointmentId", f.id.str())
            .word("at", base::to_rfc3339(f.at))
            .number("waitedSeconds", seconds(f.waited));
        return {{"appointment." + std::string(to_word(*f.verdict)), f.at, {}, data.str()}};
    }

    drafts operator()(call::facts::access_overridden const& f) const
    {
        auto data = about(f.call, f.id);
        data.word("participantId", f.by.str()).word("role", to_word(f.role));
        data.flag("payment", f.payment).flag("window", f.window);
        return {{"access.override", f.at, f.call, data.str()}};
    }

    drafts operator()(call::facts::call_started const& f) const
    {
        auto const& c = f.call;
        auto data = about(c.id, c.appointment);
        data.word("state", to_word(c.state));
        drafts out = {{"call." + std::string(to_word(c.state)), c.created_at, c.id, data.str()}};
        for (auto const& seat : c.seats) out.push_back(joined(c.id, c.appointment, seat));
        return out;
    }

    drafts operator()(call::facts::seat_taken const& f) const
    {
        drafts out;
        if (!f.replaces) out.push_back(joined(f.call, known.appointment, f.taken));
        if (f.answers) {
            auto data = about(f.call, known.appointment);
            data.word("state", to_word(call::call_state::active)).word("previous", to_word(known.state));
            out.push_back({"call.active", f.taken.joined_at, f.call, data.str()});
        }
        return out;
    }

    drafts operator()(call::facts::seat_left const& f) const
    {
        auto data = about(f.call, known.appointment);
        data.word("participantId", f.participant.str());
        if (known.role) data.word("role", to_word(*known.role));
        data.word("leaveReason", to_word(f.reason));
        return {{"call.participant_left", f.at, f.call, data.str()}};
    }

    drafts operator()(call::facts::call_connected const& f) const
    {
        auto data = about(f.call, known.appointment);
        data.word("at", base::to_rfc3339(f.at));
        return {{"call.media_connected", f.at, f.call, data.str()}};
    }

    drafts operator()(call::facts::call_ended const& f) const
    {
        auto data = about(f.call, known.appointment);
        data.word("state", to_word(call::call_state::ended))
            .word("previous", to_word(known.state))
            .word("endReason", to_word(f.reason))
            .number("durationSeconds", seconds(f.duration))
            .number("billableSeconds", seconds(f.billable));
        return {{"call.ended", f.at, f.call, data.str()}};
    }

    template <class Fact>
    drafts operator()(Fact const&) const
    {
        return {};
    }

    static outbox_draft joined(
        base::call_id const& id, std::optional<base::appointment_id> const& appointment, call::seat const& seat)
    {
        auto data = about(id, appointment);
        data.word("participantId", seat.participant.str()).word("role", to_word(seat.role));
        return {"call.participant_joined", seat.joined_at, id, data.str()};
    }
};

} // namespace

std::optional<outbox_question> outbox_question_of(call::fact const& happened)
{
    return std::visit(asker{}, happened);
}

std::vector<outbox_draft> outbox_of(call::fact const& happened, outbox_context const& known)
{
    return std::visit(drafter{known}, happened);
}

std::string with_seq(std::string data, std::uint64_t seq)
{
    data.pop_back();
    return data + ",\"seq\":" + std::to_string(seq) + '}';
}

std::string event_id(std::uint64_t position, std::string_view tag)
{
    std::string out(position_digits, '0');
    for (auto at = out.rbegin(); position > 0; position >>= 4, ++at) *at = "0123456789abcdef"[position & 15];
    return out.append("-").append(tag);
}

std::optional<std::uint64_t> position_in(std::string_view id)
{
    if (id.size() <= position_digits + 1 || id.size() > position_digits + 32 || id[position_digits] != '-')
        return std::nullopt;
    std::uint64_t out = 0;
    auto const [end, error] = std::from_chars(id.data(), id.data() + position_digits, out, 16);
    // Places are signed in the database.
    if (error != std::errc{} || end != id.data() + position_digits || out > INT64_MAX) return std::nullopt;
    return out;
}

std::string new_event_tag()
{
    static base::system_id_generator random;
    return random.secret(tag_bytes);
}

} // namespace rendezvous::store
