#include "admin_commands.hpp"

#include "rendezvous/auth/api_key.hpp"
#include "rendezvous/auth/hash.hpp"
#include "rendezvous/net/doors.hpp"

#include <algorithm>
#include <array>
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

constexpr auto scopes =
    std::to_array<std::string_view>({"appointments", "tokens", "webhooks", "history", "audit", "subjects"});

/// The words between the commas; nothing if one is no scope.
std::optional<std::vector<std::string>> scopes_of(std::string_view text)
{
    std::vector<std::string> out;
    while (!text.empty()) {
        auto const word = text.substr(0, text.find(','));
        if (std::find(scopes.begin(), scopes.end(), word) == scopes.end()) return std::nullopt;
        if (std::find(out.begin(), out.end(), word) == out.end()) out.emplace_back(word);
        text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    return out;
}

void create_api_key(house& h, std::string const& name, std::string const& scope, reply_to done)
{
    auto const wanted = scopes_of(scope);
    if (!wanted) return done(failure("--scope: appointments, tokens, webhooks, history, audit, subjects", exit_usage));
    // A key is also revoked by its prefix, which must not be another's name.
    if (name.empty() || auth::looks_like_api_key(name)) return done(failure("--name: not like a key", exit_usage));
    auto const key = auth::make_api_key(h.ids());
    service::api_key_row row{name, key.prefix, key.hash, h.clock().now().utc, std::nullopt, *wanted};
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
            std::string may;
            for (auto const& scope : r.scopes) may += (may.empty() ? "" : ",") + scope;
            out.out += "\t" + (may.empty() ? std::string("all") : may) + "\n";
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

/// One line for the chain: how far it holds, or the first row that does not fit.
std::string chain_line(std::string const& name, store::chain_report const& report)
{
    auto out = name + ": " + std::to_string(report.rows - report.dropped) + " rows";
    if (report.dropped > 0) out += " from row " + std::to_string(report.dropped + 1);
    if (!report.broken) return out + " good, head " + report.head + "\n";
    out += " good, then row " + std::to_string(report.broken->event_id);
    if (!report.broken->call.empty())
        out += " (call " + report.broken->call.str() + ", seq " + std::to_string(report.broken->seq) + ")";
    return out + " is broken: " + report.broken->what + "\n";
}

/// Walks along both chains.
void verify_chains(house& h, reply_to done)
{
    h.store().verify_chain([&h, done](base::result<store::chain_report> calls) {
        if (!calls) return done(failure(calls.error()));
        auto const then = [done, first = *calls](base::result<store::chain_report> audit) {
            if (!audit) return done(failure(audit.error()));
            bool const good = !first.broken && !audit->broken;
            done({good ? 0 : exit_failed, chain_line("call_events", first) + chain_line("audit_log", *audit), {}});
        };
        h.store().verify_chain(then, store::chain_kind::audit);
    });
}

void export_subject(house& h, std::string const& text, reply_to done)
{
    auto const user = base::parse_user_id(text);
    if (!user) return done(failure("--user: printable ASCII without space", exit_usage));
    service::audit_entry entry;
    entry.at = h.clock().now().utc;
    entry.actor = service::actor_kind::operator_;
    entry.action = "subject.export";
    entry.subject = *user;
    net::export_person(h.context(), *user, [&h, entry, done](base::result<std::string> got) mutable {
        entry.outcome = got ? "ok" : "not-found";
        h.store().record(entry);
        done(got ? control_reply{0, *got + "\n", {}} : failure(got.error()));
    });
}

void erase_subject(house& h, std::string const& text, reply_to done)
{
    auto const user = base::parse_user_id(text);
    if (!user) return done(failure("--user: printable ASCII without space", exit_usage));
    service::audit_entry by;
    by.at = h.clock().now().utc;
    by.actor = service::actor_kind::operator_;
    by.action = "subject.erase";
    by.subject = *user;
    by.outcome = "ok";
    net::erase_person(h.context(), *user, by, [done](base::result<std::string> report) {
        done(report ? control_reply{0, *report + "\n", {}} : failure(report.error()));
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
    if (is("api-key", "create")) return create_api_key(h, word(2), word(3), done);
    if (is("api-key", "list")) return list_api_keys(h, done);
    if (is("api-key", "revoke")) return revoke_api_keys(h, word(2), done);
    if (is("appointment", "create")) return create_appointment(h, options_of(request, 2), done);
    // A service has brought its database to the newest schema when it started.
    if (word(0) == "migrate") return done({0, "schema " + std::to_string(h.store().schema_version()) + "\n", {}});
    if (word(0) == "backup") return back_up(h, word(1), done);
    if (is("audit", "verify")) return verify_chains(h, done);
    if (is("subject", "export")) return export_subject(h, word(2), done);
    if (is("subject", "erase")) return erase_subject(h, word(2), done);
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
