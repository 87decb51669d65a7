#include "rendezvous/service/call_service.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>

namespace rendezvous::service {
namespace {

using base::errc;
using base::milliseconds;
namespace commands = call::commands;

/// Keeps every request until the test answers it.
class patient_store final : public call_store, public call_reader {
public:
    void append(std::vector<call::fact> facts, completion<void> done) override
    {
        asked.push_back(std::move(facts));
        waiting.push_back(std::move(done));
    }
    void load_room(base::appointment_id, completion<call::room_record> done) override { done(record); }
    void open_rooms(completion<std::vector<base::appointment_id>> done) override { done(errc::internal); }
    void unjudged(base::utc_time, std::size_t, completion<std::vector<base::appointment_id>> done) override
    {
        done(errc::internal);
    }
    void list_calls(call_filter, completion<page<call::call_record>> done) override { done(errc::internal); }
    void get_call(base::call_id, completion<call::call_record> done) override { done(errc::internal); }
    void list_call_events(base::call_id, completion<std::vector<call_event_row>> done) override
    {
        done(errc::internal);
    }
    void list_appointments(appointment_filter, completion<page<appointment_row>> done) override
    {
        done(errc::internal);
    }

    void answer(result<void> with)
    {
        auto const done = std::move(waiting.front());
        waiting.pop_front();
        done(with);
    }

    call::room_record record;
    std::vector<std::vector<call::fact>> asked;
    std::deque<completion<void>> waiting;
};

class CallServiceTest : public testing::Test, public event_sink {
protected:
    CallServiceTest()
        : clock(*base::from_rfc3339("2026-11-20T14:00:00Z")),
          service({store, store, *this, clock, [this](auto work) { posted.push_back(std::move(work)); },
                      [](auto const&, auto const&) {}, [this](auto span) { wake = span; }},
              rules, limits)
    {
        call::appointment a;
        a.id = id;
        a.start = a.opens_at = clock.now().utc;
        a.end = a.closes_at = a.start + milliseconds{3'600'000};
        a.members = {{base::participant_id{"p-doc"}, base::user_id{"doc"}, call::role::doctor, "", {}},
            {base::participant_id{"p-pat"}, base::user_id{"pat"}, call::role::patient, "", {}}};
        a.status = call::appointment_status::arrived;
        store.record.appointment = a;
        store.record.attendance.patient_came_at = store.record.attendance.staff_came_at = a.start;
        enter("doc", call::role::doctor);
        enter("pat", call::role::patient);
    }

    void enter(std::string const& user, call::role role)
    {
        submit(commands::enter{speaker(user, role), "", "", false});
    }
    call::speaker speaker(std::string const& user, call::role role)
    {
        return {base::user_id{user}, role, base::session_id{"s-" + user}};
    }
    call::speaker doc() { return speaker("doc", call::role::doctor); }
    call::speaker pat() { return speaker("pat", call::role::patient); }
    commands::start_call start(call::speaker who, std::string call)
    {
        return {std::move(who), base::call_id{std::move(call)}, {}, nullptr};
    }

    /// The answers arrive in `answers`, in order.
    void submit(call::command asked)
    {
        service.submit(id, std::move(asked), [this](result<call::outcome> got) { answers.push_back(std::move(got)); });
        run();
    }
    void run()
    {
        while (!posted.empty()) {
            auto const work = std::move(posted.front());
            posted.pop_front();
            work();
        }
    }
    void stored(result<void> with = {})
    {
        store.answer(with);
        run();
    }
    template <class Event>
    std::size_t told(std::string const& session) const
    {
        std::size_t count = 0;
        for (auto const& [to, event] : events)
            if (to == session && std::holds_alternative<Event>(event)) ++count;
        return count;
    }

    void deliver(base::session_id const& to, call::event const& what) override { events.emplace_back(to.str(), what); }
    void close(base::session_id const&, call::close_reason) override {}
    void seat_changed(base::session_id const&, bool) override {}

    base::appointment_id const id{"A-1"};
    base::manual_clock clock;
    call::room_rules rules;
    base::limits limits;
    patient_store store;
    std::deque<std::function<void()>> posted;
    std::optional<milliseconds> wake;
    std::vector<result<call::outcome>> answers;
    std::vector<std::pair<std::string, call::event>> events;
    call_service service;
};

TEST_F(CallServiceTest, NobodyIsToldBeforeItIsStored)
{
    answers.clear();
    submit(start(pat(), "c1"));
    EXPECT_TRUE(answers.empty());
    EXPECT_EQ(told<call::events::active_call>("s-doc"), 0U);
    stored();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_TRUE(answers[0]);
    EXPECT_EQ(told<call::events::active_call>("s-doc"), 1U);
}

TEST_F(CallServiceTest, TwoStartsAtOnceMeetOneAfterTheOther)
{
    answers.clear();
    submit(start(pat(), "c1"));
    submit(start(doc(), "c2"));
    EXPECT_EQ(store.waiting.size(), 1U); // the second one waits for the first
    stored();
    stored();
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[1]->call->id.str(), "c1");
    EXPECT_TRUE(answers[1]->joined_existing);
}

TEST_F(CallServiceTest, SignalsPassWhileTheStoreIsBusy)
{
    submit(start(pat(), "c1"));
    stored();
    submit(start(doc(), "c2"));
    stored();
    submit(commands::end_call{doc(), {}, false});
    ASSERT_EQ(store.waiting.size(), 1U);
    EXPECT_EQ(
        service.relay(id, {base::session_id{"s-pat"}, {}, {}, std::make_shared<std::string const>("1")}), errc::ok);
    EXPECT_EQ(told<call::events::signal>("s-doc"), 1U);
}

TEST_F(CallServiceTest, AStartThatCannotBeStoredNeverWas)
{
    answers.clear();
    submit(start(pat(), "c1"));
    stored(errc::store_unavailable);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(base::to_errc(answers[0].error()), errc::store_unavailable);
    EXPECT_EQ(told<call::events::active_call>("s-doc"), 0U);
    submit(start(pat(), "c2"));
    stored();
    EXPECT_EQ(answers[1]->call->id.str(), "c2");
}

TEST_F(CallServiceTest, AnEndIsToldEvenIfTheStoreFailsAndWrittenFirstWhenItHeals)
{
    submit(start(pat(), "c1"));
    stored();
    answers.clear();
    submit(commands::end_call{pat(), {}, false});
    stored(errc::store_unavailable);
    EXPECT_TRUE(answers.at(0));
    EXPECT_EQ(told<call::events::call_ended>("s-doc"), 1U);
    EXPECT_EQ(service.backlog_size(), 1U);

    submit(start(pat(), "c2")); // not before the history knows of the end
    EXPECT_EQ(base::to_errc(answers.at(1).error()), errc::store_unavailable);

    clock.advance(milliseconds{500});
    service.on_time();
    stored();
    EXPECT_EQ(service.backlog_size(), 0U);
    EXPECT_TRUE(std::holds_alternative<call::facts::call_ended>(store.asked.back().at(0)));
    submit(start(pat(), "c3"));
    stored();
    EXPECT_EQ(answers.at(2)->call->id.str(), "c3");
}

TEST_F(CallServiceTest, StartsHaveALimitPerUser)
{
    answers.clear();
    for (std::uint32_t i = 0; i <= limits.starts_per_minute; ++i) submit(start(pat(), "c1"));
    EXPECT_EQ(base::to_errc(answers.at(0).error()), errc::rate_limited); // refused at once, the others wait
}

TEST_F(CallServiceTest, WakesForWhatIsDueNext)
{
    service.on_time();
    EXPECT_EQ(wake, milliseconds{3'300'000}); // the end is near
    submit(commands::disconnect{base::session_id{"s-pat"}});
    EXPECT_EQ(wake, rules.grace);
}

/// A second service over what the first has stored, as after a restart.
TEST_F(CallServiceTest, ARoomLoadedWithAnOpenCallWaitsForItsPeople)
{
    submit(start(pat(), "c-1"));
    auto const facts = store.asked.back();
    stored();
    for (auto const& f : facts) call::apply(store.record, f);
    call_service next({store, store, *this, clock, [this](auto work) { posted.push_back(std::move(work)); },
                          [](auto const&, auto const&) {}, [this](auto span) { wake = span; }},
        rules, limits);
    next.submit(id, commands::tick{}, nullptr);
    run();
    EXPECT_EQ(wake, rules.recovery);
    clock.advance(rules.recovery);
    next.on_time();
    run();
    auto const& last = store.asked.back();
    auto const* ended = std::get_if<call::facts::call_ended>(&last.back());
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->reason, call::end_reason::lost);
}

} // namespace
} // namespace rendezvous::service
