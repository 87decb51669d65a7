#include "app/checkpoint.hpp"

#include "rendezvous/store/open.hpp"

#include <future>
#include <gtest/gtest.h>

namespace rendezvous::app {
namespace {

service::event_row next_event(store::store_thread& store, boost::asio::io_context& context)
{
    for (;;) {
        context.run_one();
        std::promise<std::vector<service::event_row>> answer;
        store.list_events({}, [&](auto got) { answer.set_value(got.value()); });
        auto const rows = answer.get_future().get();
        if (!rows.empty()) return rows.front();
    }
}

TEST(Checkpoint, TellsAgainAndAgainWhereBothChainsEnd)
{
    base::system_clock const clock;
    auto const store = store::open_memory_store(clock);
    service::audit_entry entry;
    entry.action = "appointment.read";
    entry.outcome = "ok";
    store->record(entry);
    boost::asio::io_context context;
    checkpoint const told(context, *store, clock, base::milliseconds{5});
    auto const event = next_event(*store, context);
    EXPECT_EQ(event.type, "audit.checkpoint");
    std::promise<store::chain_report> audit;
    store->verify_chain([&](auto got) { audit.set_value(got.value()); }, store::chain_kind::audit);
    auto const report = audit.get_future().get();
    EXPECT_EQ(report.rows, 1U);
    EXPECT_EQ(event.data, "{\"calls\":{\"seq\":0,\"hash\":\"" + store::chain_origin()
                              + "\"},\"audit\":{\"seq\":1,\"hash\":\"" + report.head + "\"}}");
}

} // namespace
} // namespace rendezvous::app
