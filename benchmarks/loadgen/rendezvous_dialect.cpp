#include "rendezvous_dialect.hpp"

#include "token.hpp"

#include <charconv>
#include <ctime>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace rendezvous::loadgen {
namespace {

constexpr std::uint64_t confirm_every = 64; // the protocol's latest; a browser client does the same

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

/// The number after `"name":`, 0 when the text has none.
std::uint64_t number_field(std::string_view text, std::string_view quoted_name)
{
    auto const at = text.find(quoted_name);
    if (at == std::string_view::npos) return 0;
    std::uint64_t value = 0;
    char const* const begin = text.data() + at + quoted_name.size();
    std::from_chars(begin, text.data() + text.size(), value);
    return value;
}

bool is_doctor(dialect_connection const& c)
{
    return c.index % 2 == 0;
}

std::string read_secret(std::string const& file_name)
{
    std::ifstream file(file_name, std::ios::binary);
    if (!file) throw std::runtime_error("dialect rendezvous needs a readable --secret-file");
    return {std::istreambuf_iterator<char>(file), {}};
}

reaction join(dialect_connection& c, int next_step)
{
    c.step = next_step;
    return {.send = R"({"type":"joinCall","id":"3"})"};
}

std::string pong(dialect_connection& c, std::uint64_t ping_number)
{
    c.confirmed = c.received;
    std::string const answered = ping_number == 0 ? "" : "\"n\":" + std::to_string(ping_number) + ",";
    return R"({"type":"pong",)" + answered + "\"seq\":" + std::to_string(c.received) + "}";
}

/// A UUID per connection, the same each time: the tab that comes back.
std::string instance_of(dialect_connection const& c)
{
    std::string const digits = std::to_string(c.index);
    return "00000000-0000-7000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

} // namespace

std::string_view text_field(std::string_view text, std::string_view quoted_name)
{
    auto const at = text.find(quoted_name);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + quoted_name.size());
    if (!text.starts_with('"')) return {};
    text.remove_prefix(1);
    return text.substr(0, text.find('"'));
}

rendezvous_dialect::rendezvous_dialect(options const& options)
    : issuer_(options.issuer),
      audience_(options.audience),
      secret_(read_secret(options.secret_file)),
      sessions_(options.connections)
{}

reaction rendezvous_dialect::on_open(dialect_connection& c)
{
    std::string const resume = resume_field(c);
    c.received = c.confirmed = 0;
    c.step = awaiting_registered;
    return {.send = R"({"type":"register","id":"1","token":")" + token_of(c) + R"(","appointmentId":")"
                    + appointment_of(c) + R"(","instance":")" + instance_of(c) + "\"" + resume + "}"};
}

reaction rendezvous_dialect::on_text(dialect_connection& c, std::string_view text)
{
    if (contains(text, R"("type":"ping")")) return {.send = pong(c, number_field(text, R"("n":)"))};
    if (contains(text, R"("type":"bye")")) return {.send = {}, .registered = false, .failed = true};
    if (contains(text, R"("type":"goaway")")) return {};
    if (contains(text, R"("type":"registered")")) return on_registered(c, text);
    count(c, text);
    if (contains(text, R"("type":"error")")) return {.send = {}, .registered = false, .failed = true};
    if (c.step == awaiting_call && contains(text, R"("type":"activeCall")")) return join(c, awaiting_seat);
    if (c.step == awaiting_seat && contains(text, R"("type":"ok")")) {
        c.step = seated;
        return {.send = {}, .registered = true};
    }
    return {};
}

std::string rendezvous_dialect::on_signal(dialect_connection& c, std::string_view text)
{
    if (++c.received - c.confirmed < confirm_every) return {};
    check_sequence(c, text);
    return pong(c, 0);
}

std::string rendezvous_dialect::on_tick(dialect_connection& c)
{
    if (c.received == c.confirmed) return {};
    return pong(c, 0);
}

std::string rendezvous_dialect::signal(dialect_connection const&, std::string_view body) const
{
    return R"({"type":"signal","data":)" + std::string(body) + "}";
}

std::string rendezvous_dialect::token_of(dialect_connection const& c) const
{
    std::string const person = (is_doctor(c) ? "bench-d-" : "bench-p-") + std::to_string(room_of(c));
    return make_token({.issuer = issuer_,
                          .audience = audience_,
                          .subject = person,
                          .role = is_doctor(c) ? "doctor" : "patient",
                          .appointment = appointment_of(c),
                          .expires_at_s = std::time(nullptr) + 3600},
        secret_);
}

std::string rendezvous_dialect::resume_field(dialect_connection const& c) const
{
    auto const& last = sessions_[c.index];
    if (!resume_ || last.id.empty()) return {};
    return R"(,"resume":{"sessionId":")" + last.id + R"(","resumeKey":")" + last.key + R"(","lastSeq":)"
           + std::to_string(c.received) + "}";
}

/// The doctor starts at once; the patient joins a call that is already open (reconnect storms)
/// or waits for the news of one.
reaction rendezvous_dialect::on_registered(dialect_connection& c, std::string_view text)
{
    auto& last = sessions_[c.index];
    if (resume_ && !last.id.empty()) ++(contains(text, R"("resumed":true)") ? resumed_ : started_anew_);
    last = {std::string(text_field(text, R"("sessionId":)")), std::string(text_field(text, R"("resumeKey":)"))};
    if (arrival_ == arrival::registered) {
        c.step = seated;
        return {.send = {}, .registered = true};
    }
    if (is_doctor(c)) {
        c.step = awaiting_seat;
        return {.send = R"({"type":"startCall","id":"2"})"};
    }
    c.step = awaiting_call;
    bool const open = contains(text, R"("callStatus":"waiting")") || contains(text, R"("callStatus":"active")");
    return open ? join(c, awaiting_seat) : reaction{};
}

void rendezvous_dialect::count(dialect_connection& c, std::string_view text)
{
    ++c.received;
    check_sequence(c, text);
}

/// The body of a signal never holds this field, so the first hit is the envelope's.
void rendezvous_dialect::check_sequence(dialect_connection& c, std::string_view text)
{
    std::uint64_t const sequence = number_field(text, R"("seq":)");
    if (sequence == c.received) return;
    ++sequence_faults_;
    if (sequence > c.received) c.received = sequence;
}

} // namespace rendezvous::loadgen
