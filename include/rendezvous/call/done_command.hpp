#pragma once

#include "rendezvous/call/call.hpp"

#include <optional>
#include <string>

namespace rendezvous::call {

/// Under which a command is known for 24 hours, so that repeating it has no second effect.
struct command_key {
    std::string name;    ///< SHA-256 of user, tab and command id
    std::string content; ///< SHA-256 of what was asked: the same name with other content is refused
    friend bool operator==(command_key const&, command_key const&) = default;
};

enum class command_kind { start, join, leave, end };

/// What a command did, kept so that a repeat gets the same answer.
struct done_command {
    command_key key;
    command_kind kind{};
    utc_time at{};
    std::optional<call_id> call;
    unsigned order = 0;
    bool joined_existing = false;
    bool reattached = false;
    bool offer_relayed = false;
    friend bool operator==(done_command const&, done_command const&) = default;
};

/// How long, and how many per appointment; beyond it the oldest are forgotten.
inline constexpr milliseconds done_commands_kept{24 * 3'600'000};
inline constexpr std::size_t done_commands_max = 1'000;

template <>
struct word_table<command_kind> {
    static constexpr auto words = std::to_array<std::string_view>({"start", "join", "leave", "end"});
};

} // namespace rendezvous::call
