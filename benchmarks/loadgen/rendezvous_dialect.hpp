#pragma once

// The protocol of this server, as docs/protocol.md tells it to a client.

#include "dialect.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::loadgen {

/// How far a connection goes on its own before it counts as registered.
enum class arrival { registered, seated };

/// Room k is appointment `bench-k`, which must exist with the participants `bench-d-k` (doctor,
/// even connections) and `bench-p-k` (patient, odd ones) and an open window. The doctor starts
/// the call, the patient joins it once it is told of it; both are registered when they are in.
class rendezvous_dialect : public dialect {
public:
    /// Throws std::runtime_error when the secret file cannot be read.
    explicit rendezvous_dialect(options const& options);

    std::string path(dialect_connection const&) const override { return "/ws"; }
    reaction on_open(dialect_connection& c) override;
    reaction on_text(dialect_connection& c, std::string_view text) override;
    std::string on_signal(dialect_connection& c, std::string_view text) override;
    std::string on_tick(dialect_connection& c) override;
    std::string signal(dialect_connection const&, std::string_view body) const override;

    void arrive(arrival how) { arrival_ = how; }
    /// Connections 0 and 1 are those of this room from the next connect on.
    void first_room(std::uint32_t room) { first_room_ = room; }
    /// Offer the session of the last connect from now on (`resume`).
    void resume(bool on) { resume_ = on; }

    /// Offered sessions that were taken up, and those that were answered with a new one.
    std::uint32_t resumed() const { return resumed_; }
    std::uint32_t started_anew() const { return started_anew_; }

private:
    enum step : int { awaiting_registered = 0, awaiting_call, awaiting_seat, seated };
    struct last_session {
        std::string id;
        std::string key;
    };

    std::uint32_t room_of(dialect_connection const& c) const { return first_room_ + c.index / 2; }
    std::string appointment_of(dialect_connection const& c) const { return "bench-" + std::to_string(room_of(c)); }
    std::string token_of(dialect_connection const& c) const;
    std::string resume_field(dialect_connection const& c) const;
    reaction on_registered(dialect_connection& c, std::string_view text);
    void count(dialect_connection& c, std::string_view text);
    void check_sequence(dialect_connection& c, std::string_view text);

    std::string issuer_;
    std::string audience_;
    std::string secret_;
    arrival arrival_ = arrival::seated;
    std::uint32_t first_room_ = 0;
    bool resume_ = false;
    std::uint32_t resumed_ = 0;
    std::uint32_t started_anew_ = 0;
    std::vector<last_session> sessions_; ///< by connection
};

/// The text between the quotes behind `quoted_name` (`"callId":`), empty when there is none. Enough
/// for our own ids, which hold no escapes.
std::string_view text_field(std::string_view text, std::string_view quoted_name);

} // namespace rendezvous::loadgen
