#pragma once

#include "rendezvous/service/ports.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

// What other systems are told: events, written in the same transaction as what happened, and the
// webhooks they are delivered to. Events are thin: ids, words, numbers and times; no name, no text.

namespace rendezvous::service {

/// One event as kept. `id` is opaque; ids sort (byte by byte) in the order of the events.
struct event_row {
    std::string id;
    std::string type; ///< `call.ended`...
    base::utc_time at{};
    std::optional<base::call_id> call; ///< events of one call are delivered in their order
    std::string data;                  ///< JSON object
};

/// Which events to read, oldest first; empty members do not filter.
struct event_filter {
    std::optional<std::string> after; ///< an event's id: only those behind it
    std::optional<std::string> type;
    std::size_t rows_max = 50;
};

enum class webhook_status { active, failing, disabled };

/// Where events are delivered to.
struct webhook_row {
    std::string id;                  ///< UUIDv7
    std::string url;                 ///< checked before it is kept, and at each attempt
    std::vector<std::string> events; ///< types; empty = all
    std::string secret;              ///< `whsec_` + base64; signs, so it is kept as it is
    std::string previous_secret;     ///< signs too until `previous_until`; may be empty
    std::optional<base::utc_time> previous_until;
    webhook_status status = webhook_status::active;
    std::optional<base::utc_time> failing_since; ///< first event given up since the last success
    base::utc_time created_at{};
};

/// What is to be changed of a webhook; empty members stay.
struct webhook_change {
    std::optional<std::string> url;
    std::optional<std::vector<std::string>> events;
    std::optional<webhook_status> status; ///< active or disabled; active forgets failures
    struct rotation {
        std::string secret;
        base::utc_time previous_until; ///< of the secret until now
    };
    std::optional<rotation> rotate;
};

/// `held`: waits for an earlier event of the same call.
enum class delivery_state { pending, held, delivered, dead };

/// One event on its way to one webhook, or there. Its id is the event's.
struct delivery_row {
    event_row event;
    delivery_state state = delivery_state::pending;
    unsigned attempts = 0;                  ///< made so far
    base::utc_time next_at{};               ///< while pending
    std::optional<base::utc_time> tried_at; ///< last attempt
    unsigned http_status = 0;               ///< of the last attempt; 0 = no answer
    std::string error;                      ///< our word for it where there was no answer
};

/// What one webhook has to be sent now.
struct webhook_work {
    webhook_row webhook;
    std::vector<delivery_row> due; ///< pending and due, longest first
};

/// A look at all that is to be delivered.
struct due_work {
    std::vector<webhook_work> webhooks;    ///< all that are not disabled
    std::optional<base::utc_time> next_at; ///< the first that is due later
    std::optional<base::utc_time> oldest;  ///< oldest event that is not delivered yet
    bool more = false;                     ///< events remain that nobody looked at: look again
};

/// What an outcome means for its webhook.
enum class webhook_effect { none, healthy, failing, disabled };

/// One attempt has ended.
struct delivery_outcome {
    std::string webhook_id;
    std::string event_id;
    base::utc_time at{};
    delivery_state state = delivery_state::pending; ///< delivered, dead, or pending again
    base::utc_time next_at{};                       ///< when pending again
    unsigned http_status = 0;
    std::string error;
    webhook_effect effect = webhook_effect::none;
};

/// Events and webhooks as kept. Thread: any; completions run on the store's thread.
/// Errors of all: store_unavailable.
class event_store {
public:
    virtual ~event_store() = default;

    /// Adds an event that is not part of any fact (`audit.checkpoint`, `subject.erased`...).
    /// `data`: a JSON object. `only_for`: a webhook that alone is sent it; the feed shows it to all.
    virtual void append_event(std::string type, std::string data, base::utc_time at,
        std::optional<std::string> only_for, completion<event_row> done) = 0;
    /// Events, oldest first. Errors: bad_field for an `after` that is no id of ours.
    virtual void list_events(event_filter filter, completion<std::vector<event_row>> done) = 0;

    /// It begins with the events behind the newest. Errors: rate_limited if there are already
    /// webhooks_max.
    virtual void put_webhook(webhook_row row, completion<void> done) = 0;
    virtual void list_webhooks(completion<std::vector<webhook_row>> done) = 0;
    /// The row as it is afterwards. Errors: not_found.
    virtual void change_webhook(std::string id, webhook_change change, completion<webhook_row> done) = 0;
    /// With all its deliveries. Errors: not_found.
    virtual void delete_webhook(std::string id, base::utc_time now, completion<void> done) = 0;
    /// Newest first; `after`: the id of the last one of the page before. Errors: not_found, bad_field.
    virtual void list_deliveries(std::string webhook_id, std::optional<std::string> after, std::size_t rows_max,
        completion<std::vector<delivery_row>> done) = 0;
    /// Delivers an event once more, from the first attempt on. Errors: not_found.
    virtual void redeliver(std::string webhook_id, std::string event_id, base::utc_time now, completion<void> done) = 0;

    /// For the one dispatcher: lays new events out for their webhooks, then says what is due at
    /// `now`, at most `rows_max` of each webhook.
    virtual void take_due(base::utc_time now, std::size_t rows_max, completion<due_work> done) = 0;
    virtual void record_outcome(delivery_outcome outcome, completion<void> done) = 0;
    /// `changed` is called on the store's thread whenever there may be more to deliver: events
    /// (`webhooks` false), or other webhooks or deliveries to make again (true). Must not block.
    /// Before anybody else uses the store; empty: nobody any more, and none is under way then.
    virtual void watch_events(std::function<void(bool webhooks)> changed) = 0;
};

/// Most webhooks of one house; a dispatcher keeps a queue for each.
inline constexpr std::size_t webhooks_max = 50;

} // namespace rendezvous::service

template <>
struct rendezvous::call::word_table<rendezvous::service::webhook_status> {
    static constexpr auto words = std::to_array<std::string_view>({"active", "failing", "disabled"});
};
template <>
struct rendezvous::call::word_table<rendezvous::service::delivery_state> {
    static constexpr auto words = std::to_array<std::string_view>({"pending", "held", "delivered", "dead"});
};
