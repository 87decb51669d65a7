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

class rendezvous_dialect : public dialect {
public:
    explicit rendezvous_dialect(options const& options)
        : issuer_(options.issuer),
          audience_(options.audience),
          secret_(read_secret(options.secret_file))
    {}

    std::string path(dialect_connection const&) const override { return "/ws"; }

    reaction on_open(dialect_connection& c) override
    {
        c.received = c.confirmed = 0;
        c.step = awaiting_registered;
        return {.send = R"({"type":"register","id":"1","token":")" + token_of(c) + R"(","appointmentId":")"
                        + appointment_of(c) + "\"}"};
    }

    reaction on_text(dialect_connection& c, std::string_view text) override
    {
        if (contains(text, R"("type":"ping")")) return {.send = pong(c, number_field(text, R"("n":)"))};
        if (contains(text, R"("type":"bye")")) return {.send = {}, .registered = false, .failed = true};
        if (contains(text, R"("type":"goaway")")) return {};
        if (contains(text, R"("type":"registered")")) return on_registered(c, text);
        count(c, text);
        if (contains(text, R"("type":"error")")) return {.send = {}, .registered = false, .failed = true};
        if (c.step == awaiting_call && contains(text, R"("type":"activeCall")")) return join(c);
        if (c.step == awaiting_seat && contains(text, R"("type":"ok")")) {
            c.step = seated;
            return {.send = {}, .registered = true};
        }
        return {};
    }

    std::string on_signal(dialect_connection& c, std::string_view text) override
    {
        if (++c.received - c.confirmed < confirm_every) return {};
        check_sequence(c, text);
        return pong(c, 0);
    }

    std::string on_tick(dialect_connection& c) override
    {
        if (c.received == c.confirmed) return {};
        return pong(c, 0);
    }

    std::string signal(dialect_connection const&, std::string_view body) const override
    {
        return R"({"type":"signal","data":)" + std::string(body) + "}";
    }

private:
    enum step : int { awaiting_registered = 0, awaiting_call, awaiting_seat, seated };

    static bool is_doctor(dialect_connection const& c) { return c.index % 2 == 0; }
    static std::string appointment_of(dialect_connection const& c) { return "bench-" + std::to_string(c.index / 2); }

    static std::string read_secret(std::string const& file_name)
    {
        std::ifstream file(file_name, std::ios::binary);
        if (!file) throw std::runtime_error("dialect rendezvous needs a readable --secret-file");
        return {std::istreambuf_iterator<char>(file), {}};
    }

    std::string token_of(dialect_connection const& c) const
    {
        std::string const person = (is_doctor(c) ? "bench-d-" : "bench-p-") + std::to_string(c.index / 2);
        return make_token({.issuer = issuer_,
                              .audience = audience_,
                              .subject = person,
                              .role = is_doctor(c) ? "doctor" : "patient",
                              .appointment = appointment_of(c),
                              .expires_at_s = std::time(nullptr) + 3600},
            secret_);
    }

    static reaction join(dialect_connection& c)
    {
        c.step = awaiting_seat;
        return {.send = R"({"type":"joinCall","id":"3"})"};
    }

    /// The doctor starts at once; the patient joins a call that is already open (reconnect storms)
    /// or waits for the news of one.
    static reaction on_registered(dialect_connection& c, std::string_view text)
    {
        if (is_doctor(c)) {
            c.step = awaiting_seat;
            return {.send = R"({"type":"startCall","id":"2"})"};
        }
        c.step = awaiting_call;
        bool const open = contains(text, R"("callStatus":"waiting")") || contains(text, R"("callStatus":"active")");
        return open ? join(c) : reaction{};
    }

    void count(dialect_connection& c, std::string_view text)
    {
        ++c.received;
        check_sequence(c, text);
    }
    /// The body of a signal never holds this field, so the first hit is the envelope's.
    void check_sequence(dialect_connection& c, std::string_view text)
    {
        std::uint64_t const sequence = number_field(text, R"("seq":)");
        if (sequence == c.received) return;
        ++sequence_faults_;
        if (sequence > c.received) c.received = sequence;
    }

    static std::string pong(dialect_connection& c, std::uint64_t ping_number)
    {
        c.confirmed = c.received;
        std::string const answered = ping_number == 0 ? "" : "\"n\":" + std::to_string(ping_number) + ",";
        return R"({"type":"pong",)" + answered + "\"seq\":" + std::to_string(c.received) + "}";
    }

    std::string issuer_;
    std::string audience_;
    std::string secret_;
};

} // namespace

std::unique_ptr<dialect> make_rendezvous_dialect(options const& options)
{
    return std::make_unique<rendezvous_dialect>(options);
}

} // namespace rendezvous::loadgen
