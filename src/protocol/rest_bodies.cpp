#include "body_reader.hpp"
#include "rendezvous/protocol/rest_types.hpp"

#include <set>

namespace rendezvous::protocol {
namespace {

using call::commands::put_appointment;

constexpr std::size_t locale_chars_max = 35; // the longest language tag that RFC 5646 recommends room for

/// Parses the text and has `read` fill the value from it; answers with all errors or the value.
template <class T, class Read>
body<T> read_body(std::string_view text, std::size_t depth_max, Read read)
{
    body<T> out;
    auto const object = parse_object(text, depth_max);
    if (!object) {
        out.refusal.code = base::errc::bad_json;
        return out;
    }
    body_reader in(*object, {}, out.refusal.errors);
    T value = read(in);
    in.finish();
    if (out.refusal.errors.empty()) out.value = std::move(value);
    return out;
}

/// A POST without anything to say may come without a body.
std::string_view or_empty_object(std::string_view text)
{
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos ? std::string_view("{}") : text;
}

bool is_language_tag(std::string_view text)
{
    return text.size() >= 2
           && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
                  == std::string_view::npos;
}

put_appointment::listed read_listed(body_reader& in)
{
    put_appointment::listed out;
    for (auto const* const name : {"userId", "role", "name"}) in.require(name);
    out.user = in.user("userId").value_or(base::user_id());
    out.role = in.word<call::role>("role").value_or(call::role::patient);
    out.name = in.line("name", base::limits::name_bytes_max).value_or(std::string());
    out.locale = in.line("locale", locale_chars_max);
    if (out.locale && !is_language_tag(*out.locale)) in.refuse("locale", "must be a language tag such as en or de-AT");
    in.finish();
    return out;
}

std::optional<std::vector<put_appointment::listed>> read_participants(body_reader& in)
{
    auto const* const list = in.value("participants");
    if (!list) return std::nullopt;
    if (!list->is_array() || list->size() > base::limits::participants_max) {
        in.refuse("participants", "must be a list of at most " + std::to_string(base::limits::participants_max));
        return std::nullopt;
    }
    std::vector<put_appointment::listed> out;
    std::set<std::string> users;
    for (std::size_t i = 0; i < list->size(); ++i) {
        auto const pointer = in.pointer("participants") + '/' + std::to_string(i);
        if (!(*list)[i].is_object()) {
            in.errors().push_back({pointer, "must be an object"});
            continue;
        }
        body_reader inner((*list)[i], pointer, in.errors());
        out.push_back(read_listed(inner));
        auto const& user = out.back().user;
        if (!user.empty() && !users.insert(user.str()).second) inner.refuse("userId", "is listed twice");
    }
    return out;
}

void check_order(body_reader& in, std::optional<base::utc_time> const& first,
    std::optional<base::utc_time> const& second, std::string_view second_name, std::string_view first_name)
{
    if (first && second && *second <= *first) in.refuse(second_name, "must be after " + std::string(first_name));
}

put_appointment read_appointment(body_reader& in)
{
    put_appointment out;
    out.status = in.word<call::appointment_status>("status");
    out.payment = in.word<call::payment_status>("paymentStatus");
    out.start = in.time("start");
    out.end = in.time("end");
    out.media = in.word<call::media_kind>("media");
    out.policy = in.word<call::start_policy>("startPolicy");
    out.capacity = in.whole("capacity", 2, base::limits::participants_max);
    out.opens_at = in.time("opensAt");
    out.closes_at = in.time("closesAt");
    out.hard_end = in.flag("hardEnd");
    out.members = read_participants(in);
    check_order(in, out.start, out.end, "end", "start");
    check_order(in, out.opens_at, out.closes_at, "closesAt", "opensAt");
    return out;
}

} // namespace

body<put_appointment> parse_put_appointment(std::string_view text, std::size_t depth_max)
{
    return read_body<put_appointment>(text, depth_max, read_appointment);
}

body<start_call_body> parse_start_call(std::string_view text, std::size_t depth_max)
{
    return read_body<start_call_body>(or_empty_object(text), depth_max, [](body_reader& in) {
        return start_call_body{
            in.word<call::media_kind>("media"), in.line("override", base::limits::override_reason_bytes_max)};
    });
}

body<extend_body> parse_extend(std::string_view text, std::size_t depth_max)
{
    return read_body<extend_body>(text, depth_max, [](body_reader& in) {
        in.require("minutes");
        auto const most = std::chrono::duration_cast<std::chrono::minutes>(call::extension_max).count();
        return extend_body{std::chrono::minutes(in.whole("minutes", 1, static_cast<unsigned>(most)).value_or(1))};
    });
}

body<end_call_body> parse_end_call(std::string_view text, std::size_t depth_max)
{
    return read_body<end_call_body>(or_empty_object(text), depth_max, [](body_reader& in) {
        end_call_body out;
        auto const id = in.text("callId");
        if (id && !base::is_uuid(*id))
            in.refuse("callId", "must be the id of a call");
        else if (id)
            out.call = base::call_id(*id);
        return out;
    });
}

body<redeem_body> parse_redeem(std::string_view text, std::size_t depth_max)
{
    return read_body<redeem_body>(or_empty_object(text), depth_max,
        [](body_reader& in) { return redeem_body{in.text("pin").value_or(std::string())}; });
}

body<invite_body> parse_invite(std::string_view text, std::size_t depth_max)
{
    return read_body<invite_body>(text, depth_max, [](body_reader& in) {
        in.require("userId");
        invite_body out;
        out.user = in.user("userId").value_or(base::user_id());
        out.expires_at = in.time("expiresAt");
        auto const pin = in.text("pin");
        out.pin = pin.value_or(std::string());
        bool const digits = out.pin.find_first_not_of("0123456789") == std::string::npos;
        if (pin && (!digits || pin->size() < 4 || pin->size() > 12))
            in.refuse("pin", "must be a text of 4 to 12 digits");
        return out;
    });
}

} // namespace rendezvous::protocol
