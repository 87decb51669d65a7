#pragma once

#include "audit_writer.hpp"
#include "chain_writer.hpp"
#include "database.hpp"
#include "outbox.hpp"
#include "reads.hpp"
#include "rendezvous/store/backend.hpp"

#include <string>
#include <type_traits>

namespace rendezvous::store::sqlite {

/// The records in one SQLite file through one connection: SQLite 3.40.1 has a bug with several
/// (WAL reset), and one is enough where writes are batched.
class sqlite_backend final : public backend {
public:
    /// `clock` must outlive it. Errors: throws open_error.
    sqlite_backend(std::filesystem::path const& file, std::filesystem::path const& migrations_dir,
        base::clock const& clock, std::string boot_id);

    result<void> begin() override;
    result<void> commit() override;
    void rollback() noexcept override;
    result<void> begin_part() override;
    result<void> keep_part() override;
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
    std::uint64_t events_added() const noexcept override { return outbox_.added(); }

    result<std::size_t> sweep(base::utc_time now, std::size_t rows_max) override;
    result<std::unique_ptr<copy_job>> start_backup(std::filesystem::path const& target) override;
    unsigned schema_version() const noexcept override { return base_.schema_version(); }

    std::string trouble() const override { return trouble_; }

private:
    std::size_t sweep_credentials(base::utc_time now, std::size_t rows_max);
    /// Runs `work`, which throws failure, and gives its value or the error it means.
    template <class Work>
    auto attempt(Work&& work) -> result<std::invoke_result_t<Work>>
    {
        using outcome = result<std::invoke_result_t<Work>>;
        try {
            return outcome(boost::system::in_place_value, work());
        } catch (failure const& e) {
            return outcome(boost::system::in_place_error, note(e));
        }
    }
    result<void> attempt_exec(char const* sql);
    base::errc note(failure const& e);
    void bound_log();

    database base_;
    connection& db_;
    reads reads_;
    chain_writer chain_;
    outbox outbox_;
    std::optional<chain_writer::end> part_mark_; ///< where the chain ended when the part began
    audit_writer audit_;
    std::optional<audit_writer::end> audit_mark_;
    base::clock const& clock_;
    std::filesystem::path const log_file_;
    base::boot_time log_looked_at_{};
    bool log_long_ = false;
    std::string const boot_id_;
    std::string trouble_;
};

} // namespace rendezvous::store::sqlite
