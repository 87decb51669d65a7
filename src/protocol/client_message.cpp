#include "rendezvous/protocol/client_message.hpp"

#include "field_reader.hpp"
#include "json_scan.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace rendezvous::protocol {
namespace {

using base::limits;

constexpr std::size_t session_chars_max = 128;
constexpr std::size_t resume_key_chars_max = 256;
constexpr std::size_t candidate_type_chars_max = 32;
constexpr double measure_max = 1e9; // milliseconds or kbit/s beyond any network

std::optional<base::call_id> read_call_id(field_reader& in)
{
    return in.uuid<base::call_id>("callId");
}

/// A session description of type offer. Its scan cannot fail: the text around it was scanned.
call::opaque read_offer(field_reader& in)
{
    if (!in.has("offer")) return nullptr;
    auto const text = *in.raw("offer");
    auto const object = text.front() == '{' ? scan_object(text, text.size()) : std::nullopt;
    auto const type = object ? object->find("type") : std::nullopt;
    auto const sdp = object ? object->find("sdp") : std::nullopt;
    if (!type || decode_string(*type) != "offer" || !sdp || sdp->front() != '"') {
        in.refuse("offer");
        return nullptr;
    }
    return in.bytes("offer", text, limits::signal_bytes_max);
}

std::optional<messages::resume_request> read_resume(field_reader& in)
{
    if (!in.has("resume")) return std::nullopt;
    auto const text = *in.raw("resume");
    auto const object = text.front() == '{' ? scan_object(text, text.size()) : std::nullopt;
    if (!object) {
        in.refuse("resume");
        return std::nullopt;
    }
    field_reader inner(*object);
    auto session = inner.token("sessionId", session_chars_max);
    auto key = inner.token("resumeKey", resume_key_chars_max);
    auto const last_seq = inner.required_count("lastSeq");
    if (!session || !key || !inner.bad().empty()) {
        in.refuse("resume");
        return std::nullopt;
    }
    return messages::resume_request{base::session_id(std::move(*session)), std::move(*key), last_seq};
}

/// Some programs write UUIDs in capitals; to us it is the same tab.
std::string read_instance(field_reader& in)
{
    auto out = in.text("instance", 36).value_or(std::string());
    std::transform(out.begin(), out.end(), out.begin(),
        [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (in.has("instance") && !base::is_uuid(out)) in.refuse("instance");
    return out;
}

client_message read_register(field_reader& in)
{
    messages::register_session out;
    out.token = in.required_text("token", limits::token_bytes_max);
    if (auto const id = in.text("appointmentId", 128)) {
        out.appointment = base::parse_appointment_id(*id);
        if (!out.appointment) in.refuse("appointmentId");
    }
    out.call = read_call_id(in);
    if (out.appointment && out.call) in.refuse("callId");
    out.instance = read_instance(in);
    out.resume = read_resume(in);
    return out;
}

client_message read_start_call(field_reader& in)
{
    messages::start_call out;
    out.media = in.word<call::media_kind>("media");
    out.offer = read_offer(in);
    out.override_reason = in.text("override", base::limits::override_reason_bytes_max);
    if (out.override_reason && out.override_reason->empty()) in.refuse("override");
    return out;
}

client_message read_join_call(field_reader& in)
{
    messages::join_call out;
    out.call = read_call_id(in);
    out.offer = read_offer(in);
    out.keep = in.flag("keep").value_or(false);
    out.takeover = in.flag("takeover").value_or(false);
    return out;
}

client_message read_signal(field_reader& in)
{
    messages::signal out;
    out.to = in.uuid<base::participant_id>("to");
    out.call = read_call_id(in);
    if (auto const data = in.raw("data"))
        out.data = in.bytes("data", *data, limits::signal_bytes_max);
    else
        in.refuse("data");
    return out;
}

client_message read_leave(field_reader& in)
{
    return messages::leave{read_call_id(in)};
}

client_message read_end_call(field_reader& in)
{
    return messages::end_call{read_call_id(in)};
}

client_message read_media_state(field_reader& in)
{
    messages::media_state out;
    out.call = read_call_id(in);
    out.media.audio = in.required_flag("audio");
    out.media.video = in.required_flag("video");
    out.media.screen = in.required_flag("screen");
    if (!in.has("connection")) in.refuse("connection");
    out.media.connection = in.word<call::media_connection>("connection").value_or(call::media_connection::none);
    return out;
}

client_message read_stats(field_reader& in)
{
    messages::stats out;
    out.call = read_call_id(in);
    out.rtt_ms = in.number("rttMs", 0, measure_max);
    out.loss_ratio = in.number("lossRatio", 0, 1);
    out.jitter_ms = in.number("jitterMs", 0, measure_max);
    out.bitrate_kbps = in.number("bitrateKbps", 0, measure_max);
    out.candidate_type = in.token("candidateType", candidate_type_chars_max);
    return out;
}

client_message read_ice(field_reader&)
{
    return messages::ice{};
}

client_message read_refresh(field_reader& in)
{
    return messages::refresh{in.required_text("token", limits::token_bytes_max)};
}

client_message read_pong(field_reader& in)
{
    messages::pong out;
    out.n = in.count("n");
    out.seq = in.required_count("seq");
    out.connection = in.word<call::media_connection>("connection");
    return out;
}

struct message_type {
    std::string_view name;
    bool needs_id; ///< commands that are answered
    client_message (*read)(field_reader&);
};

// The most frequent first.
constexpr auto types = std::to_array<message_type>({
    {"signal", false, read_signal},
    {"pong", false, read_pong},
    {"stats", false, read_stats},
    {"mediaState", false, read_media_state},
    {"joinCall", true, read_join_call},
    {"startCall", true, read_start_call},
    {"leave", true, read_leave},
    {"endCall", true, read_end_call},
    {"ice", true, read_ice},
    {"refresh", true, read_refresh},
    {"register", true, read_register},
});

message_type const* find_type(std::string_view name)
{
    auto const found = std::find_if(types.begin(), types.end(), [&](message_type const& t) { return t.name == name; });
    return found == types.end() ? nullptr : &*found;
}

bool usable_id(std::string_view id)
{
    auto const continuation = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
    auto const chars = id.size() - static_cast<std::size_t>(std::count_if(id.begin(), id.end(), continuation));
    return chars >= 1 && chars <= limits::command_id_chars_max;
}

/// Leaves the id empty, and `in` with a bad field, if there is one that cannot be used.
std::string read_id(field_reader& in)
{
    auto id = in.text("id", 4 * limits::command_id_chars_max).value_or(std::string());
    if (usable_id(id)) return id;
    if (in.has("id")) in.refuse("id");
    return {};
}

parsed refused(std::string id, base::errc why, std::string_view field = {})
{
    return {std::move(id), why, field};
}

parsed read_message(json_object const& object)
{
    field_reader in(object);
    auto id = read_id(in);
    auto const type = in.text("type", std::string::npos / 8); // any unknown word is just unknown
    if (!type) return refused(std::move(id), base::errc::bad_field, "type");
    auto const* const known = find_type(*type);
    if (!known) return refused(std::move(id), base::errc::unknown_type);
    if (known->needs_id && id.empty()) in.refuse("id");
    auto message = known->read(in);
    if (!in.bad().empty()) return refused(std::move(id), base::errc::bad_field, in.bad());
    return {std::move(id), std::move(message), {}};
}

} // namespace

parsed parse_client_message(std::string_view text, parser_limits const& limits)
{
    if (text.size() > limits.message_bytes_max) return refused({}, base::errc::too_large);
    if (!is_utf8(text)) return refused({}, base::errc::bad_json);
    auto const object = scan_object(text, limits.json_depth_max);
    if (!object || object->has_duplicate_keys()) return refused({}, base::errc::bad_json);
    return read_message(*object);
}

bool changes_state(client_message const& message)
{
    return std::holds_alternative<messages::start_call>(message) || std::holds_alternative<messages::join_call>(message)
           || std::holds_alternative<messages::leave>(message) || std::holds_alternative<messages::end_call>(message);
}

} // namespace rendezvous::protocol
