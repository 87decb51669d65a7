#include "admin_commands.hpp"

#include "rendezvous/auth/api_key.hpp"
#include "rendezvous/auth/hash.hpp"

#include <charconv>
#include <future>
#include <map>

namespace rendezvous::app {
namespace {

using base::errc;
using net::control_reply;
using net::control_request;
using reply_to = std::function<void(control_reply)>;

constexpr std::size_t invite_code_bytes = 16;
constexpr int exit_usage = 64;
constexpr int exit_failed = 1;

control_reply failure(std::string line, int code = exit_failed)
{
    return {code, {}, std::move(line) + "\n"};
}

control_reply failure(boost::system::error_code const& ec)
{
    return failure(ec.message());
}

void create_api_key(house& h, std::string const& name, reply_to done)
{
    auto const key = auth::make_api_key(h.ids());
    service::api_key_row row{name, key.prefix, key.hash, h.clock().now().utc, std::nullopt};
    h.store().put_api_key(std::move(row), [text = key.text, done](base::result<void> stored) {
        done(stored ? control_reply{0, text + "\n", {}} : failure(stored.error()));
    });
}

void list_api_keys(house& h, reply_to done)
{
    h.store().list_api_keys([done](auto rows) {
        if (!rows) return done(failure(rows.error()));
        control_reply out;
        for (auto const& r : *rows) {
            out.out += r.name + "\t" + r.prefix + "\t" + base::to_rfc3339(r.created_at) + "\t";
            out.out += r.revoked_at ? "revoked " + base::to_rfc3339(*r.revoked_at) : std::string("valid");
            out.out += "\n";
        }
        done(std::move(out));
    });
}

void revoke_api_keys(house& h, std::string const& name, reply_to done)
{
    h.store().revoke_api_keys(name, h.clock().now().utc, [name, done](base::result<std::size_t> count) {
        if (!count) return done(failure(count.error()));
        if (*count == 0) return done(failure("no valid key is named " + name));
        done({0, "revoked " + std::to_string(*count) + "\n", {}});
    });
}

void back_up(house& h, std::string const& file, reply_to done)
{
    h.store().backup(file, [file, done](base::result<void> stored) {
        done(stored ? control_reply{0, file + "\n", {}} : failure(file + ": " + stored.error().message()));
    });
}

/// `key=value` words as a map.
std::map<std::string, std::string> options_of(control_request const& request, std::size_t first)
{
    std::map<std::string, std::string> out;
    for (std::size_t i = first; i < request.words.size(); ++i) {
        auto const split = request.words[i].find('=');
        if (split != std::string::npos) out[request.words[i].substr(0, split)] = request.words[i].substr(split + 1);
    }
    return out;
}

void create_appointment(house& h, std::map<std::string, std::string> options, reply_to done)
{
    auto const now = h.clock().now().utc;
    auto const id = base::parse_appointment_id(options.contains("id") ? options["id"] : h.ids().uuid(now));
    auto const doctor = base::parse_user_id(options["doctor"]);
    auto const patient = base::parse_user_id(options["patient"]);
    auto const start = options.contains("start") ? base::from_rfc3339(options["start"]) : std::optional{now};
    int minutes = 30;
    if (auto const& text = options["minutes"]; !text.empty())
        std::from_chars(text.data(), text.data() + text.size(), minutes);
    if (!id) return done(failure("--id: 1-128 of A-Z a-z 0-9 . _ : @ -", exit_usage));
    if (!doctor || !patient) return done(failure("--doctor, --patient: printable ASCII without space", exit_usage));
    if (!start) return done(failure("--start: an RFC 3339 time such as 2026-11-20T14:00:00Z", exit_usage));
    if (minutes < 1 || minutes > 1440) return done(failure("--minutes: 1 to 1440", exit_usage));

    call::commands::put_appointment asked;
    asked.id = *id;
    asked.status = call::appointment_status::booked;
    asked.start = *start;
    asked.end = *start + std::chrono::minutes{minutes};
    make_appointment(h, std::move(asked), {*doctor, call::role::doctor, options["doctor-name"]},
        {*patient, call::role::patient, options["patient-name"]}, [done](base::result<appointment_links> made) {
            if (!made) return done(failure(made.error()));
            done({0, "doctor: " + made->doctor + "\npatient: " + made->patient + "\n", {}});
        });
}

} // namespace

void make_appointment(house& h, call::commands::put_appointment asked, listed_person const& doctor,
    listed_person const& patient, std::function<void(base::result<appointment_links>)> done)
{
    asked.members.emplace();
    for (auto const& p : {doctor, patient}) {
        base::participant_id fresh{h.ids().uuid(h.clock().now().utc)};
        asked.members->push_back({p.user, p.role, p.name, std::nullopt, std::move(fresh)});
    }
    auto const id = asked.id;
    auto const url = h.settings().server.public_url;
    h.calls().submit(id, std::move(asked), [&h, id, url, doctor, patient, done](base::result<call::outcome> put) {
        if (!put) return done(base::to_errc(put.error()));
        auto const now = h.clock().now().utc;
        auto const closes = put->appointment->appointment.closes_at;
        auto const ttl = std::chrono::duration_cast<std::chrono::seconds>(closes - now);
        auto const token = h.signer().sign({doctor.user, doctor.role, doctor.name, std::nullopt, {}},
            std::max(ttl, std::chrono::seconds{60}), now, h.ids());
        if (!token) return done(base::to_errc(token.error()));
        auto const code = h.ids().secret(invite_code_bytes);
        service::invite_row row{h.ids().uuid(now), auth::sha256_hex(code), id, patient.user, now, closes, std::nullopt};
        appointment_links links{url + "/appointments#token=" + token->token, url + "/join#" + code};
        h.store().put_invite(std::move(row), [links = std::move(links), done](base::result<void> stored) {
            if (!stored) return done(base::to_errc(stored.error()));
            done(links);
        });
    });
}

void run_admin_command(house& h, control_request const& request, reply_to done)
{
    auto const word = [&](std::size_t i) { return i < request.words.size() ? request.words[i] : std::string(); };
    auto const is = [&](std::string_view a, std::string_view b) { return word(0) == a && word(1) == b; };
    if (is("api-key", "create")) return create_api_key(h, word(2), done);
    if (is("api-key", "list")) return list_api_keys(h, done);
    if (is("api-key", "revoke")) return revoke_api_keys(h, word(2), done);
    if (is("appointment", "create")) return create_appointment(h, options_of(request, 2), done);
    // A service has brought its database to the newest schema when it started.
    if (word(0) == "migrate") return done({0, "schema " + std::to_string(h.store().schema_version()) + "\n", {}});
    if (word(0) == "backup") return back_up(h, word(1), done);
    done(failure("unknown command", exit_usage));
}

control_reply run_admin_command(config const& settings, control_request const& request)
{
    if (auto const answered = net::ask_service(settings.server.control_socket, request)) return *answered;
    house h(settings);
    h.start();
    std::promise<control_reply> answer;
    run_admin_command(h, request, [&](control_reply reply) { answer.set_value(std::move(reply)); });
    auto reply = answer.get_future().get();
    h.stop(milliseconds{5'000});
    return reply;
}

} // namespace rendezvous::app
