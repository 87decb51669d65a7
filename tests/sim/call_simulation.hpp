#pragma once

#include "rendezvous/service/call_service.hpp"
#include "unreliable_store.hpp"

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace rendezvous::sim {

/// Two to six people in each of a few appointments do what people do, in random order, over a
/// store that lags and fails. After every step the invariants of docs/architecture.md are checked;
/// a violation throws std::logic_error. The same seed gives the same run.
class call_simulation final : public service::event_sink {
public:
    explicit call_simulation(std::uint64_t seed);

    void step();
    /// Everybody goes, the store heals, hours pass: every call must have ended, in memory as in
    /// the history.
    void finish();

    std::size_t calls_started() const { return store_.calls_started; }
    std::size_t events_told() const { return events_told_; }
    std::size_t signals_told() const { return signals_told_; }
    std::size_t refusals() const { return refusals_; }

    void deliver(base::session_id const& to, call::event const& what) override;
    void close(base::session_id const& session, call::close_reason why) override;
    void seat_changed(base::session_id const&, bool) override {}

private:
    struct person {
        base::user_id user;
        call::role role{};
    };
    struct place {
        base::appointment_id id;
        std::vector<person> people;
    };
    struct socket {
        std::size_t room = 0;
        person who;
        std::string instance;
        bool entered = false;
        bool closed = false;
        std::uint64_t rev = 0; ///< of the last room event
    };

    std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
    bool chance(int percent) { return pick(100) < static_cast<std::size_t>(percent); }
    void write_appointment(std::size_t room);
    void open_socket();
    void close_socket(base::session_id id);
    void act(base::session_id const& id);
    void change_appointment();
    void submit(std::size_t room, call::command asked);
    void run_posted();
    void check_rooms();
    void check_told(socket const& to, call::call_record const& call) const;
    void fail(std::string const& what) const;

    std::mt19937_64 random_;
    base::seeded_id_generator ids_;
    base::manual_clock clock_;
    call::room_rules rules_;
    base::limits limits_;
    unreliable_store store_;
    std::deque<std::function<void()>> posted_;
    service::call_service service_;
    std::vector<place> places_;
    std::map<base::session_id, socket> sockets_;
    std::size_t events_told_ = 0, signals_told_ = 0, refusals_ = 0, opened_ = 0;
};

} // namespace rendezvous::sim
