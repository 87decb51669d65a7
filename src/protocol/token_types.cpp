#include "rendezvous/protocol/token_types.hpp"

#include "body_reader.hpp"
#include "json_writer.hpp"

#include <algorithm>

namespace rendezvous::protocol {
namespace {

constexpr std::size_t appointments_max = 64;
constexpr std::size_t token_answer_bytes = 1'024;

template <class T, class Read>
body<T> read(std::string_view text, std::size_t depth_max, Read fill)
{
    body<T> out;
    auto const object = parse_object(text, depth_max);
    if (!object) {
        out.refusal.code = base::errc::bad_json;
        return out;
    }
    body_reader in(*object, {}, out.refusal.errors);
    T value;
    fill(in, value);
    in.finish();
    if (out.refusal.errors.empty()) out.value = std::move(value);
    return out;
}

void add_appointment(
    body_reader& in, nlohmann::json const& value, std::string const& pointer, std::vector<base::appointment_id>& to)
{
    auto const* text = value.get_ptr<std::string const*>();
    auto id = text ? base::parse_appointment_id(*text) : std::nullopt;
    if (!id)
        in.errors().push_back({pointer, "must be the id of an appointment"});
    else if (std::find(to.begin(), to.end(), *id) == to.end())
        to.push_back(std::move(*id));
}

void read_appointments(body_reader& in, std::vector<base::appointment_id>& to)
{
    auto const* const value = in.value("appointment");
    if (!value) return;
    auto const pointer = in.pointer("appointment");
    if (!value->is_array()) return add_appointment(in, *value, pointer, to);
    if (value->empty() || value->size() > appointments_max)
        return in.refuse(
            "appointment", "must be one appointment, or a list of 1 to " + std::to_string(appointments_max));
    for (std::size_t i = 0; i < value->size(); ++i)
        add_appointment(in, (*value)[i], pointer + '/' + std::to_string(i), to);
}

} // namespace

body<token_body> parse_token(std::string_view text, std::size_t depth_max)
{
    return read<token_body>(text, depth_max, [](body_reader& in, token_body& out) {
        for (auto const* const name : {"sub", "role"}) in.require(name);
        out.user = in.user("sub").value_or(base::user_id());
        auto const role = in.word<call::role>("role");
        out.role = role.value_or(call::role::patient);
        out.name = in.line("name", base::limits::name_bytes_max).value_or(std::string());
        read_appointments(in, out.appointments);
        if (role && !call::is_staff(*role) && !in.has("appointment"))
            in.refuse("appointment", "is missing: patients and guests enter named appointments only");
        auto const most = static_cast<unsigned>(token_ttl_max.count());
        out.ttl =
            std::chrono::seconds(in.whole("ttlS", 1, most).value_or(static_cast<unsigned>(token_ttl_default.count())));
    });
}

body<revoke_user_body> parse_revoke_user(std::string_view text, std::size_t depth_max)
{
    return read<revoke_user_body>(text, depth_max, [](body_reader& in, revoke_user_body& out) {
        in.require("sub");
        out.user = in.user("sub").value_or(base::user_id());
    });
}

body<resend_body> parse_resend(std::string_view text, std::size_t depth_max)
{
    bool const empty = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
    return read<resend_body>(empty ? "{}" : text, depth_max,
        [](body_reader& in, resend_body& out) { out.expires_at = in.time("expiresAt"); });
}

std::string token_json(std::string const& token, std::string const& jti, base::utc_time expires_at)
{
    json_writer w(token_answer_bytes);
    w.begin_object();
    w.text("token", token);
    w.text("jti", jti);
    w.time("expiresAt", expires_at);
    return w.end_object().take();
}

} // namespace rendezvous::protocol
