#pragma once

#include "rendezvous/base/error.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What the service counts, in one fixed table (metrics.cpp) and Prometheus' text format 0.0.4.
/// A label has a closed vocabulary: no id, name or address of anybody can become one. Counting
/// touches a cell of the calling thread only; a scrape adds the cells of all threads.
/// Thread: any, unless it says otherwise.
namespace rendezvous::base::metrics {

// The vocabularies. `vocabulary<Label>` in metrics.cpp holds their words, in this order.

enum class resume_outcome { resumed, fresh, expired, overflow, restart };
enum class session_state { attached, detached };
enum class direction { in, out };
/// The first eleven stand in the order of protocol::client_message.
enum class message_type {
    register_session,
    start_call,
    join_call,
    signal,
    leave,
    end_call,
    media_state,
    stats,
    ice,
    refresh,
    pong,
    registered,
    ok,
    error,
    active_call,
    joiner_connected,
    participant,
    call_ended,
    appointment,
    token_expiring,
    ping,
    goaway,
    bye,
    other
};
enum class connection_kind { http, websocket };
/// Why a connection or an upgrade was turned away: too many of its address, too many that have not
/// registered (of its address, of all), a foreign page.
enum class socket_refusal { address, unregistered_address, unregistered, origin };
enum class accept_pause { rate, descriptors, exhausted };
/// Which deadline cut a connection.
enum class phase { tls, header, body, write, idle, close };
enum class auth_failure { token_invalid, token_expired, api_key, invite, pin, throttled };
enum class call_kind { appointment, direct, queue, transfer, phone };
enum class call_state { queued, waiting, active };
enum class end_reason { cancelled, abandoned, declined, busy, missed, lost, expired, completed, transferred, failed };
enum class recovery_outcome { continued, lost };
enum class repeat_outcome { replayed, conflict };
enum class rate_limit { messages, control_frames, starts };
enum class store_job { read, write };
enum class reload_outcome { done, refused };
enum class watchdog_outcome { fed, withheld };
/// What became of one attempt to deliver an event: taken, to be tried again, given up.
enum class delivery_outcome { delivered, retried, dead };
/// Why an endpoint gets nothing any more: it said so (410), or it has failed for too long.
enum class disable_reason { gone, failing };

/// Which family of the table; the handles below are made of these.
enum class family : std::size_t {
    resumes,
    ring_overflows,
    sessions,
    sessions_shed,
    ws_messages,
    ws_closes,
    registers_refused,
    sockets_refused,
    connections,
    accept_pauses,
    phase_timeouts,
    auth_failures,
    gate_denied,
    calls_ended,
    calls_open,
    call_setup,
    call_duration,
    recovered_calls,
    repeated_commands,
    rate_limited,
    signals_refused,
    db_transaction,
    store_queue,
    store_backlog,
    store_failures,
    reloads,
    certificate_expiry,
    loop_delay,
    watchdog,
    webhook_deliveries,
    webhooks_disabled,
    outbox_lag,
    memory_used,
    memory_limit,
    crowded,
    draining,
    http_requests,
    process_cpu,
    process_memory,
    process_descriptors,
    process_descriptors_max,
    process_start,
    count_
};

namespace detail {
/// Adds to the calling thread's cell; `at` are the positions of the labels' values.
void add(family which, std::initializer_list<std::size_t> at, std::uint64_t amount) noexcept;
void observe(family which, std::initializer_list<std::size_t> at, std::chrono::microseconds span) noexcept;
void set(family which, double value) noexcept;
} // namespace detail

/// Only grows.
template <class... Labels>
class counter {
public:
    constexpr explicit counter(family which) : which_(which) {}
    void add(Labels... at) const noexcept { detail::add(which_, {static_cast<std::size_t>(at)...}, 1); }

private:
    family which_;
};

/// How many there are: up with each that comes, down with each that goes, on whatever thread.
template <class... Labels>
class level {
public:
    constexpr explicit level(family which) : which_(which) {}
    void up(Labels... at) const noexcept { change(at..., 1); }
    void down(Labels... at) const noexcept { change(at..., -1); }
    void change(Labels... at, std::int64_t by) const noexcept
    {
        detail::add(which_, {static_cast<std::size_t>(at)...}, static_cast<std::uint64_t>(by));
    }

private:
    family which_;
};

/// A value somebody looks at now and then; the last one set is shown.
class reading {
public:
    constexpr explicit reading(family which) : which_(which) {}
    void set(double value) const noexcept { detail::set(which_, value); }

private:
    family which_;
};

/// How long something took, in buckets of seconds.
template <class... Labels>
class histogram {
public:
    constexpr explicit histogram(family which) : which_(which) {}
    /// Negative spans count as zero.
    void observe(Labels... at, std::chrono::microseconds span) const noexcept
    {
        detail::observe(which_, {static_cast<std::size_t>(at)...}, span);
    }

private:
    family which_;
};

// A close code or a status code counts as itself if the table knows it, else as `other`.
enum class close_code_slot : std::size_t {};
close_code_slot slot_of_close_code(std::uint16_t code) noexcept;
enum class status_slot : std::size_t {};
status_slot slot_of_status(unsigned status) noexcept;

/// What answers a request: method and pattern of the route. The first three are there always.
struct endpoint {
    std::string_view method; ///< lives forever
    std::string_view route;  ///< lives forever
};
enum class endpoint_slot : std::size_t { unknown, static_file, websocket, first_named };
inline constexpr std::size_t endpoints_max = 96;
/// Names the endpoints behind `first_named`, in their order. Once, before threads exist.
/// Throws std::length_error if they are too many.
void name_endpoints(std::vector<endpoint> const& named);

/// `same<metrics::call_kind>(kind)`: the value of a vocabulary that stands in the same order.
template <class Label, class Other>
constexpr Label same(Other value) noexcept
{
    return static_cast<Label>(static_cast<std::size_t>(value));
}

inline constexpr counter<resume_outcome> resumes{family::resumes};
inline constexpr counter<> ring_overflows{family::ring_overflows};
inline constexpr level<session_state> sessions{family::sessions};
inline constexpr counter<> sessions_shed{family::sessions_shed};
inline constexpr counter<message_type, direction> ws_messages{family::ws_messages};
inline constexpr counter<close_code_slot> ws_closes{family::ws_closes};
inline constexpr counter<errc> registers_refused{family::registers_refused};
inline constexpr counter<socket_refusal> sockets_refused{family::sockets_refused};
inline constexpr level<connection_kind> connections{family::connections};
inline constexpr counter<accept_pause> accept_pauses{family::accept_pauses};
inline constexpr counter<phase> phase_timeouts{family::phase_timeouts};
inline constexpr counter<auth_failure> auth_failures{family::auth_failures};
inline constexpr counter<errc> gate_denied{family::gate_denied};
inline constexpr counter<call_kind, end_reason> calls_ended{family::calls_ended};
inline constexpr level<call_state> calls_open{family::calls_open};
inline constexpr histogram<> call_setup{family::call_setup};
inline constexpr histogram<> call_duration{family::call_duration};
inline constexpr counter<recovery_outcome> recovered_calls{family::recovered_calls};
inline constexpr counter<repeat_outcome> repeated_commands{family::repeated_commands};
inline constexpr counter<rate_limit> rate_limited{family::rate_limited};
inline constexpr counter<errc> signals_refused{family::signals_refused};
inline constexpr histogram<> db_transaction{family::db_transaction};
inline constexpr level<store_job> store_queue{family::store_queue};
inline constexpr level<> store_backlog{family::store_backlog};
inline constexpr counter<> store_failures{family::store_failures};
inline constexpr counter<reload_outcome> reloads{family::reloads};
inline constexpr reading certificate_expiry{family::certificate_expiry}; ///< seconds since 1970
inline constexpr histogram<> loop_delay{family::loop_delay};
inline constexpr counter<watchdog_outcome> watchdog{family::watchdog};
inline constexpr counter<delivery_outcome> webhook_deliveries{family::webhook_deliveries};
inline constexpr counter<disable_reason> webhooks_disabled{family::webhooks_disabled};
inline constexpr reading outbox_lag{family::outbox_lag}; ///< seconds
inline constexpr reading memory_used{family::memory_used};
inline constexpr reading memory_limit{family::memory_limit};
inline constexpr reading crowded{family::crowded};   ///< 0 or 1
inline constexpr reading draining{family::draining}; ///< 0 or 1
inline constexpr histogram<endpoint_slot, status_slot> http_requests{family::http_requests};
inline constexpr reading process_cpu{family::process_cpu}; ///< seconds
inline constexpr reading process_memory{family::process_memory};
inline constexpr reading process_descriptors{family::process_descriptors};
inline constexpr reading process_descriptors_max{family::process_descriptors_max};
inline constexpr reading process_start{family::process_start}; ///< seconds since 1970

/// Everything, as a scraper reads it. Rows of counters and histograms that never counted are left
/// out unless the family has no label; never blocks those who count.
std::string render();

/// The words of one label, in their order; for tests and documents.
std::span<std::string_view const> words_of(family which, std::size_t label);
/// What one row shows now: a counter's or a level's sum, a reading, or how often a histogram
/// observed.
double value_of(family which, std::initializer_list<std::size_t> at = {});

/// `text` as a label value, and as HELP: backslash, line feed and (labels only) quote escaped.
std::string escaped_label(std::string_view text);
std::string escaped_help(std::string_view text);

} // namespace rendezvous::base::metrics
