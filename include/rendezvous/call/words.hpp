#pragma once
// The domain of calls: rooms, appointments, calls, participants and the rules between them.
// Plain synchronous C++ on values; no socket, JSON, SQL, thread, clock or log may enter here.
// Session descriptions and candidates are opaque strings to it.

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace rendezvous::call {

// The closed vocabularies of docs/protocol.md section 1. The words on the wire and in the
// database are those of `word_table`, one table per enum, so nothing is spelled twice.

enum class role { patient, doctor, guest, agent, admin };
enum class appointment_status { pending, booked, arrived, fulfilled, cancelled, noshow };
/// What is proposed to the booking system when an appointment's window has closed.
enum class verdict { fulfilled, noshow };
enum class payment_status { unpaid, paid, waived, refunded };
enum class media_kind { video, audio };
enum class start_policy { any, staff };
enum class call_kind { appointment, direct, queue, transfer, phone };
enum class call_state { queued, waiting, active, ended };
/// What an appointment says of its calls: `inactive` until the first one.
enum class call_status { inactive, waiting, active, ended };
enum class end_reason { cancelled, abandoned, declined, busy, missed, lost, expired, completed, transferred, failed };
enum class seat_state { invited, ringing, joined, reconnecting, left, declined, missed, removed };
/// Why a seat was given up: by `leave`, by absence, with the call, for a newer seat of the same
/// person (reload or takeover), or because the person was taken off the appointment.
enum class leave_reason { left, lost, ended, replaced, moved, removed };
enum class presence { online, reconnecting, offline };
enum class media_connection { up, down, none };

template <class Enum>
struct word_table;

template <>
struct word_table<role> {
    static constexpr auto words = std::to_array<std::string_view>({"patient", "doctor", "guest", "agent", "admin"});
};
template <>
struct word_table<appointment_status> {
    static constexpr auto words =
        std::to_array<std::string_view>({"pending", "booked", "arrived", "fulfilled", "cancelled", "noshow"});
};
template <>
struct word_table<verdict> {
    static constexpr auto words = std::to_array<std::string_view>({"fulfilled", "noshow"});
};
template <>
struct word_table<payment_status> {
    static constexpr auto words = std::to_array<std::string_view>({"unpaid", "paid", "waived", "refunded"});
};
template <>
struct word_table<media_kind> {
    static constexpr auto words = std::to_array<std::string_view>({"video", "audio"});
};
template <>
struct word_table<start_policy> {
    static constexpr auto words = std::to_array<std::string_view>({"any", "staff"});
};
template <>
struct word_table<call_kind> {
    static constexpr auto words =
        std::to_array<std::string_view>({"appointment", "direct", "queue", "transfer", "phone"});
};
template <>
struct word_table<call_state> {
    static constexpr auto words = std::to_array<std::string_view>({"queued", "waiting", "active", "ended"});
};
template <>
struct word_table<call_status> {
    static constexpr auto words = std::to_array<std::string_view>({"inactive", "waiting", "active", "ended"});
};
template <>
struct word_table<end_reason> {
    static constexpr auto words = std::to_array<std::string_view>({"cancelled", "abandoned", "declined", "busy",
        "missed", "lost", "expired", "completed", "transferred", "failed"});
};
template <>
struct word_table<seat_state> {
    static constexpr auto words = std::to_array<std::string_view>(
        {"invited", "ringing", "joined", "reconnecting", "left", "declined", "missed", "removed"});
};
template <>
struct word_table<leave_reason> {
    static constexpr auto words =
        std::to_array<std::string_view>({"left", "lost", "ended", "replaced", "moved", "removed"});
};
template <>
struct word_table<presence> {
    static constexpr auto words = std::to_array<std::string_view>({"online", "reconnecting", "offline"});
};
template <>
struct word_table<media_connection> {
    static constexpr auto words = std::to_array<std::string_view>({"up", "down", "none"});
};

/// The word of a value: `to_word(role::doctor) == "doctor"`.
template <class Enum>
constexpr std::string_view to_word(Enum value) noexcept
{
    return word_table<Enum>::words[static_cast<std::size_t>(value)];
}

/// The value of a word, or nothing for a word that is not in the vocabulary.
template <class Enum>
constexpr std::optional<Enum> from_word(std::string_view word) noexcept
{
    auto const& words = word_table<Enum>::words;
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i] == word) return static_cast<Enum>(i);
    return std::nullopt;
}

/// Staff = doctor, agent, admin.
constexpr bool is_staff(role who) noexcept
{
    return who == role::doctor || who == role::agent || who == role::admin;
}

} // namespace rendezvous::call
