#include "contract_fixture.hpp"
#include "rendezvous/store/audit_chain.hpp"

#include <algorithm>

namespace rendezvous::store_tests {
namespace {

using service::actor_kind;
using service::audit_entry;

class AuditStore : public StoreContract {
protected:
    static audit_entry entry(std::string const& actor, std::string const& action, std::string const& object, int second)
    {
        audit_entry out;
        out.at = at(second);
        out.actor = actor_kind::user;
        out.actor_id = actor;
        out.action = action;
        out.object = object;
        out.outcome = "ok";
        out.ip_prefix = "192.0.2.0/24";
        out.request_id = uuid(static_cast<unsigned>(second));
        return out;
    }
    service::page<service::audit_row> list(service::audit_filter filter = {})
    {
        return ask<service::page<service::audit_row>>([&](auto done) { store_->list_audit(filter, done); }).value();
    }
    store::chain_report verify()
    {
        return ask<store::chain_report>([&](auto done) {
            store_->verify_chain(done, store::chain_kind::audit);
        }).value();
    }
    result<service::erasure_report> erase(std::string const& user, std::string const& pseudonym)
    {
        audit_entry by = entry("", "subject.erase", "", 900);
        by.actor = actor_kind::api_key;
        by.actor_id = "booking";
        by.subject = base::user_id{user};
        return ask<service::erasure_report>(
            [&](auto done) { store_->erase_subject(base::user_id{user}, base::user_id{pseudonym}, by, done); });
    }
    result<service::subject_record> exported(std::string const& user)
    {
        return ask<service::subject_record>([&](auto done) { store_->export_subject(base::user_id{user}, done); });
    }
};
INSTANTIATE_TEST_SUITE_P(Adapters, AuditStore, adapters(), adapter_name);

TEST_P(AuditStore, KeepsWhatWasRecordedInOrderAndShowsItNewestFirst)
{
    store_->record(entry("dr", "appointment.read", "", 1));
    store_->record(entry("dr", "call.read", "call:x", 2));
    auto const rows = list().rows;
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].seq, 2U);
    EXPECT_EQ(rows[0].action, "call.read");
    EXPECT_EQ(rows[0].object, "call:x");
    EXPECT_EQ(rows[0].at, at(2));
    EXPECT_EQ(rows[0].actor_user, base::user_id{"dr"});
    EXPECT_NE(rows[0].actor_ref, "dr");
    EXPECT_EQ(rows[0].ip_prefix, "192.0.2.0/24");
    EXPECT_EQ(rows[1].actor_ref, rows[0].actor_ref);
    auto const report = verify();
    EXPECT_EQ(report.rows, 2U);
    EXPECT_EQ(report.head, rows[0].hash);
    EXPECT_FALSE(report.broken);
}

TEST_P(AuditStore, NamesThePatientOfAnAppointmentOrCallAsTheSubject)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 100)}), errc::ok);
    store_->record(entry("dr", "appointment.read", "appointment:a1", 1));
    store_->record(entry("dr", "call.read", "call:" + call_no(1).str(), 2));
    store_->record(entry("dr", "appointment.read", "appointment:unknown", 3));
    service::audit_filter about;
    about.subject = base::user_id{"pat1"};
    auto const rows = list(about).rows;
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].subject, base::user_id{"pat1"});
    EXPECT_EQ(rows[1].action, "appointment.read");
}

TEST_P(AuditStore, AnswersWhoAccessedAPersonBetweenTwoMoments)
{
    ASSERT_EQ(put(1), errc::ok);
    for (int second = 0; second < 10; ++second)
        store_->record(entry(second % 2 ? "dr" : "desk", "appointment.read", "appointment:a1", second));
    service::audit_filter f;
    f.subject = base::user_id{"pat1"};
    f.actor = "dr";
    f.from = at(3);
    f.to = at(9);
    auto const rows = list(f).rows;
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows.front().at, at(7));
    EXPECT_EQ(rows.back().at, at(3));
    f.action = "call.read";
    EXPECT_TRUE(list(f).rows.empty());
    f.action.reset();
    f.subject = base::user_id{"nobody"};
    EXPECT_TRUE(list(f).rows.empty());
}

TEST_P(AuditStore, PagesThroughEveryRowOnce)
{
    for (int second = 0; second < 300; ++second) store_->record(entry("dr", "x", "", second / 7));
    service::audit_filter f;
    f.rows_max = 40;
    std::vector<std::uint64_t> seen;
    for (;;) {
        auto const page = list(f);
        for (auto const& row : page.rows) seen.push_back(row.seq);
        if (!page.next) break;
        f.after = page.next;
    }
    ASSERT_EQ(seen.size(), 300U);
    for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], 300 - i);
    f.after = "no cursor";
    auto const wrong = ask<service::page<service::audit_row>>([&](auto done) { store_->list_audit(f, done); });
    EXPECT_EQ(wrong.error(), errc::bad_field);
}

TEST_P(AuditStore, KeepsTheReasonOfAnOverrideWithTheCallItOpened)
{
    ASSERT_EQ(put(1), errc::ok);
    facts::access_overridden opened{appointment_no(1), call_no(1), doctor_of(1), base::user_id{"dr"},
        call::role::doctor, true, false, "the patient is at the desk", at(100)};
    ASSERT_EQ(ports_.append({started(1, 1, 100), opened}), errc::ok);
    // What cannot be stored leaves no row either.
    EXPECT_EQ(ports_.append({started(2, 1, 101), opened}), errc::illegal_transition);
    auto const rows = list().rows;
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].action, "access.override");
    EXPECT_EQ(rows[0].object, "appointment:a1");
    EXPECT_EQ(rows[0].subject, base::user_id{"pat1"});
    EXPECT_EQ(rows[0].reason, "the patient is at the desk");
    EXPECT_FALSE(verify().broken);
}

TEST_P(AuditStore, ForgetsAPersonAndItsChainStillHolds)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(put(2), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 100)}), errc::ok);
    store_->record(entry("pat1", "appointment.read", "appointment:a1", 1));
    store_->record(entry("dr", "appointment.read", "appointment:a1", 2));
    store_->record(entry("dr", "appointment.read", "appointment:a2", 3));
    auto const before = exported("pat1").value();
    EXPECT_EQ(before.participations.size(), 1U);
    EXPECT_EQ(before.participations[0].name, "Ana");
    ASSERT_EQ(before.calls.size(), 1U);
    EXPECT_TRUE(before.calls[0].started_by_them);
    ASSERT_EQ(before.audit.size(), 2U);
    EXPECT_EQ(before.audit[0].actor_user, std::nullopt) << "the doctor is another person";
    EXPECT_EQ(before.audit[1].actor_user, base::user_id{"pat1"});

    auto const report = erase("pat1", "erased-1").value();
    EXPECT_EQ(report.participations, 1U);
    EXPECT_EQ(report.seats, 1U);
    EXPECT_TRUE(report.key_destroyed);
    EXPECT_EQ(report.audit_rows, 3U);
    EXPECT_EQ(exported("pat1").error(), errc::not_found);
    EXPECT_EQ(erase("pat1", "erased-2").error(), errc::not_found);
    auto const call = ask<call::call_record>([&](auto done) { store_->get_call(call_no(1), done); }).value();
    EXPECT_EQ(call.started_by_user.str(), "erased-1");
    EXPECT_EQ(call.seats.at(0).name, "");
    auto const rows = list().rows;
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(rows[0].action, "subject.erase");
    auto const names_nobody = [](service::audit_row const& r) { return r.object != "appointment:a1" || !r.subject; };
    EXPECT_TRUE(std::all_of(rows.begin(), rows.end(), names_nobody));
    EXPECT_EQ(rows[1].subject, base::user_id{"pat2"});
    EXPECT_FALSE(verify().broken);
    EXPECT_EQ(verify().rows, 4U);
}

TEST_P(AuditStore, DoesNotMakeAPersonKnownWhoIsOnlyAskedFor)
{
    auto asked = entry("dr", "subject.read", "", 1);
    asked.subject = base::user_id{"nobody"};
    store_->record(asked);
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_TRUE(erase("pat1", "erased-1").has_value());
    store_->record(entry("pat1", "appointment.read", "appointment:a1", 1000)); // an old token
    auto const rows = list().rows;
    EXPECT_EQ(rows.back().subject_ref, "");
    EXPECT_EQ(rows.front().actor_ref, "");
}

} // namespace
} // namespace rendezvous::store_tests
