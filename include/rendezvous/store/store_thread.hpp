#pragma once

#include "rendezvous/base/clock.hpp"
#include "rendezvous/base/limits.hpp"
#include "rendezvous/service/event_port.hpp"
#include "rendezvous/service/ports.hpp"
#include "rendezvous/service/token_port.hpp"
#include "rendezvous/service/subject_port.hpp"
#include "rendezvous/store/audit_buffer.hpp"
#include "rendezvous/store/backend.hpp"
#include "rendezvous/store/chain.hpp"

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rendezvous::store {

/// Bounds of a store thread; the defaults are the product's.
struct store_options {
    std::size_t queue_max = base::limits::store_queue_max;           ///< writes waiting, and as many reads
    std::size_t batch_max = 256;                                     ///< appends in one transaction
    base::milliseconds write_timeout{2'000};                         ///< queued to durable, then store_unavailable
    base::milliseconds sweep_interval{60'000};                       ///< from one search for expired rows to the next
    std::size_t sweep_rows_max = 256;                                ///< deleted at a time
    std::size_t audit_backlog_max = base::limits::store_backlog_max; ///< entries of the account that wait
    base::milliseconds audit_delay{1'000};                           ///< longest way of one to the disk
};

/// The three ports over one backend and one thread of its own, named `rdv-store`.
///
/// Writes go before reads. All waiting writes (up to `batch_max`) share one transaction, so one
/// fsync, each in a part of its own: a refused one takes nobody with it. A transaction that fails
/// is tried again until the oldest write in it has waited `write_timeout`; what is answered
/// store_unavailable is not stored and never will be. Reads, backups and the walk along the chain
/// are cut into slices of about 2 ms, between which waiting writes are done. What has been kept long
/// enough (retention.hpp) is deleted in small slices when nothing waits at all.
///
/// Thread: any, except that construction and destruction happen where nobody else uses it.
/// Completions run on the store's thread, in the order of the writes, and must neither block nor
/// throw. A full queue answers store_unavailable, also on the store's thread. The destructor tries
/// once more what waits to be written, then answers all that is left with store_unavailable.
class store_thread final : public service::call_store,
                           public service::call_reader,
                           public service::credential_store,
                           public service::audit_store,
                           public service::subject_store,
                           public service::token_store,
                           public service::event_store {
public:
    /// `clock` must outlive the store.
    store_thread(std::unique_ptr<backend> records, base::clock const& clock, store_options options = {});
    ~store_thread() override;
    store_thread(store_thread const&) = delete;
    store_thread& operator=(store_thread const&) = delete;

    void append(std::vector<call::fact> facts, service::completion<void> done) override;

    void load_room(base::appointment_id id, service::completion<call::room_record> done) override;
    void open_rooms(service::completion<std::vector<base::appointment_id>> done) override;
    void unjudged(
        base::utc_time now, std::size_t rows_max, service::completion<std::vector<base::appointment_id>> done) override;
    void list_calls(service::call_filter filter, service::completion<service::page<call::call_record>> done) override;
    void get_call(base::call_id id, service::completion<call::call_record> done) override;
    void list_call_events(base::call_id id, service::completion<std::vector<service::call_event_row>> done) override;
    void list_appointments(
        service::appointment_filter filter, service::completion<service::page<service::appointment_row>> done) override;

    void put_api_key(service::api_key_row row, service::completion<void> done) override;
    void revoke_api_keys(std::string name, base::utc_time at, service::completion<std::size_t> done) override;
    void list_api_keys(service::completion<std::vector<service::api_key_row>> done) override;
    void find_api_key(std::string hash, service::completion<service::api_key_row> done) override;
    void put_invite(service::invite_row row, service::completion<void> done) override;
    void find_invite(std::string hash, service::completion<service::invite_row> done) override;
    void list_invites(base::appointment_id id, service::completion<std::vector<service::invite_row>> done) override;
    void revoke_invite(
        base::appointment_id id, std::string invite_id, base::utc_time at, service::completion<void> done) override;

    void put_token(service::token_row row, service::completion<void> done) override;
    void revoke(service::revocation what, service::completion<service::revocation> done) override;
    void list_revocations(base::utc_time now, std::size_t rows_max,
        service::completion<std::vector<service::revocation>> done) override;
    void take_pin_try(std::string invite_id, service::completion<unsigned> done) override;
    void redeem_invite(std::string invite_id, service::token_row given, service::completion<void> done) override;
    void reissue_invite(base::appointment_id id, std::string invite_id, std::string hash,
        std::optional<base::utc_time> expires_at, service::completion<service::invite_row> done) override;

    void append_event(std::string type, std::string data, base::utc_time at, std::optional<std::string> only_for,
        service::completion<service::event_row> done) override;
    void list_events(service::event_filter filter, service::completion<std::vector<service::event_row>> done) override;
    void put_webhook(service::webhook_row row, service::completion<void> done) override;
    void list_webhooks(service::completion<std::vector<service::webhook_row>> done) override;
    void change_webhook(
        std::string id, service::webhook_change change, service::completion<service::webhook_row> done) override;
    void delete_webhook(std::string id, base::utc_time now, service::completion<void> done) override;
    void list_deliveries(std::string webhook_id, std::optional<std::string> after, std::size_t rows_max,
        service::completion<std::vector<service::delivery_row>> done) override;
    void redeliver(
        std::string webhook_id, std::string event_id, base::utc_time now, service::completion<void> done) override;
    void take_due(base::utc_time now, std::size_t rows_max, service::completion<service::due_work> done) override;
    void record_outcome(service::delivery_outcome outcome, service::completion<void> done) override;
    void watch_events(std::function<void(bool webhooks)> changed) override;

    /// A consistent copy of the whole database at `target`, mode 0600, while the store works on.
    /// The copy appears under its name when it is complete and durable.
    /// Errors: `file_exists` and others of the file system, store_unavailable,
    /// `operation_not_supported` in memory.
    void backup(std::filesystem::path target, service::completion<void> done);
    /// Walks along a hash chain, from its newest anchor on.
    void verify_chain(service::completion<chain_report> done, chain_kind chain = chain_kind::calls);

    void record(service::audit_entry what) override;
    void list_audit(service::audit_filter filter, service::completion<service::page<service::audit_row>> done) override;
    void export_subject(base::user_id user, service::completion<service::subject_record> done) override;
    void appointments_of(base::user_id user, service::completion<std::vector<base::appointment_id>> done) override;
    void erase_subject(base::user_id user, base::user_id pseudonym, service::audit_entry by,
        service::completion<service::erasure_report> done) override;

    /// Number of the newest migration applied; 0 in memory.
    unsigned schema_version() const noexcept { return schema_version_; }

    /// One write: all of it in one part of a transaction.
    struct write_job {
        std::function<result<void>(backend&)> work;
        service::completion<void> done;
        base::boot_time deadline{};
    };
    /// One read, cut into slices.
    class read_job {
    public:
        virtual ~read_job() = default;
        /// One slice; true when it has been answered.
        virtual bool step(backend& records) = 0;
        /// Answers it with an error instead.
        virtual void refuse(base::errc why) = 0;
    };

private:
    void push_write(std::function<result<void>(backend&)> work, service::completion<void> done);
    void push_read(std::unique_ptr<read_job> job);
    void run();
    void run_once(std::unique_lock<std::mutex>& lock);
    void finish();
    void write_some(std::unique_lock<std::mutex>& lock);
    void read_some(std::unique_lock<std::mutex>& lock);
    bool idle() const;
    void rest(std::unique_lock<std::mutex>& lock);
    bool sweep();
    std::vector<write_job> take_batch();
    bool try_batch(std::vector<write_job>& batch, std::vector<result<void>>& outcomes);
    std::vector<service::audit_entry> take_audit();
    bool audit_due() const;
    bool write_audit(std::vector<service::audit_entry> const& entries);
    result<void> write_part(write_job& job, bool& broken);
    void note_failure(bool failing);
    service::completion<void> telling(bool webhooks, service::completion<void> done);
    void tell_watcher(bool webhooks);
    void note_events();

    std::unique_ptr<backend> records_;
    base::clock const& clock_;
    store_options const options_;
    unsigned const schema_version_;

    std::mutex guard_; ///< of the five below
    std::condition_variable changed_;
    std::deque<write_job> writes_;
    std::deque<std::unique_ptr<read_job>> reads_;
    std::vector<std::function<void()>> refusals_; ///< answers for which there was no room
    audit_buffer audit_;
    bool stopping_ = false;

    std::mutex watch_guard_; ///< held while the watcher is told
    std::function<void(bool webhooks)> changed_events_;

    // Store's thread only.
    std::uint64_t events_seen_ = 0; ///< as the backend counted them at the last commit
    bool failing_ = false;          ///< the last transaction failed
    base::boot_time sweep_at_;
    std::vector<std::string> needles_; ///< of erased persons, until no file holds them any more
    std::thread thread_;
};

} // namespace rendezvous::store
