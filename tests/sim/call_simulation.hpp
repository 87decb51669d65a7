#pragma once

#include "line.hpp"
#include "net/resume_ring.hpp"
#include "rendezvous/service/call_service.hpp"
#include "unreliable_store.hpp"

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace rendezvous::sim {

/// Two to six people in each of a few appointments do what people do, in random order: over lines
/// that break with messages on their way, with a store that lags and fails, in a process that dies
/// between writing and telling, while clocks step. After every step the invariants of
/// docs/architecture.md are checked; a violation throws std::logic_error. The same seed gives the
/// same run.
class call_simulation final : public service::event_sink {
public:
    struct options {
        bool crashes = true;
    };
    explicit call_simulation(std::uint64_t seed) : call_simulation(seed, options{}) {}
    call_simulation(std::uint64_t seed, options how);

    void step();
    /// Everybody goes, the store heals, hours pass: every call must have ended, in memory as in
    /// the history.
    void finish();

    struct counts {
        std::size_t events = 0, signals = 0, refusals = 0, resumes = 0, resets = 0, repeats = 0, crashes = 0;
    };
    counts const& counted() const { return counted_; }
    std::size_t calls_started() const { return store_.calls_started; }

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
    /// The server's half of a session, with the ring of the product.
    struct session {
        std::size_t room = 0;
        person who;
        std::shared_ptr<line> wire; ///< null while away
        net::resume_ring ring;
        std::uint64_t received = 0;
        std::uint64_t rev = 0; ///< of the last room event
        bool entered = false;
        bool registered = false; ///< the present line has been told so; until then only the ring is
        bool answering = false;  ///< reads no further until the command is answered
    };

    std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
    bool chance(int percent) { return pick(100) < static_cast<std::size_t>(percent); }
    [[noreturn]] static void fail(std::string const& what);

    // simulated_server.cpp
    void boot();
    void crash();
    void write_appointment(std::size_t room);
    void change_appointment();
    void submit(std::size_t room, call::command asked);
    void run_posted();
    void server_reads(std::shared_ptr<line> const& wire);
    void register_tab(tab const& from, std::shared_ptr<line> const& wire);
    void resume_session(base::session_id const& id, std::uint64_t last_seq, std::shared_ptr<line> const& wire);
    void begin_session(tab const& from, std::shared_ptr<line> const& wire);
    void server_notices(base::session_id const& id);
    void tell(base::session_id const& id, std::string text, std::uint64_t rev = 0);
    void ask(base::session_id const& id, std::string const& command, call::command asked);
    void check_told(session const& to, call::call_record const& call) const;
    void check_rooms();

    // simulated_client.cpp
    void open_tab();
    void connect(tab& t);
    void cut(tab& t);
    void act(tab& t);
    void send(tab& t, std::string id, std::function<void(base::session_id const&)> act);
    void client_reads(tab& t);
    void on_registered(tab& t, downward const& message);
    void on_numbered(tab& t, downward const& message);

    std::mt19937_64 random_;
    options how_;
    base::seeded_id_generator ids_;
    base::manual_clock clock_;
    call::room_rules rules_;
    base::limits limits_;
    unreliable_store store_;
    std::deque<std::function<void()>> posted_;
    std::unique_ptr<service::call_service> service_;
    std::vector<place> places_;
    std::vector<std::unique_ptr<tab>> tabs_;
    std::map<base::session_id, session> sessions_;
    std::vector<std::shared_ptr<line>> lines_; ///< that the server reads from
    counts counted_;
    std::size_t opened_ = 0, commands_ = 0;
    std::uint64_t signals_sent_ = 0;
};

} // namespace rendezvous::sim
