#include "ws_connection.hpp"

#include "linger.hpp"
#include "send_queue.hpp"
#include "token_bucket.hpp"

#include "message_count.hpp"
#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"
#include "rendezvous/protocol/error_map.hpp"
#include "rendezvous/protocol/server_message.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <optional>

namespace rendezvous::net {

/// Beast asks for this when the close frames are exchanged. It has nothing to wait for: TLS and
/// TCP are ended by linger_and_close, which has a deadline.
template <class Handler>
void async_teardown(boost::beast::role_type, tls_stream& stream, Handler&& handler)
{
    auto done = boost::beast::bind_front_handler(std::forward<Handler>(handler), boost::system::error_code{});
    boost::asio::post(stream.get_executor(), std::move(done));
}

namespace {

namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
namespace metrics = base::metrics;
namespace close_codes = protocol::close_codes;

constexpr std::size_t padding_bytes = 64;
/// A read buffer that one large message has grown beyond this is given back.
constexpr std::size_t kept_buffer_bytes = 8'192;
/// Frame headers, pings between fragments: beside what one message itself may have.
constexpr std::size_t framing_bytes_max = 65'536;
constexpr std::uint16_t highest_code = 4'999;
constexpr std::size_t giant_factor = 16;
/// From the peer's close frame, or from the first failed operation, to the end of all of them.
constexpr base::milliseconds teardown_max{2'000};

/// The request as Beast wants to see it; everything it could object to has been checked.
http::request<http::empty_body> beast_request(upgrade const& accepted)
{
    http::request<http::empty_body> out{http::verb::get, "/", 11};
    out.set(http::field::host, "-");
    out.set(http::field::upgrade, "websocket");
    out.set(http::field::connection, "upgrade");
    out.set(http::field::sec_websocket_key, accepted.key);
    out.set(http::field::sec_websocket_version, "13");
    return out;
}

/// The code of a socket whose reading ended with `ec`: the peer's own, or the one Beast has
/// closed it with, or none.
std::uint16_t code_of(boost::system::error_code ec, websocket::close_reason const& peers)
{
    if (ec == websocket::error::closed) return peers.code != 0 ? peers.code : std::uint16_t{1005};
    if (ec == websocket::error::bad_frame_payload) return close_codes::invalid_utf8;
    if (ec == websocket::condition::protocol_violation) return close_codes::protocol_error;
    return 1006;
}

/// A close reason holds 123 bytes (RFC 6455 5.5); cut between characters.
std::string fitting_reason(std::string reason)
{
    if (reason.size() <= 123) return reason;
    std::size_t end = 123;
    while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0U) == 0x80U) --end;
    reason.resize(end);
    return reason;
}

/// One WebSocket. At most one read and one write are under way; `close` drains the queue first.
/// What can stand still has a deadline of ours that cuts the socket: Beast's own timeouts do not
/// see a peer that sends and never reads, and its close waits behind a stuck write.
class ws_connection final : public socket, public connection, public std::enable_shared_from_this<ws_connection> {
public:
    ws_connection(std::shared_ptr<shard_net> here, tls_stream stream, std::shared_ptr<gate_ticket> ticket);
    ~ws_connection() override
    {
        here_->websocket_count.fetch_sub(1, std::memory_order_relaxed);
        metrics::connections.down(metrics::connection_kind::websocket);
    }
    void start(upgrade const& accepted, std::string remote_ip);

    void send(std::shared_ptr<std::string const> text) override;
    void send_replay(std::vector<std::shared_ptr<std::string const>> texts) override;
    void close(std::uint16_t code, std::string reason) override;
    void resume_reading() override;
    void close_by_server(std::uint16_t code, std::string const& reason) override { begin_close(code, reason); }
    void abandon() override;

private:
    bool is_here() const { return here_->core->shards.current() == here_->index; }
    void on_accepted(boost::system::error_code ec, socket_info info);

    void read();
    void on_read(boost::system::error_code ec);
    void deliver();
    void read_next();
    void on_control(websocket::frame_type kind);

    void note_sent(std::string const& text);
    void enqueue(std::shared_ptr<std::string const> text);
    void enqueue_replay(std::vector<std::shared_ptr<std::string const>> texts);
    void write();
    void on_written(boost::system::error_code ec);

    template <class Work>
    void guarded(Work work);
    void say_bye(std::uint16_t code);
    void begin_close(std::uint16_t code, std::string reason);
    void let_go();
    void close_when_written();
    void on_late(metrics::phase which);
    void cut();
    void audit();
    void on_failed(boost::system::error_code ec = {});

    std::shared_ptr<shard_net> here_;
    std::shared_ptr<net_settings const> settings_;
    std::shared_ptr<gate_ticket> ticket_;
    websocket::stream<tls_stream, false> ws_;
    boost::beast::flat_buffer buffer_;
    send_queue queue_;
    token_bucket budget_;
    token_bucket control_budget_;
    std::shared_ptr<socket_handler> handler_;
    std::shared_ptr<ws_connection> self_; ///< while open: held or throttled, no operation keeps it
    std::optional<websocket::close_reason> closing_;
    std::optional<base::milliseconds> behind_since_;
    base::milliseconds last_throttled_{0};
    deadline write_deadline_;
    deadline close_deadline_;
    deadline throttle_;
    deadline audit_;
    bool accepting_ = false;
    bool reading_ = false;
    bool writing_ = false;
    bool close_under_way_ = false;
    bool held_ = false;
    bool resumed_early_ = false;
    bool delivering_ = false;
    bool ended_ = false;
};

ws_connection::ws_connection(std::shared_ptr<shard_net> here, tls_stream stream, std::shared_ptr<gate_ticket> ticket)
    : here_(std::move(here)),
      settings_(here_->settings),
      ticket_(std::move(ticket)),
      ws_(std::move(stream)),
      queue_(settings_->limits.queue_bytes_max),
      budget_(settings_->limits.messages_per_s, settings_->limits.messages_burst),
      control_budget_(budget_),
      write_deadline_(here_->wheel, [this] { on_late(metrics::phase::write); }),
      close_deadline_(here_->wheel, [this] { on_late(metrics::phase::close); }),
      throttle_(here_->wheel, [this] { read_next(); }),
      audit_(here_->wheel, [this] { audit(); })
{
    here_->websocket_count.fetch_add(1, std::memory_order_relaxed);
    metrics::connections.up(metrics::connection_kind::websocket);
    here_->connections.push_back(*this);
}

void ws_connection::start(upgrade const& accepted, std::string remote_ip)
{
    // What is a little too large is refused by us, who can say `bye`; a giant at its header, by Beast.
    ws_.read_message_max(giant_factor * settings_->limits.message_bytes_max);
    ws_.auto_fragment(false);
    ws_.text(true);
    ws_.set_option(websocket::stream_base::decorator([chosen = accepted.subprotocol](websocket::response_type& out) {
        out.set(http::field::server, "rendezvous");
        out.set(http::field::strict_transport_security, "max-age=31536000");
        if (chosen) out.set(http::field::sec_websocket_protocol, "rendezvous.v1");
    }));
    ws_.control_callback([this](websocket::frame_type kind, auto const&) { on_control(kind); });
    socket_info info{std::move(remote_ip), accepted.path_appointment, here_->index};
    accepting_ = true;
    self_ = shared_from_this();
    write_deadline_.arm(settings_->limits.write_timeout);
    auto const request = beast_request(accepted);
    ws_.async_accept(request, [self = shared_from_this(), info = std::move(info)](
                                  boost::system::error_code ec) { self->on_accepted(ec, info); });
}

/// A bug in what handles this socket ends this socket only.
template <class Work>
void ws_connection::guarded(Work work)
{
    try {
        work();
    } catch (std::exception const&) {
        // Its text may hold what was sent to us.
        base::log::error("socket_handler_failed", {{"shard", std::uint64_t{here_->index}}});
        say_bye(close_codes::internal);
    }
}

void ws_connection::on_accepted(boost::system::error_code ec, socket_info info)
{
    accepting_ = false;
    write_deadline_.disarm();
    if (ec) return on_failed(ec);
    audit_.arm(settings_->limits.write_timeout);
    if (closing_) return close_when_written();
    guarded([&] { handler_ = here_->core->sockets(shared_from_this(), std::move(info)); });
    if (!handler_) return say_bye(close_codes::internal);
    read_next();
}

// --- reading ---

void ws_connection::read_next()
{
    if (held_ || reading_ || closing_ || ended_) return;
    auto const now = here_->wheel.now();
    if (budget_.take(now)) return read();
    // Beyond its rate the peer is read no faster: the next tick brings new tokens. What it has
    // sent meanwhile waits in the kernel, which slows it down; if some waits all the time, it does
    // not slow down.
    boost::system::error_code ec;
    bool const has_more = ws_.next_layer().next_layer().available(ec) > 0;
    bool const calm = now - last_throttled_ > base::milliseconds{1'000};
    if (!has_more) behind_since_.reset();
    if (has_more && (!behind_since_ || calm)) behind_since_ = now;
    last_throttled_ = now;
    if (behind_since_ && now - *behind_since_ > settings_->lag_max) {
        metrics::rate_limited.add(metrics::rate_limit::messages);
        return say_bye(close_codes::rate_limited);
    }
    throttle_.arm(base::milliseconds{0});
}

void ws_connection::read()
{
    reading_ = true;
    // Frames that carry nothing count towards no limit of Beast's; their bytes do towards this one.
    ws_.next_layer().allow_to_read(2 * settings_->limits.message_bytes_max + framing_bytes_max);
    ws_.async_read_some(buffer_, settings_->limits.message_bytes_max + 1 - buffer_.size(),
        [self = shared_from_this()](boost::system::error_code ec, std::size_t) { self->on_read(ec); });
}

void ws_connection::on_read(boost::system::error_code ec)
{
    reading_ = false;
    if (ec || ended_) return on_failed(ec);
    // While we close, Beast itself reads on until the peer's close frame.
    if (closing_) return;
    if (ws_.got_binary()) return say_bye(close_codes::unsupported_data);
    if (buffer_.size() > settings_->limits.message_bytes_max) return say_bye(close_codes::too_large);
    if (!ws_.is_message_done()) return read();
    deliver();
    read_next();
}

void ws_connection::deliver()
{
    buffer_.prepare(padding_bytes);
    auto const bytes = buffer_.cdata();
    delivering_ = true;
    resumed_early_ = false;
    auto verdict = socket_handler::reading::go_on;
    // Copied, because the handler may be let go while it runs.
    auto const handler = handler_;
    guarded([&] { verdict = handler->on_text({static_cast<char const*>(bytes.data()), bytes.size()}); });
    delivering_ = false;
    held_ = verdict == socket_handler::reading::hold && !resumed_early_;
    buffer_.clear();
    if (buffer_.capacity() > kept_buffer_bytes) buffer_.shrink_to_fit();
}

void ws_connection::on_control(websocket::frame_type kind)
{
    if (kind == websocket::frame_type::close) {
        close_deadline_.arm(teardown_max);
        if (ws_.reason().code <= highest_code) return;
        // Beast would send it back; nobody may send such a code (RFC 6455 7.4.2).
        boost::system::error_code ec;
        ws_.next_layer().next_layer().close(ec);
        return;
    }
    // Beast answers pings by itself; a flood of them has the rate limit of messages, without patience.
    if (control_budget_.take(here_->wheel.now())) return;
    here_->core->shards.post(here_->index, [self = shared_from_this()] {
        metrics::rate_limited.add(metrics::rate_limit::control_frames);
        self->say_bye(close_codes::rate_limited);
    });
}

void ws_connection::resume_reading()
{
    if (!is_here())
        return here_->core->shards.dispatch(here_->index, [self = shared_from_this()] { self->resume_reading(); });
    if (delivering_) resumed_early_ = true;
    if (!held_) return;
    held_ = false;
    read_next();
}

// --- writing ---

void ws_connection::send(std::shared_ptr<std::string const> text)
{
    if (is_here()) return enqueue(std::move(text));
    here_->core->shards.dispatch(here_->index,
        [self = shared_from_this(), text = std::move(text)]() mutable { self->enqueue(std::move(text)); });
}

void ws_connection::send_replay(std::vector<std::shared_ptr<std::string const>> texts)
{
    if (is_here()) return enqueue_replay(std::move(texts));
    here_->core->shards.dispatch(here_->index,
        [self = shared_from_this(), texts = std::move(texts)]() mutable { self->enqueue_replay(std::move(texts)); });
}

void ws_connection::enqueue_replay(std::vector<std::shared_ptr<std::string const>> texts)
{
    if (closing_ || ended_) return;
    for (auto& text : texts) {
        note_sent(*text);
        queue_.push_replay(std::move(text));
    }
    if (!writing_ && !queue_.empty()) write();
}

void ws_connection::note_sent(std::string const& text)
{
    if (count_sent(text) == metrics::message_type::registered && ticket_) ticket_->mark_registered();
}

void ws_connection::enqueue(std::shared_ptr<std::string const> text)
{
    if (closing_ || ended_) return;
    note_sent(*text);
    if (!queue_.push(std::move(text))) {
        // What waits will never be read in time; only what the kernel may already have stays.
        if (writing_) queue_.drop_waiting();
        return begin_close(close_codes::slow_consumer, std::string(protocol::close_text(close_codes::slow_consumer)));
    }
    if (!writing_) write();
}

void ws_connection::write()
{
    writing_ = true;
    write_deadline_.arm(settings_->limits.write_timeout);
    ws_.async_write(boost::asio::buffer(queue_.front()),
        [self = shared_from_this()](boost::system::error_code ec, std::size_t) { self->on_written(ec); });
}

void ws_connection::on_written(boost::system::error_code ec)
{
    writing_ = false;
    write_deadline_.disarm();
    if (ec || ended_) return on_failed(ec);
    queue_.pop();
    if (!queue_.empty()) return write();
    if (closing_) close_when_written();
}

// --- closing ---

void ws_connection::close(std::uint16_t code, std::string reason)
{
    if (is_here()) return begin_close(code, std::move(reason));
    here_->core->shards.dispatch(here_->index, [self = shared_from_this(), code, reason = std::move(reason)]() mutable {
        self->begin_close(code, std::move(reason));
    });
}

/// The socket layer closes by itself: `bye` first, as before every deliberate close, behind what
/// waits already. A slow consumer (4008) gets none, for it would not read that either.
void ws_connection::say_bye(std::uint16_t code)
{
    if (closing_ || ended_) return;
    auto const reason = protocol::close_text(code);
    queue_.push_replay(
        std::make_shared<std::string const>(protocol::bye_message(code, reason, protocol::retry_hint(code))));
    metrics::ws_messages.add(metrics::message_type::bye, metrics::direction::out);
    if (!writing_ && !accepting_) write();
    begin_close(code, std::string(reason));
}

void ws_connection::begin_close(std::uint16_t code, std::string reason)
{
    if (closing_ || ended_) return;
    closing_.emplace(static_cast<websocket::close_code>(code), fitting_reason(std::move(reason)));
    close_deadline_.arm(settings_->limits.write_timeout);
    // A peer that is dead or reads nothing will not answer the close either; the house must not
    // wait for it. Posted, because the handler may be what asks for the close.
    here_->core->shards.post(here_->index, [self = shared_from_this()] { self->let_go(); });
    close_when_written();
}

void ws_connection::let_go()
{
    if (auto const handler = std::exchange(handler_, nullptr)) handler->on_closed();
}

void ws_connection::close_when_written()
{
    if (writing_ || accepting_ || close_under_way_ || !queue_.empty()) return;
    close_under_way_ = true;
    ws_.async_close(*closing_, [self = shared_from_this()](boost::system::error_code) {
        self->close_under_way_ = false;
        self->on_failed();
    });
}

void ws_connection::on_late(metrics::phase which)
{
    metrics::phase_timeouts.add(which);
    cut();
}

void ws_connection::cut()
{
    close_for_good(ws_.next_layer().next_layer());
    on_failed();
}

/// Beast closes by itself after a protocol error and tells only when that is over; a peer that
/// reads nothing would keep it from ever being over.
void ws_connection::audit()
{
    if (!ws_.is_open() && !close_deadline_.armed()) return cut();
    audit_.arm(settings_->limits.write_timeout);
}

/// The shards have ended: lets go what would otherwise hold each other.
void ws_connection::abandon()
{
    ended_ = true;
    let_go();
    self_.reset();
}

/// Some operation is over for good: the first one ends the connection for the house, the last one
/// for the peer.
void ws_connection::on_failed(boost::system::error_code ec)
{
    auto const alive = shared_from_this();
    if (!ended_) {
        ended_ = true;
        auto const code = closing_ ? static_cast<std::uint16_t>(closing_->code) : code_of(ec, ws_.reason());
        metrics::ws_closes.add(metrics::slot_of_close_code(code));
        self_.reset();
        unlink();
        write_deadline_.disarm();
        throttle_.disarm();
        audit_.disarm();
        close_deadline_.arm(teardown_max);
        let_go();
    }
    if (reading_ || writing_ || close_under_way_ || accepting_) return;
    close_deadline_.disarm();
    ticket_.reset();
    linger_and_close(here_, std::move(ws_.next_layer()));
}

} // namespace

void start_websocket(std::shared_ptr<shard_net> here, tls_stream stream, upgrade accepted, std::string remote_ip,
    std::shared_ptr<gate_ticket> ticket)
{
    auto const made = std::make_shared<ws_connection>(std::move(here), std::move(stream), std::move(ticket));
    made->start(accepted, std::move(remote_ip));
}

} // namespace rendezvous::net
