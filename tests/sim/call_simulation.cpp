#include "call_simulation.hpp"

#include <algorithm>
#include <stdexcept>

namespace rendezvous::sim {
namespace {

using base::milliseconds;
namespace commands = call::commands;

constexpr std::size_t rooms = 3;
constexpr milliseconds day{24 * 3'600'000};

base::utc_time const start_of_time = *base::from_rfc3339("2026-11-20T08:00:00Z");

} // namespace

call_simulation::call_simulation(std::uint64_t seed, options how)
    : random_(seed),
      how_(how),
      ids_(seed),
      clock_(start_of_time)
{
    limits_.starts_per_minute = 1'000;
    boot();
    for (std::size_t i = 0; i < rooms; ++i) {
        place p{base::appointment_id{"room-" + std::to_string(i)}, {}};
        auto const count = 2 + pick(base::limits::participants_max - 1);
        for (std::size_t k = 0; k < count; ++k) {
            auto const role = k == 0   ? call::role::doctor
                              : k == 1 ? call::role::patient
                                       : static_cast<call::role>(pick(4));
            p.people.push_back({base::user_id{"u" + std::to_string(i) + "-" + std::to_string(k)}, role});
        }
        places_.push_back(std::move(p));
        write_appointment(i);
    }
}

void call_simulation::fail(std::string const& what)
{
    throw std::logic_error(what);
}

void call_simulation::step()
{
    auto const what = pick(1'000);
    if (what < 30)
        open_tab();
    else if (what < 330 && !tabs_.empty())
        act(*tabs_[pick(tabs_.size())]);
    else if (what < 530 && !lines_.empty())
        for (auto const wire = lines_[pick(lines_.size())]; !wire->up.empty() && chance(80);) server_reads(wire);
    else if (what < 730 && !tabs_.empty())
        for (auto& t = *tabs_[pick(tabs_.size())]; t.wire && !t.wire->down.empty() && chance(90);) client_reads(t);
    else if (what < 760 && !sessions_.empty())
        server_notices(std::next(sessions_.begin(), static_cast<long>(pick(sessions_.size())))->first);
    else if (what < 765)
        change_appointment();
    else if (what < 790)
        clock_.advance(milliseconds{static_cast<long>(pick(chance(3) ? 3'600'000 : 20'000))});
    else if (what < 793)
        clock_.step_wall(milliseconds{static_cast<long>(pick(4'000)) - 2'000});
    else if (what < 798)
        store_.set_failing(chance(20));
    else if (what == 798 && how_.crashes && chance(20))
        crash();
    else
        store_.answer_one();
    std::erase_if(lines_, [](auto const& l) { return l->broken && l->up.empty(); });
    service_->on_time();
    run_posted();
    check_rooms();
}

void call_simulation::finish()
{
    store_.set_failing(false);
    for (auto const& t : tabs_)
        if (t->wire) cut(*t);
    lines_.clear();
    std::vector<base::session_id> left;
    for (auto& [id, s] : sessions_) {
        if (s.wire) s.wire->broken = true;
        left.push_back(id);
    }
    for (auto const& id : left) server_notices(id);
    for (int round = 0; round < 400; ++round) {
        clock_.advance(milliseconds{day / 200});
        service_->on_time();
        for (run_posted(); !store_.idle(); run_posted()) store_.answer_one();
    }
    check_rooms(); // loads the rooms once more
    for (run_posted(); !store_.idle(); run_posted()) store_.answer_one();
    if (!service_->settled()) fail("something was never stored");
    if (service_->room_count() != 0) fail("a room is never forgotten");
    if (!sessions_.empty()) fail("a session waits for ever");
    if (store_.calls_started != store_.calls_ended) fail("a call never ends");
}

} // namespace rendezvous::sim
