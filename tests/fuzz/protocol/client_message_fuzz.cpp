// Any bytes as one text message of a client. What is relayed is a part of the input as it stands
// there and valid JSON; what an independent reader takes for a fine object is not called bad JSON.
// The input is copied to the very end of an allocation, so that AddressSanitizer sees a read
// behind it.

#include "fuzz/json_oracle.hpp"
#include "fuzz/must.hpp"
#include "rendezvous/protocol/client_message.hpp"

#include <cstdint>
#include <cstring>
#include <memory>

namespace {

using namespace rendezvous;
using fuzz::must;
namespace messages = protocol::messages;

void check_opaque(call::opaque const& cut_out, std::string_view text)
{
    if (!cut_out) return;
    must(text.find(*cut_out) != std::string_view::npos, "what is relayed stands in the input");
    must(fuzz::is_json(*cut_out), "what is relayed is JSON");
    must(cut_out->size() <= base::limits::signal_bytes_max, "what is relayed is within its limit");
}

template <class Id>
void check_uuid(std::optional<Id> const& id)
{
    must(!id || base::is_uuid(id->str()), "our own ids are UUIDs");
}

struct checker {
    std::string_view text;

    void operator()(messages::register_session const& m) const
    {
        must(m.token.size() <= base::limits::token_bytes_max, "a token is within its limit");
        must(!m.appointment || !m.call, "an appointment or a call, not both");
        must(!m.appointment || base::parse_appointment_id(m.appointment->str()), "an appointment id is one");
        must(m.instance.empty() || base::is_uuid(m.instance), "an instance is a UUID");
        check_uuid(m.call);
    }
    void operator()(messages::start_call const& m) const { check_opaque(m.offer, text); }
    void operator()(messages::join_call const& m) const
    {
        check_opaque(m.offer, text);
        check_uuid(m.call);
    }
    void operator()(messages::signal const& m) const
    {
        must(m.data != nullptr, "a signal has data");
        check_opaque(m.data, text);
        check_uuid(m.to);
        check_uuid(m.call);
    }
    void operator()(messages::leave const& m) const { check_uuid(m.call); }
    void operator()(messages::end_call const& m) const { check_uuid(m.call); }
    void operator()(messages::media_state const& m) const { check_uuid(m.call); }
    void operator()(messages::stats const& m) const
    {
        must(!m.loss_ratio || (*m.loss_ratio >= 0 && *m.loss_ratio <= 1), "a ratio is one");
        must(!m.rtt_ms || *m.rtt_ms >= 0, "a time is not negative");
    }
    void operator()(messages::refresh const& m) const
    {
        must(m.token.size() <= base::limits::token_bytes_max, "a token is within its limit");
    }
    template <class Other>
    void operator()(Other const&) const
    {}
};

void check(std::string_view text)
{
    protocol::parser_limits const limits;
    auto const read = protocol::parse_client_message(text, limits);
    auto const opinion = fuzz::judge(text);
    if (read.message) {
        must(fuzz::is_json(text), "an accepted message is JSON");
        must(!opinion.object || (opinion.depth <= limits.json_depth_max && !opinion.duplicate_key),
            "an accepted message is flat enough and names every key once");
        std::visit(checker{text}, *read.message);
        return;
    }
    auto const why = base::to_errc(read.message.error());
    must(why == base::errc::bad_json || why == base::errc::bad_field || why == base::errc::unknown_type
             || why == base::errc::too_large,
        "a refusal has one of its reasons");
    bool const fine = opinion.object && opinion.depth <= limits.json_depth_max && !opinion.duplicate_key
                      && text.size() <= limits.message_bytes_max;
    must(why != base::errc::bad_json || !fine, "good JSON is not called bad");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const exact = std::make_unique<char[]>(size);
    if (size > 0) std::memcpy(exact.get(), data, size);
    check({exact.get(), size});
    return 0;
}
