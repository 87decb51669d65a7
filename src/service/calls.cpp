#include "rendezvous/service/calls.hpp"

#include <atomic>

namespace rendezvous::service {
namespace {

constexpr base::milliseconds settle_poll{20};
constexpr base::milliseconds judge_interval{60'000};
constexpr base::milliseconds judge_pause{1'000}; ///< while there are more than fit into one look
constexpr std::size_t judged_at_once = 256;

} // namespace

calls::home::home(call_service_ports ports, call::room_rules const& rules, base::limits const& limits,
    boost::asio::io_context& context)
    : alarm(context, [this] { service.on_time(); }),
      service(
          [&] {
              ports.wake_after = [this](std::optional<base::milliseconds> span) { alarm.set(span); };
              return std::move(ports);
          }(),
          rules, limits),
      directory(limits.sockets_per_user)
{}

calls::calls(shards& all, call_store& store, call_reader& reader, std::vector<event_sink*> const& sinks,
    base::clock const& clock, call::room_rules const& rules, base::limits const& limits)
    : shards_(all),
      reader_(reader),
      clock_(clock),
      sinks_(sinks)
{
    for (std::size_t i = 0; i < shards_.count(); ++i) {
        auto post = [this, i](std::function<void()> work) { shards_.post(i, std::move(work)); };
        auto tell = [this](base::user_id const& user, call::event const& what) { tell_user(user, what); };
        call_service_ports ports{store, reader, *sinks_[i], clock, post, tell, {}};
        homes_.push_back(std::make_unique<home>(std::move(ports), rules, limits, shards_.context(i)));
    }
}

void calls::submit(base::appointment_id const& id, call::command asked, reply done)
{
    auto const owner = shard_of(id);
    auto const asker = shards_.current();
    if (asker != owner && asker < shards_.count() && done) {
        done = [this, asker, done = std::move(done)](
                   result<call::outcome> got) { shards_.post(asker, [done, got = std::move(got)] { done(got); }); };
    }
    shards_.dispatch(owner, [this, owner, id, asked = std::move(asked), done = std::move(done)] {
        homes_[owner]->service.submit(id, asked, done);
    });
}

void calls::describe(
    base::appointment_id const& id, std::optional<base::user_id> viewer, std::function<void(result<room_status>)> done)
{
    auto const owner = shard_of(id);
    auto const asker = shards_.current();
    auto answer = [this, asker, owner, done = std::move(done)](result<room_status> got) {
        if (asker == owner || asker >= shards_.count()) return done(std::move(got));
        shards_.post(asker, [done, got = std::move(got)] { done(got); });
    };
    shards_.dispatch(owner,
        [this, owner, id, viewer = std::move(viewer), answer] { homes_[owner]->service.describe(id, viewer, answer); });
}

void calls::add_socket(base::user_id const& user, user_directory::entry socket)
{
    auto const owner = shard_of(user);
    shards_.dispatch(owner, [this, owner, user, socket = std::move(socket)] {
        auto const spare = homes_[owner]->directory.add(user, socket);
        if (!spare) return;
        shards_.dispatch(spare->shard, [this, spare = *spare] {
            sinks_[spare.shard]->close(spare.session, call::close_reason::too_many_devices);
        });
    });
}

void calls::set_away(base::user_id const& user, base::session_id const& session)
{
    auto const owner = shard_of(user);
    shards_.dispatch(owner, [this, owner, user, session] { homes_[owner]->directory.set_away(user, session); });
}

void calls::remove_socket(base::user_id const& user, base::session_id const& session)
{
    auto const owner = shard_of(user);
    shards_.dispatch(owner, [this, owner, user, session] { homes_[owner]->directory.remove(user, session); });
}

void calls::set_seated(base::user_id const& user, base::session_id const& session, bool seated)
{
    auto const owner = shard_of(user);
    shards_.dispatch(
        owner, [this, owner, user, session, seated] { homes_[owner]->directory.set_seated(user, session, seated); });
}

void calls::tell_user(base::user_id const& user, call::event const& what)
{
    auto const owner = shard_of(user);
    shards_.dispatch(owner, [this, owner, user, what] {
        for (auto const& socket : homes_[owner]->directory.user_level(user))
            sinks_[owner]->deliver(socket.session, what);
    });
}

void calls::recover(completion<std::size_t> done)
{
    reader_.open_rooms([this, done = std::move(done)](result<std::vector<base::appointment_id>> rooms) {
        if (!rooms) return done(base::to_errc(rooms.error()));
        if (rooms->empty()) return done(std::size_t{0});
        auto const total = rooms->size();
        auto const left = std::make_shared<std::atomic<std::size_t>>(total);
        for (auto const& id : *rooms) {
            submit(id, call::commands::tick{}, [left, total, done](result<call::outcome>) {
                if (--*left == 0) done(total);
            });
        }
    });
}

void calls::judge_closed()
{
    auto const again = [this](std::size_t found) {
        judging_->set(found == judged_at_once ? judge_pause : judge_interval);
    };
    reader_.unjudged(clock_.now().utc, judged_at_once, [this, again](result<std::vector<base::appointment_id>> rooms) {
        shards_.post(0, [this, again, rooms = std::move(rooms)] {
            if (rooms)
                for (auto const& id : *rooms) submit(id, call::commands::tick{}, [](result<call::outcome> const&) {});
            again(rooms ? rooms->size() : 0);
        });
    });
}

void calls::start_judging()
{
    shards_.post(0, [this] {
        judging_ = std::make_unique<timers>(shards_.context(0), [this] { judge_closed(); });
        judging_->set(base::milliseconds{0});
    });
}

void calls::settle(base::milliseconds patience, std::function<void(bool)> done)
{
    auto const until = clock_.now().boot + patience;
    shards_.post(0, [this, until, done = std::move(done)] { ask_settled(0, until, done); });
}

/// Asks one shard after the other; an unsettled one is asked again a moment later.
void calls::ask_settled(std::size_t index, base::boot_time until, std::function<void(bool)> done)
{
    if (index == shards_.count()) return done(true);
    if (clock_.now().boot >= until) return done(false);
    shards_.dispatch(index, [this, index, until, done = std::move(done)] {
        bool const settled = homes_[index]->service.settled();
        shards_.post(0, [this, index, until, done, settled] {
            if (settled) return ask_settled(index + 1, until, done);
            settling_ = std::make_unique<timers>(
                shards_.context(0), [this, index, until, done] { ask_settled(index, until, done); });
            settling_->set(settle_poll);
        });
    });
}

} // namespace rendezvous::service
