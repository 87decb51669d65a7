#include "rendezvous/base/metrics.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <list>
#include <memory>
#include <mutex>
#include <stdexcept>

namespace rendezvous::base::metrics {
namespace {

using words = std::span<std::string_view const>;

// --- vocabularies ---

constexpr auto resume_outcomes = std::to_array<std::string_view>({"resumed", "new", "expired", "overflow", "restart"});
constexpr auto session_states = std::to_array<std::string_view>({"attached", "detached"});
constexpr auto directions = std::to_array<std::string_view>({"in", "out"});
constexpr auto message_types = std::to_array<std::string_view>({"register", "startCall", "joinCall", "signal", "leave",
    "endCall", "mediaState", "stats", "ice", "refresh", "pong", "registered", "ok", "error", "activeCall",
    "joinerConnected", "participant", "callEnded", "appointment", "tokenExpiring", "ping", "goaway", "bye", "other"});
constexpr auto connection_kinds = std::to_array<std::string_view>({"http", "websocket"});
constexpr auto socket_refusals =
    std::to_array<std::string_view>({"address", "unregistered_address", "unregistered", "origin"});
constexpr auto accept_pauses_words = std::to_array<std::string_view>({"rate", "descriptors", "exhausted"});
constexpr auto phases = std::to_array<std::string_view>({"tls", "header", "body", "write", "idle", "close"});
constexpr auto auth_failures_words =
    std::to_array<std::string_view>({"token_invalid", "token_expired", "api_key", "invite", "pin", "throttled"});
constexpr auto call_kinds = std::to_array<std::string_view>({"appointment", "direct", "queue", "transfer", "phone"});
constexpr auto call_states = std::to_array<std::string_view>({"queued", "waiting", "active"});
constexpr auto end_reasons = std::to_array<std::string_view>(
    {"cancelled", "abandoned", "declined", "busy", "missed", "lost", "expired", "completed", "transferred", "failed"});
constexpr auto recovery_outcomes = std::to_array<std::string_view>({"continued", "lost"});
constexpr auto repeat_outcomes = std::to_array<std::string_view>({"replayed", "conflict"});
constexpr auto rate_limits = std::to_array<std::string_view>({"messages", "control_frames", "starts"});
constexpr auto store_jobs = std::to_array<std::string_view>({"read", "write"});
constexpr auto reload_outcomes = std::to_array<std::string_view>({"done", "refused"});
constexpr auto watchdog_outcomes = std::to_array<std::string_view>({"fed", "withheld"});
constexpr auto delivery_outcomes = std::to_array<std::string_view>({"delivered", "retried", "dead"});
constexpr auto disable_reasons = std::to_array<std::string_view>({"gone", "failing"});
/// In the order of `errc`, as on the wire.
constexpr auto error_codes = std::to_array<std::string_view>({"ok", "bad-json", "bad-field", "unknown-type",
    "not-registered", "unauthenticated", "token-expired", "token-invalid", "forbidden", "not-found", "not-admitted",
    "outside-window", "payment-required", "appointment-closed", "no-call", "call-ended", "already-answered",
    "in-call-elsewhere", "peer-absent", "busy", "room-full", "illegal-transition", "rate-limited", "too-large",
    "too-many-candidates", "origin-not-allowed", "idempotency-key-reused", "idempotency-in-progress",
    "version-mismatch", "validation", "unsupported-media-type", "method-not-allowed", "gone", "draining",
    "connector-disabled", "connector-unavailable", "store-unavailable", "internal"});
static_assert(error_codes.size() == static_cast<std::size_t>(errc::internal) + 1);

constexpr auto close_codes = std::to_array<std::uint16_t>({1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009, 1011, 4000,
    4001, 4008, 4100, 4101, 4102, 4103, 4104, 4200, 4201, 4300, 4301, 4302, 4400, 4401, 4403, 4422, 4429});
constexpr auto close_words = std::to_array<std::string_view>({"1000", "1001", "1002", "1003", "1005", "1006", "1007",
    "1009", "1011", "4000", "4001", "4008", "4100", "4101", "4102", "4103", "4104", "4200", "4201", "4300", "4301",
    "4302", "4400", "4401", "4403", "4422", "4429", "other"});
static_assert(close_words.size() == close_codes.size() + 1);

constexpr auto statuses = std::to_array<unsigned>({101, 200, 201, 204, 206, 304, 400, 401, 402, 403, 404, 405, 406, 409,
    410, 411, 412, 413, 414, 415, 417, 421, 422, 426, 428, 429, 431, 500, 501, 503, 505});
constexpr auto status_words = std::to_array<std::string_view>({"101", "200", "201", "204", "206", "304", "400", "401",
    "402", "403", "404", "405", "406", "409", "410", "411", "412", "413", "414", "415", "417", "421", "422", "426",
    "428", "429", "431", "500", "501", "503", "505", "other"});
static_assert(status_words.size() == statuses.size() + 1);

// --- the table ---

constexpr auto quick = std::to_array<double>({0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10});
constexpr auto patient = std::to_array<double>({1, 2, 5, 10, 30, 60, 120, 300, 600, 1'800});
constexpr auto long_lasting = std::to_array<double>({30, 60, 120, 300, 600, 900, 1'800, 3'600, 7'200, 14'400});

enum class shape { counter, level, reading, counted_reading, histogram };

struct label {
    std::string_view name;
    words values;
};
struct row {
    family which;
    shape what;
    std::string_view name;
    std::string_view help;
    label first{};
    label second{};
    std::span<double const> buckets{};
};

/// Endpoints are named by whoever has the routes: `method` and `route` come from there.
constexpr std::array<std::string_view, endpoints_max> endpoint_places{};
constexpr label by_endpoint{"", endpoint_places};
constexpr label by_status{"status_code", status_words};
constexpr label by_code{"code", error_codes};

// clang-format off
constexpr auto table = std::to_array<row>({
    {family::resumes, shape::counter, "rendezvous_resumes_total", "Registrations, by what became of the session before.", {"outcome", resume_outcomes}},
    {family::ring_overflows, shape::counter, "rendezvous_ring_overflows_total", "Sessions whose unconfirmed messages outgrew their ring."},
    {family::sessions, shape::level, "rendezvous_sessions", "Sessions with a socket, and without one in their grace.", {"state", session_states}},
    {family::sessions_shed, shape::counter, "rendezvous_sessions_shed_total", "Sessions in grace given up because memory was short."},
    {family::ws_messages, shape::counter, "rendezvous_ws_messages_total", "WebSocket messages.", {"type", message_types}, {"direction", directions}},
    {family::ws_closes, shape::counter, "rendezvous_ws_closes_total", "WebSockets that ended, by close code; 1006 without one.", {"code", close_words}},
    {family::registers_refused, shape::counter, "rendezvous_registers_refused_total", "Refused registrations.", by_code},
    {family::sockets_refused, shape::counter, "rendezvous_sockets_refused_total", "Connections and upgrades turned away.", {"reason", socket_refusals}},
    {family::connections, shape::level, "rendezvous_connections", "Open connections.", {"kind", connection_kinds}},
    {family::accept_pauses, shape::counter, "rendezvous_accept_pauses_total", "Times no connection was taken for a moment.", {"reason", accept_pauses_words}},
    {family::phase_timeouts, shape::counter, "rendezvous_phase_timeouts_total", "Connections cut by a deadline.", {"phase", phases}},
    {family::auth_failures, shape::counter, "rendezvous_auth_failures_total", "Failed authentications.", {"reason", auth_failures_words}},
    {family::gate_denied, shape::counter, "rendezvous_gate_denied_total", "Starts and joins refused by the appointment.", {"reason", error_codes}},
    {family::calls_ended, shape::counter, "rendezvous_calls_total", "Ended calls.", {"kind", call_kinds}, {"end_reason", end_reasons}},
    {family::calls_open, shape::level, "rendezvous_calls", "Calls that have not ended.", {"state", call_states}},
    {family::call_setup, shape::histogram, "rendezvous_call_setup_seconds", "From start to answer.", {}, {}, patient},
    {family::call_duration, shape::histogram, "rendezvous_call_duration_seconds", "From answer to end.", {}, {}, long_lasting},
    {family::recovered_calls, shape::counter, "rendezvous_recovered_calls_total", "Calls found open at start, by what became of them.", {"outcome", recovery_outcomes}},
    {family::repeated_commands, shape::counter, "rendezvous_repeated_commands_total", "Commands that came a second time.", {"outcome", repeat_outcomes}},
    {family::rate_limited, shape::counter, "rendezvous_rate_limited_total", "Refusals and closes for asking too often.", {"limit", rate_limits}},
    {family::signals_refused, shape::counter, "rendezvous_signals_refused_total", "Signals that were not relayed.", by_code},
    {family::db_transaction, shape::histogram, "rendezvous_db_transaction_seconds", "Transactions of the store.", {}, {}, quick},
    {family::store_queue, shape::level, "rendezvous_store_queue", "Jobs that wait for the store.", {"job", store_jobs}},
    {family::store_backlog, shape::level, "rendezvous_store_backlog", "Facts told but not stored yet, because the store fails."},
    {family::store_failures, shape::counter, "rendezvous_store_failures_total", "Transactions that failed."},
    {family::reloads, shape::counter, "rendezvous_reloads_total", "Reloads of configuration and certificates.", {"outcome", reload_outcomes}},
    {family::certificate_expiry, shape::reading, "rendezvous_certificate_expiry_timestamp_seconds", "When the certificate in use ends, in seconds since 1970."},
    {family::loop_delay, shape::histogram, "rendezvous_shard_loop_delay_seconds", "How late a shard's timer came.", {}, {}, quick},
    {family::watchdog, shape::counter, "rendezvous_watchdog_total", "Times the watchdog was fed, or not because a shard did not answer.", {"outcome", watchdog_outcomes}},
    {family::webhook_deliveries, shape::counter, "rendezvous_webhook_deliveries_total", "Attempts to deliver an event.", {"outcome", delivery_outcomes}},
    {family::webhooks_disabled, shape::counter, "rendezvous_webhooks_disabled_total", "Webhooks that were given up.", {"reason", disable_reasons}},
    {family::outbox_lag, shape::reading, "rendezvous_outbox_lag_seconds", "Age of the oldest event that an enabled webhook has not got yet."},
    {family::memory_used, shape::reading, "rendezvous_memory_used_bytes", "Memory that counts against the limit."},
    {family::memory_limit, shape::reading, "rendezvous_memory_limit_bytes", "The limit; 0 if there is none."},
    {family::crowded, shape::reading, "rendezvous_crowded", "1 while nobody may register because memory is short."},
    {family::draining, shape::reading, "rendezvous_draining", "1 on the way out."},
    {family::http_requests, shape::histogram, "http_server_request_duration_seconds", "Requests, from the whole request to the written answer.", by_endpoint, by_status, quick},
    {family::process_cpu, shape::counted_reading, "process_cpu_seconds_total", "User and system time spent."},
    {family::process_memory, shape::reading, "process_resident_memory_bytes", "Resident memory."},
    {family::process_descriptors, shape::reading, "process_open_fds", "Open file descriptors."},
    {family::process_descriptors_max, shape::reading, "process_max_fds", "File descriptors that may be open."},
    {family::process_start, shape::reading, "process_start_time_seconds", "Start of the process, in seconds since 1970."},
});
// clang-format on

constexpr std::size_t families = static_cast<std::size_t>(family::count_);

constexpr bool in_order()
{
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].which) != i) return false;
    return table.size() == families;
}
static_assert(in_order(), "one row per family, in the order of the enum");

constexpr std::size_t count_of(label const& l)
{
    return l.values.empty() ? 1 : l.values.size();
}

/// Cells of one combination of label values: one, or the buckets, the rest and the sum.
constexpr std::size_t width(row const& r)
{
    return r.what == shape::histogram ? r.buckets.size() + 2 : 1;
}

constexpr auto first_cells = [] {
    std::array<std::size_t, families + 1> out{};
    for (std::size_t i = 0; i < families; ++i)
        out[i + 1] = out[i] + count_of(table[i].first) * count_of(table[i].second) * width(table[i]);
    return out;
}();
constexpr std::size_t cells_count = first_cells[families];

row const& row_of(family which)
{
    return table[static_cast<std::size_t>(which)];
}

/// Where the cells of that combination begin.
std::size_t place(family which, std::initializer_list<std::size_t> at)
{
    auto const& r = row_of(which);
    std::size_t index = 0;
    auto const* value = at.begin();
    for (auto const* l : {&r.first, &r.second}) {
        if (l->values.empty()) continue;
        auto const given = value != at.end() ? *value++ : 0;
        index = index * count_of(*l) + std::min(given, count_of(*l) - 1);
    }
    return first_cells[static_cast<std::size_t>(which)] + index * width(r);
}

// --- cells ---

/// The cells of one thread. Only that thread writes; others read while it does.
struct alignas(64) thread_cells {
    std::array<std::atomic<std::uint64_t>, cells_count> values{};

    void add(std::size_t cell, std::uint64_t amount)
    {
        auto& value = values[cell];
        value.store(value.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
};

/// All threads' cells, and what threads that have ended left behind.
struct registry {
    std::mutex guard;
    std::list<thread_cells const*> alive;
    std::vector<std::uint64_t> ended = std::vector<std::uint64_t>(cells_count);
    std::array<std::atomic<double>, families> readings{};
    std::vector<endpoint> endpoints{{"other", "(unknown)"}, {"GET", "(file)"}, {"GET", "/ws"}};

    std::vector<std::uint64_t> sums()
    {
        std::lock_guard const lock(guard);
        auto out = ended;
        for (auto const* each : alive)
            for (std::size_t i = 0; i < cells_count; ++i) out[i] += each->values[i].load(std::memory_order_relaxed);
        return out;
    }
};

/// Never destroyed: threads may count until the process is gone.
registry& all()
{
    static auto* const one = new registry;
    return *one;
}

class registration {
public:
    registration() : cells_(std::make_unique<thread_cells>())
    {
        std::lock_guard const lock(all().guard);
        all().alive.push_back(cells_.get());
    }
    ~registration()
    {
        std::lock_guard const lock(all().guard);
        all().alive.remove(cells_.get());
        for (std::size_t i = 0; i < cells_count; ++i)
            all().ended[i] += cells_->values[i].load(std::memory_order_relaxed);
    }
    registration(registration const&) = delete;
    registration& operator=(registration const&) = delete;
    thread_cells& cells() { return *cells_; }

private:
    std::unique_ptr<thread_cells> cells_;
};

thread_cells& cells_here()
{
    thread_local registration mine;
    return mine.cells();
}

// --- text ---

std::string number(double value)
{
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    std::array<char, 32> text{};
    auto const [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), end};
}

std::string escaped(std::string_view text, bool quote)
{
    std::string out;
    for (char const c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || (quote && c == '"')) out += '\\';
        out += c;
    }
    return out;
}

void append_label(std::string& to, std::string_view name, std::string_view value)
{
    if (!to.empty()) to += ',';
    to += name;
    to += "=\"" + escaped_label(value) + '"';
}

std::string line(std::string_view name, std::string_view suffix, std::string const& labels, std::string const& value)
{
    std::string out(name);
    out += suffix;
    if (!labels.empty()) out += "{" + labels + "}";
    return out + " " + value + "\n";
}

void append_histogram(std::string& to, row const& r, std::string const& labels, std::uint64_t const* cells)
{
    std::uint64_t count = 0;
    for (std::size_t i = 0; i <= r.buckets.size(); ++i) {
        count += cells[i];
        auto with_bound = labels;
        append_label(with_bound, "le", i < r.buckets.size() ? number(r.buckets[i]) : "+Inf");
        to += line(r.name, "_bucket", with_bound, std::to_string(count));
    }
    to += line(r.name, "_sum", labels, number(static_cast<double>(cells[r.buckets.size() + 1]) / 1e6));
    to += line(r.name, "_count", labels, std::to_string(count));
}

/// The labels of one combination.
std::string labels_of(row const& r, std::size_t first, std::size_t second)
{
    std::string out;
    if (r.which == family::http_requests) {
        auto const& at = all().endpoints[first < all().endpoints.size() ? first : 0];
        append_label(out, "method", at.method);
        append_label(out, "route", at.route);
    } else if (!r.first.values.empty()) {
        append_label(out, r.first.name, r.first.values[first]);
    }
    if (!r.second.values.empty()) append_label(out, r.second.name, r.second.values[second]);
    return out;
}

char const* type_name(shape what)
{
    switch (what) {
    case shape::counter:
    case shape::counted_reading: return "counter";
    case shape::level:
    case shape::reading: return "gauge";
    case shape::histogram: return "histogram";
    }
    return "untyped";
}

void append_rows(std::string& to, row const& r, std::uint64_t const* cells)
{
    bool const always = r.what == shape::level || (r.first.values.empty() && r.second.values.empty());
    for (std::size_t a = 0; a < count_of(r.first); ++a) {
        for (std::size_t b = 0; b < count_of(r.second); ++b, cells += width(r)) {
            bool const silent = std::all_of(cells, cells + width(r), [](std::uint64_t c) { return c == 0; });
            if (silent && !always) continue;
            auto const labels = labels_of(r, a, b);
            if (r.what == shape::histogram)
                append_histogram(to, r, labels, cells);
            else if (r.what == shape::level)
                to += line(r.name, "", labels, std::to_string(static_cast<std::int64_t>(*cells)));
            else
                to += line(r.name, "", labels, std::to_string(*cells));
        }
    }
}

} // namespace

namespace detail {

void add(family which, std::initializer_list<std::size_t> at, std::uint64_t amount) noexcept
{
    cells_here().add(place(which, at), amount);
}

void observe(family which, std::initializer_list<std::size_t> at, std::chrono::microseconds span) noexcept
{
    auto const first = place(which, at);
    auto const& buckets = row_of(which).buckets;
    auto const us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, span.count()));
    auto const seconds = static_cast<double>(us) / 1e6;
    std::size_t bucket = 0;
    while (bucket < buckets.size() && seconds > buckets[bucket]) ++bucket;
    auto& cells = cells_here();
    cells.add(first + bucket, 1);
    cells.add(first + buckets.size() + 1, us);
}

void set(family which, double value) noexcept
{
    all().readings[static_cast<std::size_t>(which)].store(value, std::memory_order_relaxed);
}

} // namespace detail

close_code_slot slot_of_close_code(std::uint16_t code) noexcept
{
    auto const found = std::find(close_codes.begin(), close_codes.end(), code);
    return static_cast<close_code_slot>(found - close_codes.begin());
}

status_slot slot_of_status(unsigned status) noexcept
{
    auto const found = std::find(statuses.begin(), statuses.end(), status);
    return static_cast<status_slot>(found - statuses.begin());
}

void name_endpoints(std::vector<endpoint> const& named)
{
    auto const first = static_cast<std::size_t>(endpoint_slot::first_named);
    if (named.size() > endpoints_max - first) throw std::length_error("more endpoints than metrics have room for");
    std::lock_guard const lock(all().guard);
    all().endpoints.resize(first);
    all().endpoints.insert(all().endpoints.end(), named.begin(), named.end());
}

std::string render()
{
    auto const sums = all().sums();
    std::string out;
    out.reserve(32'768);
    for (auto const& r : table) {
        out += "# HELP " + std::string(r.name) + " " + escaped_help(r.help) + "\n";
        out += "# TYPE " + std::string(r.name) + " " + type_name(r.what) + "\n";
        if (r.what == shape::reading || r.what == shape::counted_reading)
            out += line(r.name, "", "", number(value_of(r.which)));
        else
            append_rows(out, r, sums.data() + first_cells[static_cast<std::size_t>(r.which)]);
    }
    return out;
}

words words_of(family which, std::size_t label)
{
    auto const& r = row_of(which);
    return label == 0 ? r.first.values : r.second.values;
}

double value_of(family which, std::initializer_list<std::size_t> at)
{
    auto const& r = row_of(which);
    if (r.what == shape::reading || r.what == shape::counted_reading)
        return all().readings[static_cast<std::size_t>(which)].load(std::memory_order_relaxed);
    auto const sums = all().sums();
    auto const first = place(which, at);
    if (r.what == shape::level) return static_cast<double>(static_cast<std::int64_t>(sums[first]));
    std::uint64_t out = sums[first];
    for (std::size_t i = 1; r.what == shape::histogram && i <= r.buckets.size(); ++i) out += sums[first + i];
    return static_cast<double>(out);
}

std::string escaped_label(std::string_view text)
{
    return escaped(text, true);
}

std::string escaped_help(std::string_view text)
{
    return escaped(text, false);
}

} // namespace rendezvous::base::metrics
