#include "engine.hpp"

#include "clock.hpp"
#include "frame.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <sys/epoll.h>
#include <unistd.h>

namespace rendezvous::loadgen {
namespace {

constexpr int retries_max = 3;
constexpr std::size_t read_buffer_bytes = 1 << 20;
constexpr std::int64_t poll_step_ns = 20'000'000;
// Ticks visit one part of the connections at a time, so that what they send makes no burst.
constexpr std::size_t tick_parts = 16;
constexpr std::uint64_t tick_part_ns = 62'500'000;
// RFC 6455 1.3: a sample key and the accept value that belongs to it.
constexpr std::string_view upgrade_key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view upgrade_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

} // namespace

engine::engine(options const& options, dialect& dialect)
    : options_(options),
      dialect_(dialect),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      read_buffer_(read_buffer_bytes)
{
    if (epoll_ < 0) throw std::runtime_error("epoll_create1 failed");
    if (options.tls) ssl_context_ = make_ssl_context();
    for (std::uint32_t i = 0; i < options.connections; ++i) {
        connections_.push_back(std::make_unique<connection>());
        connections_.back()->shared.index = i;
    }
}

engine::~engine()
{
    connections_.clear();
    ::close(epoll_);
}

connect_report engine::connect_all(std::uint32_t in_flight, bool offer_tickets)
{
    in_flight_ = in_flight;
    offer_tickets_ = offer_tickets;
    report_ = {};
    waiting_.clear();
    for (auto const& c : connections_) {
        c->retries = 0;
        waiting_.push_back(c->shared.index);
    }
    std::uint64_t const began = now_ns();
    deadline_ns_ = began + std::uint64_t(options_.timeout_s * 1e9);
    start_waiting();
    while (report_.registered + report_.failed < connections_.size() && now_ns() < deadline_ns_) poll(poll_step_ns);
    std::uint64_t last = began;
    for (auto const& c : connections_) {
        if (!c->registered) continue;
        last = std::max(last, c->registered_ns);
        report_.latency.add(c->registered_ns - c->started_ns);
    }
    report_.seconds = double(last - began) / 1e9;
    return report_;
}

void engine::drop_all()
{
    for (auto const& c : connections_) close(*c);
}

void engine::reopen(connection& c)
{
    if (c.state != connection_state::closed) {
        if (!c.registered) --connecting_;
        close(c);
    }
    c.retries = retries_max;
    c.started_ns = now_ns();
    start(c);
}

void engine::stop_reading(connection& c)
{
    c.reads = false;
    c.link.limit_receive_buffer(4096);
    c.wants_write = !c.wants_write; // so that the change below is one
    watch_writes(c, !c.wants_write);
}

void engine::start_waiting()
{
    if (starting_) return; // a connect that fails at once comes back here
    starting_ = true;
    while (!waiting_.empty() && connecting_ < in_flight_) {
        connection& next = *connections_[waiting_.front()];
        waiting_.pop_front();
        start(next);
    }
    starting_ = false;
}

void engine::start(connection& c)
{
    ++connecting_;
    if (c.retries == 0) c.started_ns = now_ns();
    c.state = connection_state::connecting;
    c.wants_write = true;
    if (!c.link.open(options_.port)) return fail(c, std::strerror(errno));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.u32 = c.shared.index;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, c.link.descriptor(), &event);
}

void engine::poll(std::int64_t timeout_ns)
{
    static std::array<epoll_event, 1024> events;
    auto const wait_ns = std::max<std::int64_t>(timeout_ns, 0);
    timespec const wait{.tv_sec = wait_ns / 1'000'000'000, .tv_nsec = wait_ns % 1'000'000'000};
    int const count = epoll_pwait2(epoll_, events.data(), int(events.size()), &wait, nullptr);
    for (int i = 0; i < count; ++i) {
        auto const& event = events[std::size_t(i)];
        on_event(*connections_[event.data.u32], event.events);
    }
    if (auto const now = now_ns(); now >= next_tick_ns_) tick_some(now);
}

void engine::run_for(double seconds)
{
    std::uint64_t const end = now_ns() + std::uint64_t(seconds * 1e9);
    for (std::uint64_t now = now_ns(); now < end; now = now_ns())
        poll(std::min<std::int64_t>(std::int64_t(end - now), poll_step_ns));
}

void engine::tick_some(std::uint64_t now)
{
    next_tick_ns_ = now + tick_part_ns;
    for (std::size_t i = tick_at_; i < connections_.size(); i += tick_parts) {
        connection& c = *connections_[i];
        if (!c.registered) continue;
        if (auto const text = dialect_.on_tick(c.shared); !text.empty()) send(c, make_frame(opcode::text, text).bytes);
    }
    tick_at_ = (tick_at_ + 1) % tick_parts;
}

void engine::on_event(connection& c, std::uint32_t events)
{
    switch (c.state) {
    case connection_state::closed: return;
    case connection_state::connecting: return on_connected(c);
    case connection_state::handshaking: return on_handshake(c);
    case connection_state::upgrading:
    case connection_state::open: break;
    }
    if ((events & EPOLLOUT) != 0) {
        std::string rest;
        rest.swap(c.outgoing);
        if (!write_or_queue(c, rest)) return fail(c, "write failed");
        if (c.outgoing.empty()) watch_writes(c, false);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) on_readable(c);
}

void engine::on_connected(connection& c)
{
    if (int const error = c.link.connect_error(); error != 0) return fail(c, std::strerror(error));
    if (!options_.tls) {
        watch_writes(c, false);
        return send_upgrade(c);
    }
    c.link.start_tls(ssl_context_.get(), offer_tickets_);
    c.state = connection_state::handshaking;
    on_handshake(c);
}

void engine::on_handshake(connection& c)
{
    switch (c.link.handshake()) {
    case handshake_state::done: watch_writes(c, false); return send_upgrade(c);
    case handshake_state::wants_read: return watch_writes(c, false);
    case handshake_state::wants_write: return watch_writes(c, true);
    case handshake_state::broken: return fail(c, "TLS handshake failed");
    }
}

void engine::send_upgrade(connection& c)
{
    c.state = connection_state::upgrading;
    std::string request = "GET " + dialect_.path(c.shared) + " HTTP/1.1\r\nHost: localhost:";
    request += std::to_string(options_.port);
    request += "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";
    request += upgrade_key;
    request += "\r\n\r\n";
    if (!write_or_queue(c, request)) fail(c, "write failed");
}

void engine::on_readable(connection& c)
{
    do {
        std::size_t const kept = c.incoming.size();
        std::copy(c.incoming.begin(), c.incoming.end(), read_buffer_.begin());
        ssize_t const count = c.link.read(read_buffer_.data() + kept, read_buffer_.size() - kept);
        if (count == 0) return;
        if (count < 0) return fail(c, "closed by the server");
        if (!on_bytes(c, {read_buffer_.data(), kept + std::size_t(count)})) return;
    } while (c.link.has_pending());
}

/// False once the connection is gone, here and below.
bool engine::on_bytes(connection& c, std::string_view bytes)
{
    if (c.state == connection_state::upgrading) {
        auto const end = bytes.find("\r\n\r\n");
        if (end == std::string_view::npos) {
            c.incoming.assign(bytes);
            return true;
        }
        if (!on_upgrade_answer(c, bytes.substr(0, end))) return false;
        bytes.remove_prefix(end + 4);
    }
    while (auto const frame = parse_frame(bytes)) {
        bytes.remove_prefix(frame->bytes);
        if (!on_frame(c, *frame)) return false;
    }
    if (!bytes.empty() || !c.incoming.empty()) c.incoming = std::string(bytes);
    return true;
}

bool engine::on_upgrade_answer(connection& c, std::string_view head)
{
    bool const switched = head.starts_with("HTTP/1.1 101 ") && head.find(upgrade_accept) != std::string_view::npos;
    if (!switched) {
        fail(c, head.substr(0, head.find('\r')));
        return false;
    }
    c.state = connection_state::open;
    return react(c, dialect_.on_open(c.shared));
}

bool engine::on_frame(connection& c, incoming_frame const& frame)
{
    switch (frame.code) {
    case opcode::close: fail(c, "closed by the server"); return false;
    case opcode::ping: send(c, make_frame(opcode::pong, frame.payload).bytes); return c.state == connection_state::open;
    case opcode::pong: return true;
    case opcode::continuation:
    case opcode::text:
    case opcode::binary: break;
    }
    if (frame.final && frame.code != opcode::continuation) return on_text(c, frame.payload);
    c.fragments += frame.payload;
    if (!frame.final) return true;
    std::string whole;
    whole.swap(c.fragments);
    return on_text(c, whole);
}

bool engine::on_text(connection& c, std::string_view text)
{
    if (listener_ == nullptr || !listener_->on_relayed(c, text)) return react(c, dialect_.on_text(c.shared, text));
    if (auto const besides = dialect_.on_signal(c.shared, text); !besides.empty())
        send(c, make_frame(opcode::text, besides).bytes);
    return c.state == connection_state::open;
}

bool engine::react(connection& c, reaction const& reaction)
{
    if (reaction.failed) {
        fail(c, "refused by the server");
        return false;
    }
    if (!reaction.send.empty()) send(c, make_frame(opcode::text, reaction.send).bytes);
    if (c.state != connection_state::open) return false;
    if (reaction.registered && !c.registered) on_registered(c);
    return true;
}

void engine::on_registered(connection& c)
{
    c.registered = true;
    c.registered_ns = now_ns();
    --connecting_;
    ++report_.registered;
    if (c.link.tls_resumed()) ++report_.resumed;
    start_waiting();
}

void engine::send(connection& to, std::string_view frame)
{
    if (!write_or_queue(to, frame)) fail(to, "write failed");
}

bool engine::write_or_queue(connection& c, std::string_view bytes)
{
    while (c.outgoing.empty() && !bytes.empty()) {
        ssize_t const count = c.link.write(bytes.data(), bytes.size());
        if (count < 0) return false;
        if (count == 0) break;
        bytes.remove_prefix(std::size_t(count));
    }
    if (bytes.empty()) return true;
    c.outgoing += bytes;
    watch_writes(c, true);
    return true;
}

void engine::watch_writes(connection& c, bool wanted)
{
    if (c.wants_write == wanted) return;
    c.wants_write = wanted;
    epoll_event event{};
    event.events = (c.reads ? std::uint32_t(EPOLLIN) : 0U) | (wanted ? std::uint32_t(EPOLLOUT) : 0U);
    event.data.u32 = c.shared.index;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, c.link.descriptor(), &event);
}

void engine::close(connection& c)
{
    c.link.reset();
    if (c.registered) --report_.registered;
    c.registered = false;
    c.wants_write = false;
    c.reads = true;
    c.state = connection_state::closed;
    c.incoming.clear();
    c.outgoing.clear();
    c.fragments.clear();
    c.shared.step = 0;
}

void engine::fail(connection& c, std::string_view reason)
{
    if (c.state == connection_state::closed) return;
    bool const in_setup = !c.registered;
    report_.last_error = reason;
    close(c);
    if (!in_setup) {
        ++lost_;
        return;
    }
    --connecting_;
    if (++c.retries <= retries_max && now_ns() < deadline_ns_) {
        ++report_.retries;
        waiting_.push_back(c.shared.index);
    } else {
        ++report_.failed;
    }
    start_waiting();
}

} // namespace rendezvous::loadgen
