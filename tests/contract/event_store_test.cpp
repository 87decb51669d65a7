#include "contract_fixture.hpp"

#include "rendezvous/service/event_port.hpp"

namespace rendezvous::store_tests {
namespace {

using service::delivery_state;
using service::webhook_effect;
using service::webhook_status;

class EventStore : public StoreContract {
protected:
    std::vector<service::event_row> events(service::event_filter filter = {{}, {}, 200})
    {
        return ask<std::vector<service::event_row>>([&](auto done) { store_->list_events(filter, done); }).value();
    }
    std::vector<std::string> types()
    {
        std::vector<std::string> out;
        for (auto const& e : events()) out.push_back(e.type);
        return out;
    }
    std::string data_of(std::size_t n) { return events().at(n).data; }
    service::event_row append(std::string const& type, std::optional<std::string> only_for = {})
    {
        return ask<service::event_row>([&](auto done) {
            store_->append_event(type, R"({"a":1})", at(5), only_for, done);
        }).value();
    }

    static service::webhook_row webhook(unsigned n, std::vector<std::string> wanted = {})
    {
        service::webhook_row out;
        out.id = uuid(n);
        out.url = "https://booking.example/hooks";
        out.events = std::move(wanted);
        out.secret = "whsec_one";
        out.created_at = at(1);
        return out;
    }
    errc put_webhook(service::webhook_row const& row)
    {
        auto const stored = ask<void>([&](auto done) { store_->put_webhook(row, done); });
        return stored ? errc::ok : base::to_errc(stored.error());
    }
    result<service::webhook_row> change(unsigned n, service::webhook_change what)
    {
        return ask<service::webhook_row>([&](auto done) { store_->change_webhook(uuid(n), what, done); });
    }
    std::vector<service::webhook_row> webhooks()
    {
        return ask<std::vector<service::webhook_row>>([&](auto done) { store_->list_webhooks(done); }).value();
    }
    service::due_work due(std::int64_t when, std::size_t rows_max = 50)
    {
        return ask<service::due_work>([&](auto done) { store_->take_due(at(when), rows_max, done); }).value();
    }
    /// Types of what is due for the first webhook.
    std::vector<std::string> due_types(std::int64_t when)
    {
        std::vector<std::string> out;
        auto const work = due(when);
        if (work.webhooks.empty()) return out;
        for (auto const& d : work.webhooks[0].due) out.push_back(d.event.type);
        return out;
    }
    void record(unsigned webhook_no, std::string const& event, delivery_state state, std::int64_t when,
        webhook_effect effect = webhook_effect::none)
    {
        service::delivery_outcome what{uuid(webhook_no), event, at(when), state, at(when + 60), 500, "", effect};
        ASSERT_TRUE(ask<void>([&](auto done) { store_->record_outcome(what, done); }));
    }
    result<std::vector<service::delivery_row>> deliveries(
        unsigned n, std::optional<std::string> after = {}, std::size_t rows_max = 50)
    {
        return ask<std::vector<service::delivery_row>>(
            [&](auto done) { store_->list_deliveries(uuid(n), after, rows_max, done); });
    }
    errc redeliver(unsigned n, std::string const& event, std::int64_t when)
    {
        auto const out = ask<void>([&](auto done) { store_->redeliver(uuid(n), event, at(when), done); });
        return out ? errc::ok : base::to_errc(out.error());
    }
    void a_call(unsigned n, unsigned in, std::int64_t from)
    {
        ASSERT_EQ(ports_.append({started(n, in, from)}), errc::ok);
        ASSERT_EQ(ports_.append({answered(n, in, from + 1)}), errc::ok);
        ASSERT_EQ(ports_.append({ended(n, from + 10)}), errc::ok);
    }
};
INSTANTIATE_TEST_SUITE_P(Adapters, EventStore, adapters(), adapter_name);

using strings = std::vector<std::string>;

TEST_P(EventStore, TellsTheLifeOfAnAppointment)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(
        ports_.append({facts::attendance_noted{appointment_no(1), doctor_of(1), call::role::doctor, at(9)}}), errc::ok);
    ASSERT_EQ(ports_.append({facts::attendance_noted{appointment_no(1), patient_of(1), call::role::patient, at(10)}}),
        errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 11)}), errc::ok);
    ASSERT_EQ(ports_.append({answered(1, 1, 12)}), errc::ok);
    ASSERT_EQ(ports_.append({facts::call_connected{call_no(1), at(13), boot(13)}}), errc::ok);
    ASSERT_EQ(ports_.append({facts::call_alive{call_no(1), at(14)}}), errc::ok);
    ASSERT_EQ(
        ports_.append({facts::seat_left{call_no(1), patient_of(1), 1, call::leave_reason::lost, at(15)}}), errc::ok);
    ASSERT_EQ(ports_.append({ended(1, 20)}), errc::ok);
    ASSERT_EQ(ports_.append({facts::appointment_judged{
                  appointment_no(1), call::verdict::fulfilled, at(30), base::milliseconds{2'900}}}),
        errc::ok);

    EXPECT_EQ(types(),
        (strings{"appointment.arrived", "call.waiting", "call.participant_joined", "call.participant_joined",
            "call.active", "call.media_connected", "call.participant_left", "call.ended", "appointment.fulfilled"}));
    auto const call = R"("callId":")" + uuid(1) + R"(","appointmentId":"a1")";
    EXPECT_EQ(data_of(0), R"({"appointmentId":"a1","at":"2027-01-15T08:00:10.000Z"})");
    EXPECT_EQ(data_of(1), "{" + call + R"(,"state":"waiting","seq":1})");
    EXPECT_EQ(data_of(2), "{" + call + R"(,"participantId":")" + uuid(200'001) + R"(","role":"patient","seq":2})");
    EXPECT_EQ(data_of(3), "{" + call + R"(,"participantId":")" + uuid(100'001) + R"(","role":"doctor","seq":3})");
    EXPECT_EQ(data_of(4), "{" + call + R"(,"state":"active","previous":"waiting","seq":4})");
    EXPECT_EQ(data_of(5), "{" + call + R"(,"at":"2027-01-15T08:00:13.000Z","seq":5})");
    EXPECT_EQ(data_of(6),
        "{" + call + R"(,"participantId":")" + uuid(200'001) + R"(","role":"patient","leaveReason":"lost","seq":6})");
    EXPECT_EQ(data_of(7), "{" + call
                              + R"(,"state":"ended","previous":"active","endReason":"completed",)"
                                R"("durationSeconds":9,"billableSeconds":8,"seq":7})");
    EXPECT_EQ(data_of(8), R"({"appointmentId":"a1","at":"2027-01-15T08:00:30.000Z","waitedSeconds":2})");
    EXPECT_EQ(events()[7].at, at(20));
}

TEST_P(EventStore, TellsThatADoorWasOpenedButNotWhy)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 11),
                  facts::access_overridden{appointment_no(1), call_no(1), doctor_of(1), base::user_id{"dr"},
                      call::role::doctor, true, false, "pays at the desk", at(11)}}),
        errc::ok);
    auto const told = events().back();
    EXPECT_EQ(told.type, "access.override");
    EXPECT_EQ(told.data, R"({"callId":")" + uuid(1) + R"(","appointmentId":"a1","participantId":")" + uuid(100'001)
                             + R"(","role":"doctor","payment":true,"window":false,"seq":3})");
}

TEST_P(EventStore, ASeatThatFollowsOnesOwnIsNoEvent)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 11)}), errc::ok);
    auto again = answered(1, 1, 12);
    again.taken = seat_of(appointment_of(1).members[1], 2, at(12));
    again.replaces = 1;
    again.answers = false;
    ASSERT_EQ(ports_.append({again}), errc::ok);
    EXPECT_EQ(types(), (strings{"call.waiting", "call.participant_joined"}));
}

TEST_P(EventStore, ARefusedPartLeavesNoEvent)
{
    ASSERT_EQ(put(1), errc::ok);
    EXPECT_EQ(ports_.append({started(1, 1, 11), ended(7, 12)}), errc::illegal_transition);
    EXPECT_EQ(types(), strings{});
    a_call(2, 1, 20);
    EXPECT_EQ(types().front(), "call.waiting");
    EXPECT_NE(data_of(0).find("\"seq\":1}"), std::string::npos);
}

TEST_P(EventStore, CountsEachCallOnItsOwn)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(put(2), errc::ok);
    ASSERT_EQ(ports_.append({started(1, 1, 11), started(2, 2, 11)}), errc::ok);
    ASSERT_EQ(ports_.append({answered(2, 2, 12), answered(1, 1, 12)}), errc::ok);
    std::map<std::string, int> seen;
    for (auto const& e : events()) {
        auto const seq = std::to_string(++seen[e.call->str()]);
        EXPECT_TRUE(e.data.ends_with("\"seq\":" + seq + "}")) << e.data;
    }
    EXPECT_EQ(seen[uuid(1)], 4);
    EXPECT_EQ(seen[uuid(2)], 4);
}

TEST_P(EventStore, IsReadOldestFirstInPages)
{
    for (int i = 0; i < 5; ++i) append(i % 2 == 0 ? "audit.checkpoint" : "subject.erased");
    auto const first = events({{}, {}, 2});
    ASSERT_EQ(first.size(), 2U);
    EXPECT_LT(first[0].id, first[1].id);
    auto const rest = events({first[1].id, {}, 200});
    ASSERT_EQ(rest.size(), 3U);
    EXPECT_LT(first[1].id, rest[0].id);
    EXPECT_EQ(events({rest[2].id, {}, 200}).size(), 0U);
    auto const filtered = events({first[0].id, "audit.checkpoint", 200});
    ASSERT_EQ(filtered.size(), 2U);
    EXPECT_EQ(filtered[0].id, rest[0].id);
    for (auto const* const wrong : {"", "1", "zzzzzzzzzzzzzzzz-abc", "0000000000000001", "ffffffffffffffff-abc",
             "0000000000000001-0000000000000000000000000000000000000000", "' OR 1=1 --"}) {
        auto const got = ask<std::vector<service::event_row>>([&](auto done) {
            store_->list_events({wrong, {}, 10}, done);
        });
        ASSERT_FALSE(got) << wrong;
        EXPECT_EQ(got.error(), errc::bad_field) << wrong;
    }
}

TEST_P(EventStore, KeepsWebhooks)
{
    ASSERT_EQ(put_webhook(webhook(1, {"call.ended", "call.active"})), errc::ok);
    ASSERT_EQ(put_webhook(webhook(2)), errc::ok);
    ASSERT_EQ(webhooks().size(), 2U);
    EXPECT_EQ(webhooks()[0].id, uuid(2)) << "newest first";
    EXPECT_EQ(webhooks()[1].events, (strings{"call.ended", "call.active"}));
    EXPECT_EQ(webhooks()[1].status, webhook_status::active);

    service::webhook_change what;
    what.url = "https://other.example/";
    what.events = strings{"call.ended"};
    what.rotate = {"whsec_two", at(100)};
    auto const changed = change(1, what).value();
    EXPECT_EQ(changed.url, "https://other.example/");
    EXPECT_EQ(changed.events, (strings{"call.ended"}));
    EXPECT_EQ(changed.secret, "whsec_two");
    EXPECT_EQ(changed.previous_secret, "whsec_one");
    EXPECT_EQ(changed.previous_until, at(100));
    EXPECT_EQ(change(9, what).error(), errc::not_found);

    auto const remove = [&](unsigned n) {
        return ask<void>([&](auto done) { store_->delete_webhook(uuid(n), at(3), done); });
    };
    EXPECT_TRUE(remove(1));
    EXPECT_EQ(remove(1).error(), errc::not_found);
    EXPECT_EQ(change(1, what).error(), errc::not_found);
    EXPECT_EQ(deliveries(1).error(), errc::not_found);
    EXPECT_EQ(webhooks().size(), 1U);
}

TEST_P(EventStore, HasRoomForSoManyWebhooks)
{
    for (unsigned i = 0; i < service::webhooks_max; ++i) ASSERT_EQ(put_webhook(webhook(i)), errc::ok);
    EXPECT_EQ(put_webhook(webhook(1'000)), errc::rate_limited);
}

TEST_P(EventStore, DeliversWhatCameAfterTheWebhook)
{
    append("audit.checkpoint");
    ASSERT_EQ(put_webhook(webhook(1)), errc::ok);
    EXPECT_EQ(due_types(10), strings{});
    append("subject.erased");
    EXPECT_EQ(due_types(10), strings{"subject.erased"});
    EXPECT_EQ(due_types(10), strings{"subject.erased"}) << "until its outcome is known";
}

TEST_P(EventStore, DeliversWhatIsWanted)
{
    ASSERT_EQ(put_webhook(webhook(1, {"call.ended", "subject.erased"})), errc::ok);
    append("audit.checkpoint");
    append("subject.erased");
    append("webhook.test", uuid(1));
    append("webhook.test", uuid(2));
    EXPECT_EQ(due_types(10), (strings{"subject.erased", "webhook.test"}));
}

TEST_P(EventStore, KeepsTheOrderOfACall)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(put(2), errc::ok);
    ASSERT_EQ(put_webhook(webhook(1, {"call.waiting", "call.active", "call.ended"})), errc::ok);
    a_call(1, 1, 10);
    ASSERT_EQ(ports_.append({started(2, 2, 30)}), errc::ok);
    auto const first = due(40).webhooks[0].due;
    ASSERT_EQ(first.size(), 2U) << "one of each call";
    EXPECT_EQ(first[0].event.type, "call.waiting");
    EXPECT_EQ(first[0].event.call, call_no(1));
    EXPECT_EQ(first[1].event.call, call_no(2));

    record(1, first[0].event.id, delivery_state::pending, 41); // failed: again at 101
    record(1, first[1].event.id, delivery_state::delivered, 41);
    EXPECT_EQ(due_types(100), strings{}) << "the others of the call wait with it";
    EXPECT_EQ(due(100).next_at, at(101));
    EXPECT_EQ(due(100).oldest, at(10));
    EXPECT_EQ(due_types(101), strings{"call.waiting"});
    EXPECT_EQ(due(101).webhooks[0].due[0].attempts, 1U);
    record(1, first[0].event.id, delivery_state::delivered, 102);
    EXPECT_EQ(due_types(102), strings{"call.active"});
    record(1, due(102).webhooks[0].due[0].event.id, delivery_state::dead, 103);
    EXPECT_EQ(due_types(103), strings{"call.ended"}) << "what was given up holds up nobody";
    record(1, due(103).webhooks[0].due[0].event.id, delivery_state::delivered, 104);
    EXPECT_EQ(due_types(1'000), strings{});
    EXPECT_EQ(due(1'000).oldest, std::nullopt);
}

TEST_P(EventStore, GivesAtMostSoManyAtATime)
{
    ASSERT_EQ(put_webhook(webhook(1)), errc::ok);
    for (int i = 0; i < 5; ++i) append("audit.checkpoint");
    EXPECT_EQ(due(10, 2).webhooks[0].due.size(), 2U);
}

TEST_P(EventStore, LaysOutManyEventsInSeveralLooks)
{
    ASSERT_EQ(put_webhook(webhook(1)), errc::ok);
    for (int i = 0; i < 300; ++i) append("audit.checkpoint");
    EXPECT_TRUE(due(10, 1).more);
    EXPECT_FALSE(due(10, 1).more);
    EXPECT_EQ(due(10, 400).webhooks[0].due.size(), 300U);
}

TEST_P(EventStore, KnowsHowAWebhookFares)
{
    ASSERT_EQ(put_webhook(webhook(1)), errc::ok);
    auto const one = append("audit.checkpoint").id, two = append("audit.checkpoint").id;
    due(10);
    record(1, one, delivery_state::dead, 11, webhook_effect::failing);
    EXPECT_EQ(webhooks()[0].status, webhook_status::failing);
    EXPECT_EQ(webhooks()[0].failing_since, at(11));
    record(1, two, delivery_state::dead, 12, webhook_effect::failing);
    EXPECT_EQ(webhooks()[0].failing_since, at(11)) << "since the first";
    auto const three = append("audit.checkpoint").id;
    due(20);
    record(1, three, delivery_state::delivered, 21, webhook_effect::healthy);
    EXPECT_EQ(webhooks()[0].status, webhook_status::active);
    EXPECT_EQ(webhooks()[0].failing_since, std::nullopt);
}

TEST_P(EventStore, ADisabledWebhookGetsAllWhenItIsEnabledAgain)
{
    ASSERT_EQ(put_webhook(webhook(1)), errc::ok);
    auto const gone = append("audit.checkpoint").id;
    append("subject.erased");
    due(10);
    record(1, gone, delivery_state::dead, 11, webhook_effect::disabled);
    append("audit.checkpoint");
    EXPECT_EQ(due(12).webhooks.size(), 0U);
    service::webhook_change on;
    on.status = webhook_status::active;
    EXPECT_EQ(change(1, on).value().status, webhook_status::active);
    EXPECT_EQ(due_types(13), (strings{"subject.erased", "audit.checkpoint"}));
}

TEST_P(EventStore, ShowsAndRepeatsDeliveries)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(put_webhook(webhook(1, {"call.waiting", "call.active", "call.ended"})), errc::ok);
    a_call(1, 1, 10);
    auto const waiting = due(20).webhooks[0].due[0].event.id;
    record(1, waiting, delivery_state::delivered, 21);
    auto const active = due(22).webhooks[0].due[0].event.id;

    auto const all = deliveries(1).value();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].event.type, "call.ended");
    EXPECT_EQ(all[0].state, delivery_state::held);
    EXPECT_EQ(all[1].state, delivery_state::pending);
    EXPECT_EQ(all[2].state, delivery_state::delivered);
    EXPECT_EQ(all[2].attempts, 1U);
    EXPECT_EQ(all[2].http_status, 500U);
    EXPECT_EQ(all[2].tried_at, at(21));
    EXPECT_EQ(deliveries(1, all[1].event.id).value().size(), 1U);
    EXPECT_EQ(deliveries(1, all[0].event.id, 1).value()[0].event.id, active);
    EXPECT_EQ(deliveries(1, "x").error(), errc::bad_field);
    EXPECT_EQ(deliveries(2).error(), errc::not_found);

    EXPECT_EQ(redeliver(1, waiting, 30), errc::ok);
    EXPECT_EQ(due_types(30), strings{"call.active"}) << "what is on its way goes first";
    record(1, active, delivery_state::delivered, 31);
    EXPECT_EQ(due_types(31), strings{"call.waiting"});
    EXPECT_EQ(due(31).webhooks[0].due[0].attempts, 0U);
    record(1, waiting, delivery_state::delivered, 32);
    EXPECT_EQ(due_types(32), strings{"call.ended"});
    EXPECT_EQ(redeliver(1, "0000000000000999-x", 33), errc::not_found);
    EXPECT_EQ(redeliver(1, "x", 33), errc::not_found);
    EXPECT_EQ(redeliver(2, waiting, 33), errc::not_found);
}

TEST_P(EventStore, TellsTheDispatcherWhenThereMayBeWork)
{
    std::promise<bool> by_event, by_webhook;
    std::atomic<int> told = 0;
    store_->watch_events([&](bool webhooks) {
        if (++told == 1) by_event.set_value(webhooks);
        if (told == 2) by_webhook.set_value(webhooks);
    });
    ASSERT_EQ(put(1), errc::ok); // no event
    append("audit.checkpoint");
    EXPECT_FALSE(by_event.get_future().get());
    ASSERT_EQ(put_webhook(webhook(1)), errc::ok);
    EXPECT_TRUE(by_webhook.get_future().get());
    store_->watch_events({});
    append("audit.checkpoint");
    events();
    EXPECT_EQ(told, 2);
}

} // namespace
} // namespace rendezvous::store_tests
