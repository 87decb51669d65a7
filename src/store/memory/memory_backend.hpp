#pragma once

#include "../event_of.hpp"
#include "outbox.hpp"
#include "rendezvous/store/audit_chain.hpp"
#include "rendezvous/store/backend.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace rendezvous::store::memory {

/// An appointment and which of its calls is the newest.
struct kept_appointment {
    call::appointment value;
    call::attendance attendance;
    std::optional<base::call_id> newest;
};

/// By which key and reference the account names a person.
struct kept_subject {
    std::string key, ref;
};

/// All that is kept.
struct tables {
    std::map<std::string, kept_appointment> appointments;
    std::map<std::string, call::call_record> calls;
    std::vector<chain_row> events;                             ///< the chain; row n has event_id n + 1
    std::map<std::string, std::vector<std::size_t>> events_of; ///< by call: places in `events`
    std::map<std::string, service::api_key_row> keys;          ///< by hash
    std::map<std::string, service::invite_row> invites;        ///< by id
    std::map<std::string, kept_event> outbox;                  ///< by `place_key`
    std::map<std::string, kept_webhook> webhooks;              ///< by id
    std::map<std::string, service::delivery_row> deliveries;   ///< by `delivery_key`
    std::map<std::string, call::done_command> done;            ///< by `done_key`
    std::map<std::string, service::token_row> tokens;          ///< by `jti`
    std::map<std::string, service::revocation> revocations;    ///< by kind and id
    std::vector<audit_chain_row> audit;                        ///< its chain; row n has seq n + 1
    std::map<std::string, kept_subject> subjects;              ///< by user id
    std::set<std::string> buried;                              ///< erased: no new key for an old token
};

/// Where a command of an appointment is kept; those of one appointment lie together.
std::string done_key(base::appointment_id const& id, std::string const& name);

/// Takes back what a transaction or a part has changed: the functions are run from last to first.
class undo_log {
public:
    using step = std::function<void(tables&)>;
    void add(step undo) { steps_.push_back(std::move(undo)); }
    std::size_t mark() const { return steps_.size(); }
    void go_back(tables& all, std::size_t mark)
    {
        for (; steps_.size() > mark; steps_.pop_back()) steps_.back()(all);
    }
    void clear() { steps_.clear(); }
    /// Remembers how `key` stands in one of the tables now.
    template <class Value>
    void keep(std::map<std::string, Value> tables::*table, tables const& all, std::string const& key)
    {
        auto const found = (all.*table).find(key);
        if (found == (all.*table).end())
            add([table, key](tables& t) { (t.*table).erase(key); });
        else
            add([table, key, old = found->second](tables& t) { (t.*table).insert_or_assign(key, old); });
    }

private:
    std::vector<step> steps_;
};

/// Whether the stored state is the one that the fact starts from; the same conditions as the
/// statements of sqlite/fact_writer.
bool follows(tables const& all, call::fact const& happened);

class memory_backend : public backend {
public:
    result<void> begin() override { return {}; }
    result<void> commit() override;
    void rollback() noexcept override { undo_.go_back(all_, 0); }
    result<void> begin_part() override;
    result<void> keep_part() override { return {}; }
    result<void> drop_part() override;
    result<void> apply(call::fact const& happened) override;

    result<call::room_record> load_room(base::appointment_id const& id, base::utc_time now) override;
    result<std::vector<base::appointment_id>> open_rooms(
        base::appointment_id const& after, std::size_t rows_max) override;
    result<chunk<call::call_record>> list_calls(
        service::call_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max) override;
    result<std::vector<base::appointment_id>> unjudged(base::utc_time now, std::size_t rows_max) override;
    result<chunk<call::room_record>> list_appointments(service::appointment_filter const& filter,
        std::optional<list_key> const& before, std::size_t rows_max) override;
    result<call::call_record> get_call(base::call_id const& id) override;
    result<std::vector<service::call_event_row>> list_call_events(
        base::call_id const& id, std::uint64_t after, std::size_t rows_max) override;
    result<std::vector<chain_row>> chain_rows(std::uint64_t after, std::size_t rows_max) override;

    result<void> put_api_key(service::api_key_row const& row) override;
    result<std::size_t> revoke_api_keys(std::string const& name, base::utc_time at) override;
    result<std::vector<service::api_key_row>> list_api_keys() override;
    result<service::api_key_row> find_api_key(std::string const& hash) override;
    result<void> put_invite(service::invite_row const& row) override;
    result<service::invite_row> find_invite(std::string const& hash) override;
    result<std::vector<service::invite_row>> list_invites(
        base::appointment_id const& id, std::size_t rows_max) override;
    result<void> revoke_invite(
        base::appointment_id const& id, std::string const& invite_id, base::utc_time at) override;

    result<void> add_audit(service::audit_entry const& what) override;
    result<chunk<service::audit_row>> list_audit(
        service::audit_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max) override;
    result<std::vector<audit_chain_row>> audit_rows(std::uint64_t after, std::size_t rows_max) override;
    result<chain_anchor> anchor(chain_kind chain) override;
    result<std::vector<service::subject_participation>> participations_of(
        base::user_id const& user, std::size_t skip, std::size_t rows_max) override;
    result<std::vector<service::subject_call>> calls_of(
        base::user_id const& user, std::size_t skip, std::size_t rows_max) override;
    result<std::vector<service::subject_invite>> invites_of(
        base::user_id const& user, std::size_t skip, std::size_t rows_max) override;
    result<service::erasure_report> erase(
        base::user_id const& user, base::user_id const& pseudonym, std::vector<std::string>& needles) override;
    result<std::unique_ptr<scrub_job>> start_scrub(std::vector<std::string> needles) override;

    result<void> put_token(service::token_row const& row) override;
    result<service::revocation> revoke(service::revocation const& what) override;
    result<std::vector<service::revocation>> list_revocations(base::utc_time now, std::size_t rows_max) override;
    result<unsigned> take_pin_try(std::string const& invite_id) override;
    result<void> redeem_invite(std::string const& invite_id, service::token_row const& given) override;
    result<service::invite_row> reissue_invite(base::appointment_id const& id, std::string const& invite_id,
        std::string const& hash, std::optional<base::utc_time> const& expires_at) override;
    result<service::event_row> append_event(std::string const& type, std::string const& data, base::utc_time at,
        std::optional<std::string> const& only_for) override;
    result<std::vector<service::event_row>> list_events(
        std::uint64_t after, std::optional<std::string> const& type, std::size_t rows_max) override;
    result<void> put_webhook(service::webhook_row const& row) override;
    result<std::vector<service::webhook_row>> list_webhooks() override;
    result<service::webhook_row> change_webhook(std::string const& id, service::webhook_change const& change) override;
    result<void> delete_webhook(std::string const& id, base::utc_time now) override;
    result<std::vector<service::delivery_row>> list_deliveries(
        std::string const& webhook_id, std::uint64_t before, std::size_t rows_max) override;
    result<void> redeliver(std::string const& webhook_id, std::uint64_t position, base::utc_time now) override;
    result<service::due_work> take_due(base::utc_time now, std::size_t rows_max) override;
    result<void> record_outcome(service::delivery_outcome const& outcome) override;
    std::uint64_t events_added() const noexcept override { return events_added_; }

    result<std::size_t> sweep(base::utc_time now, std::size_t rows_max) override;
    result<std::unique_ptr<copy_job>> start_backup(std::filesystem::path const& target) override;
    unsigned schema_version() const noexcept override { return 0; }

private:
    std::size_t sweep_credentials(base::utc_time now, std::size_t rows_max);
    void add_event(event_draft const& event);
    std::optional<std::string> known_ref(std::string const& user) const;
    std::string ref_of(base::user_id const& user);
    service::audit_row shown(audit_chain_row const& kept) const;
    outbox_context look_up(call::fact const& happened) const;
    service::event_row add_outbox(outbox_draft const& event, std::optional<std::string> const& only_for = {});
    bool is_under_way(std::string const& webhook_id, std::optional<base::call_id> const& call) const;
    bool lay_out(kept_webhook& to, base::utc_time now);
    void release_next(std::string const& webhook_id, base::call_id const& call, base::utc_time now);
    void apply_effect(service::delivery_outcome const& outcome);
    std::size_t sweep_events(base::utc_time now, std::size_t rows_max);
    call::room_record room_of(kept_appointment const& a) const;

    tables all_;
    undo_log undo_;
    std::size_t part_ = 0;
    std::uint64_t events_added_ = 0;
};

} // namespace rendezvous::store::memory
