#include "clock.hpp"
#include "histogram.hpp"
#include "json_line.hpp"
#include "modes.hpp"
#include "stream.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/epoll.h>
#include <unistd.h>
#include <vector>

namespace rendezvous::loadgen {
namespace {

enum class slowness : std::uint8_t { tls, header, body, read };
constexpr std::array slowness_names{"tls", "header", "body", "read"};
constexpr std::uint16_t first_address = 256; // 127.0.1.0
constexpr std::uint64_t tick_ns = 1'000'000'000;

/// What is sent first; then one byte a second.
std::string opening_of(slowness how)
{
    std::string const host = " HTTP/1.1\r\nHost: localhost\r\n";
    switch (how) {
    case slowness::tls: return std::string("\x16\x03\x01\x02\x00\x01", 6);
    case slowness::header: return "GET /" + host + "X-Slow: ";
    case slowness::body: return "PUT /api/appointments/x" + host + "Content-Length: 60000\r\n\r\n";
    case slowness::read: break;
    }
    std::string many;
    for (int i = 0; i < 400; ++i) many += "GET /" + host + "\r\n";
    return many;
}

struct attacker {
    enum class phase : std::uint8_t { closed, connecting, handshaking, dripping };

    stream link;
    slowness how{};
    phase at = phase::closed;
    std::uint64_t opened_ns = 0;
};

class attack {
public:
    explicit attack(options const& options)
        : options_(options),
          context_(make_ssl_context()),
          epoll_(epoll_create1(EPOLL_CLOEXEC))
    {
        if (epoll_ < 0) throw std::runtime_error("epoll_create1 failed");
        for (std::uint32_t i = 0; i < options.connections; ++i) {
            all_.push_back(std::make_unique<attacker>());
            all_.back()->how = slowness((i / options.addresses + i) % slowness_names.size());
        }
    }
    ~attack()
    {
        all_.clear();
        close(epoll_);
    }
    attack(attack const&) = delete;
    attack& operator=(attack const&) = delete;

    void run()
    {
        std::uint64_t const end = now_ns() + std::uint64_t(options_.duration_s * 1e9);
        std::uint64_t next_tick = 0;
        for (std::uint64_t now = now_ns(); now < end; now = now_ns()) {
            if (now >= next_tick) {
                next_tick = now + tick_ns;
                tick();
                announce();
            }
            poll();
        }
    }

    void print() const
    {
        json_line line;
        line.text("label", options_.label).text("mode", "attack").count("conns", options_.connections);
        line.count("addresses", options_.addresses).count("opened", opened_).count("refused", refused_);
        for (std::size_t i = 0; i < slowness_names.size(); ++i) {
            std::string const name = slowness_names[i];
            line.count("cut_" + name, cut_[i]).number("life_p50_s_" + name, life_[i].quantile_us(0.5) / 1e6);
            line.number("life_max_s_" + name, double(life_[i].max_ns()) / 1e9);
        }
        line.print();
    }

private:
    void poll()
    {
        std::array<epoll_event, 512> events{};
        int const count = epoll_wait(epoll_, events.data(), int(events.size()), 20);
        for (int i = 0; i < count; ++i) on_event(events[std::size_t(i)].data.u32, events[std::size_t(i)].events);
    }

    void open(std::uint32_t index)
    {
        attacker& a = *all_[index];
        ++opened_;
        a.opened_ns = now_ns();
        a.at = attacker::phase::connecting;
        if (!a.link.open(options_.port, std::uint16_t(first_address + index % options_.addresses))) return refused(a);
        if (a.how == slowness::read) a.link.limit_receive_buffer(4096);
        watch(index, EPOLL_CTL_ADD, EPOLLOUT);
    }

    void watch(std::uint32_t index, int operation, std::uint32_t wanted)
    {
        epoll_event event{};
        event.events = wanted;
        event.data.u32 = index;
        epoll_ctl(epoll_, operation, all_[index]->link.descriptor(), &event);
    }

    void on_event(std::uint32_t index, std::uint32_t events)
    {
        attacker& a = *all_[index];
        switch (a.at) {
        case attacker::phase::closed: return;
        case attacker::phase::connecting: return on_connected(index);
        case attacker::phase::handshaking: return handshake(index);
        case attacker::phase::dripping: break;
        }
        std::array<char, 4096> ignored{};
        bool const gone = (events & (EPOLLHUP | EPOLLERR)) != 0 || a.link.read(ignored.data(), ignored.size()) < 0;
        if (gone) cut(index);
    }

    void on_connected(std::uint32_t index)
    {
        attacker& a = *all_[index];
        if (a.link.connect_error() != 0) return refused(a);
        if (a.how == slowness::tls) return drip(index);
        a.link.start_tls(context_.get(), false);
        a.at = attacker::phase::handshaking;
        handshake(index);
    }

    void handshake(std::uint32_t index)
    {
        attacker& a = *all_[index];
        switch (a.link.handshake()) {
        case handshake_state::done: return drip(index);
        case handshake_state::wants_read: return watch(index, EPOLL_CTL_MOD, EPOLLIN);
        case handshake_state::wants_write: return watch(index, EPOLL_CTL_MOD, EPOLLOUT);
        case handshake_state::broken: return refused(a);
        }
    }

    void drip(std::uint32_t index)
    {
        attacker& a = *all_[index];
        a.at = attacker::phase::dripping;
        watch(index, EPOLL_CTL_MOD, a.how == slowness::read ? 0U : std::uint32_t(EPOLLIN));
        auto const opening = opening_of(a.how);
        if (a.link.write(opening.data(), opening.size()) < 0) cut(index);
    }

    /// Who answers with a reset, or not at all, is asked again a moment later.
    void refused(attacker& a)
    {
        ++refused_;
        a.link.reset();
        a.at = attacker::phase::closed;
    }

    void cut(std::uint32_t index)
    {
        attacker& a = *all_[index];
        auto const kind = std::size_t(a.how);
        ++cut_[kind];
        life_[kind].add(now_ns() - a.opened_ns);
        a.link.reset();
        open(index);
    }

    void tick()
    {
        for (std::uint32_t i = 0; i < all_.size(); ++i) {
            attacker& a = *all_[i];
            if (a.at == attacker::phase::closed)
                open(i);
            else if (a.at == attacker::phase::dripping && a.link.write("a", 1) < 0)
                cut(i);
        }
    }

    /// Tells the runner once that the attack is on.
    void announce()
    {
        if (announced_ || opened_ < all_.size()) return;
        announced_ = true;
        std::puts("ready");
        std::fflush(stdout);
    }

    options const& options_;
    ssl_context context_;
    int epoll_;
    std::vector<std::unique_ptr<attacker>> all_;
    std::uint64_t opened_ = 0;
    std::uint64_t refused_ = 0;
    std::array<std::uint64_t, slowness_names.size()> cut_{};
    std::array<histogram, slowness_names.size()> life_{};
    bool announced_ = false;
};

} // namespace

void run_attack(options const& options)
{
    auto const one = std::make_unique<attack>(options);
    one->run();
    one->print();
}

} // namespace rendezvous::loadgen
