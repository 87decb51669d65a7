#include "clock.hpp"
#include "histogram.hpp"
#include "json_line.hpp"
#include "modes.hpp"
#include "process_usage.hpp"
#include "stream.hpp"

#include <array>
#include <ctime>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/epoll.h>
#include <unistd.h>
#include <vector>

namespace rendezvous::loadgen {
namespace {

/// One kept-alive connection that writes one appointment after the other.
struct writer {
    enum class phase : std::uint8_t { connecting, handshaking, sending, waiting };

    stream link;
    phase at = phase::connecting;
    std::string out; ///< what of the request is not written yet
    std::string in;
    std::uint64_t asked_ns = 0;
};

std::string read_secret(std::string const& file)
{
    std::ifstream in(file);
    std::string out;
    std::getline(in, out);
    if (out.empty()) throw std::runtime_error("no API key in " + file);
    return out;
}

std::string utc_text(std::time_t at)
{
    std::tm parts{};
    gmtime_r(&at, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
    return text.data();
}

/// A booking system that writes as fast as it is answered: every appointment is new.
class booking_system {
public:
    explicit booking_system(options const& options)
        : options_(options),
          key_(read_secret(options.secret_file)),
          context_(make_ssl_context()),
          epoll_(epoll_create1(EPOLL_CLOEXEC))
    {
        if (epoll_ < 0) throw std::runtime_error("epoll_create1 failed");
        auto const now = std::time(nullptr);
        body_ = R"({"status":"booked","paymentStatus":"unpaid","start":")" + utc_text(now + 3600) + R"(","end":")"
                + utc_text(now + 4800) + R"(","participants":[{"userId":"dr-7","role":"doctor","name":"Dr. Ana Pop"},)"
                + R"({"userId":"p-42","role":"patient","name":"Ion Ionescu","locale":"ro"}]})";
        for (std::uint32_t i = 0; i < options.connections; ++i) all_.push_back(std::make_unique<writer>());
    }
    ~booking_system()
    {
        all_.clear();
        close(epoll_);
    }
    booking_system(booking_system const&) = delete;
    booking_system& operator=(booking_system const&) = delete;

    void run()
    {
        for (std::uint32_t i = 0; i < all_.size(); ++i) {
            if (!all_[i]->link.open(options_.port)) throw std::runtime_error("cannot connect");
            watch(i, EPOLL_CTL_ADD, EPOLLOUT);
        }
        std::uint64_t const begin = now_ns() + std::uint64_t(options_.warmup_s * 1e9);
        while (now_ns() < begin) poll();
        counting_ = true;
        auto const cpu = read_cpu(options_.pids);
        std::uint64_t const end = begin + std::uint64_t(options_.duration_s * 1e9);
        while (now_ns() < end) poll();
        elapsed_s_ = options_.duration_s;
        cpu_s_ = read_cpu(options_.pids).total_s() - cpu.total_s();
    }

    void print() const
    {
        json_line line;
        line.text("label", options_.label).text("mode", "booking").count("conns", options_.connections);
        line.count("puts", done_).count("refused", refused_).number("per_s", double(done_) / elapsed_s_);
        line.number("server_cpu_share", cpu_s_ / elapsed_s_);
        line.number("cpu_us_per_put", done_ == 0 ? 0 : cpu_s_ * 1e6 / double(done_));
        line.number("p50_us", latency_.quantile_us(0.5)).number("p99_us", latency_.quantile_us(0.99));
        line.print();
    }

private:
    void poll()
    {
        std::array<epoll_event, 256> events{};
        int const count = epoll_wait(epoll_, events.data(), int(events.size()), 20);
        for (int i = 0; i < count; ++i) on_event(events[std::size_t(i)].data.u32);
    }

    void watch(std::uint32_t index, int operation, std::uint32_t wanted)
    {
        epoll_event event{};
        event.events = wanted;
        event.data.u32 = index;
        epoll_ctl(epoll_, operation, all_[index]->link.descriptor(), &event);
    }

    void on_event(std::uint32_t index)
    {
        writer& w = *all_[index];
        if (w.at == writer::phase::connecting) {
            if (w.link.connect_error() != 0) throw std::runtime_error("connection refused");
            w.link.start_tls(context_.get(), false);
            w.at = writer::phase::handshaking;
        }
        if (w.at == writer::phase::handshaking) {
            switch (w.link.handshake()) {
            case handshake_state::done: return ask(index);
            case handshake_state::wants_read: return watch(index, EPOLL_CTL_MOD, EPOLLIN);
            case handshake_state::wants_write: return watch(index, EPOLL_CTL_MOD, EPOLLOUT);
            case handshake_state::broken: throw std::runtime_error("TLS failed");
            }
        }
        if (w.at == writer::phase::sending) return send(index);
        read(index);
    }

    void ask(std::uint32_t index)
    {
        writer& w = *all_[index];
        w.out = "PUT /api/appointments/booking-" + std::to_string(next_++)
                + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key_
                + "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body_.size()) + "\r\n\r\n"
                + body_;
        w.in.clear();
        w.asked_ns = now_ns();
        w.at = writer::phase::sending;
        send(index);
    }

    void send(std::uint32_t index)
    {
        writer& w = *all_[index];
        while (!w.out.empty()) {
            auto const taken = w.link.write(w.out.data(), w.out.size());
            if (taken < 0) throw std::runtime_error("the server closed a connection");
            if (taken == 0) return watch(index, EPOLL_CTL_MOD, EPOLLOUT);
            w.out.erase(0, std::size_t(taken));
        }
        w.at = writer::phase::waiting;
        watch(index, EPOLL_CTL_MOD, EPOLLIN);
        read(index);
    }

    void read(std::uint32_t index)
    {
        writer& w = *all_[index];
        std::array<char, 8192> chunk{};
        for (;;) {
            auto const got = w.link.read(chunk.data(), chunk.size());
            if (got < 0) throw std::runtime_error("the server closed a connection");
            if (got == 0) return;
            w.in.append(chunk.data(), std::size_t(got));
            if (!complete(w.in)) continue;
            note(w);
            return ask(index);
        }
    }

    static bool complete(std::string const& answer)
    {
        auto const head = answer.find("\r\n\r\n");
        if (head == std::string::npos) return false;
        auto const field = answer.find("Content-Length: ");
        if (field == std::string::npos || field > head) throw std::runtime_error("an answer without Content-Length");
        return answer.size() >= head + 4 + std::stoul(answer.substr(field + 16, 12));
    }

    void note(writer const& w)
    {
        if (!counting_) return;
        if (w.in.compare(0, 12, "HTTP/1.1 201") != 0) {
            ++refused_;
            return;
        }
        ++done_;
        latency_.add(now_ns() - w.asked_ns);
    }

    options const& options_;
    std::string const key_;
    ssl_context context_;
    int epoll_;
    std::string body_;
    std::vector<std::unique_ptr<writer>> all_;
    std::uint64_t next_ = 1;
    bool counting_ = false;
    std::uint64_t done_ = 0;
    std::uint64_t refused_ = 0;
    double elapsed_s_ = 1;
    double cpu_s_ = 0;
    histogram latency_;
};

} // namespace

void run_booking(options const& options)
{
    auto const one = std::make_unique<booking_system>(options);
    one->run();
    one->print();
}

} // namespace rendezvous::loadgen
