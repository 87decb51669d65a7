#include "http_connection.hpp"

#include "linger.hpp"
#include "problem.hpp"
#include "request_reader.hpp"
#include "response_head.hpp"
#include "upgrade.hpp"
#include "ws_connection.hpp"

#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <exception>
#include <optional>

namespace rendezvous::net {
namespace {

namespace asio = boost::asio;
namespace log = base::log;
namespace metrics = base::metrics;

/// A slow but honest line: what a large answer gets in addition to write_timeout.
constexpr std::size_t bytes_per_ms_min = 16;

/// All lines of X-Forwarded-For as one list, as RFC 9110 5.3 reads them.
std::optional<std::string> forwarded_for(http_request const& request)
{
    std::optional<std::string> out;
    for (auto const& [name, value] : request.headers) {
        if (name != "x-forwarded-for") continue;
        out = out ? *out + "," + value : value;
    }
    return out;
}

/// The peer has closed, or reset, without a byte.
bool has_gone(tcp_socket& socket)
{
    char byte = 0;
    auto const got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/// One connection that has not (yet) become a WebSocket: handshake, then read, answer, repeat.
/// One request at a time; one deadline for the phase it is in.
class http_connection final : public connection, public std::enable_shared_from_this<http_connection> {
public:
    http_connection(std::shared_ptr<shard_net> here, tcp_socket socket, asio::ssl::context& tls, arrival arrived);
    ~http_connection() override
    {
        here_->http_count.fetch_sub(1, std::memory_order_relaxed);
        metrics::connections.down(metrics::connection_kind::http);
    }
    void start();
    void close_by_server(std::uint16_t code, std::string const& reason) override;

private:
    void handshake();
    void next_request();
    void read();
    void advance();
    void on_header();
    void continue_body();

    void handle();
    void route(std::shared_ptr<http_request const> request);
    void run_handler(std::shared_ptr<http_request const> request);
    void refuse_upgrade(http_request const& request, http_response response);
    void open_websocket(std::shared_ptr<http_request const> request);
    void ask_gate(upgrade accepted, std::shared_ptr<http_request const> request);
    void become_websocket(upgrade accepted, std::string remote_ip);

    void answer(http_request const& request, http_response response);
    void refuse(request_fault const& fault);
    void write(http_response response, bool with_body);
    void write_long(bool with_body);
    void ask_piece();
    void write_piece(std::string piece);
    void on_written(boost::system::error_code ec);
    void shut_down();
    /// The deadline of what is under way now.
    void begin_phase(metrics::phase which, base::milliseconds span);
    void on_late();
    void cut();

    std::string new_request_id() { return here_->core->ids.uuid(here_->core->clock.now().utc); }

    std::shared_ptr<shard_net> here_;
    std::shared_ptr<net_settings const> settings_;
    arrival arrived_;
    tls_stream stream_;
    deadline phase_;
    metrics::phase phase_now_ = metrics::phase::tls;
    base::boot_time asked_at_{};
    std::optional<request_reader> reader_;
    std::string input_;
    std::array<char, 4'096> chunk_{};
    http_response response_;
    std::string head_;
    std::string piece_; ///< of a body that is made while it is sent
    bool chunked_ = false;
    std::uint32_t pipelined_ = 0; ///< requests that did not wait for the answer before
    bool idle_ = true;            ///< nothing of a request has come
    bool keep_ = false;
    bool draining_ = false;
};

http_connection::http_connection(
    std::shared_ptr<shard_net> here, tcp_socket socket, asio::ssl::context& tls, arrival arrived)
    : here_(std::move(here)),
      settings_(here_->settings),
      arrived_(std::move(arrived)),
      stream_(std::move(socket), tls),
      phase_(here_->wheel, [this] { on_late(); })
{
    here_->http_count.fetch_add(1, std::memory_order_relaxed);
    metrics::connections.up(metrics::connection_kind::http);
    here_->connections.push_back(*this);
}

void http_connection::start()
{
    begin_phase(metrics::phase::tls, settings_->limits.tls_timeout);
    // Waiting for its turn is not its own slowness: its time goes on when it is served.
    auto const began = here_->wheel.now();
    stream_.next_layer().async_wait(
        tcp_socket::wait_read, [self = shared_from_this(), began](boost::system::error_code ec) {
            self->phase_.disarm();
            // Who has gone in the meantime takes neither a turn nor a place.
            if (ec || has_gone(self->stream_.next_layer())) return;
            auto const left = self->settings_->limits.tls_timeout - (self->here_->wheel.now() - began);
            self->here_->strangers.newcomer(self->arrived_.debt, [self, left] {
                self->begin_phase(metrics::phase::tls, left);
                self->handshake();
            });
        });
}

void http_connection::handshake()
{
    stream_.async_handshake(tls_stream::server, [self = shared_from_this()](boost::system::error_code ec) {
        if (ec) return self->phase_.disarm();
        self->next_request();
        self->begin_phase(metrics::phase::header, self->settings_->limits.header_timeout);
    });
}

void http_connection::close_by_server(std::uint16_t, std::string const&)
{
    draining_ = true;
    if (idle_) cut();
}

// --- reading a request ---

void http_connection::next_request()
{
    reader_.emplace(settings_->limits.body_bytes_max);
    idle_ = input_.empty();
    if (idle_) {
        begin_phase(metrics::phase::idle, settings_->keep_alive);
        return read();
    }
    phase_.disarm();
    here_->strangers.pipelined(arrived_.debt + ++pipelined_, [self = shared_from_this()] {
        self->begin_phase(metrics::phase::header, self->settings_->limits.header_timeout);
        self->advance();
    });
}

void http_connection::read()
{
    stream_.async_read_some(
        asio::buffer(chunk_), [self = shared_from_this()](boost::system::error_code ec, std::size_t size) {
            if (ec) return self->phase_.disarm();
            // The header's time runs from its first byte to its last, however they trickle.
            if (std::exchange(self->idle_, false))
                self->begin_phase(metrics::phase::header, self->settings_->limits.header_timeout);
            self->input_.append(self->chunk_.data(), size);
            self->advance();
        });
}

void http_connection::advance()
{
    using progress = request_reader::progress;
    switch (reader_->feed(input_)) {
    case progress::header:
    case progress::body: return read();
    case progress::header_done: return on_header();
    case progress::done: return handle();
    case progress::failed: return refuse(reader_->fault());
    }
}

void http_connection::on_header()
{
    begin_phase(metrics::phase::body, settings_->limits.write_timeout);
    if (reader_->expects_continue() && input_.empty()) return continue_body();
    advance();
}

void http_connection::continue_body()
{
    static constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(interim.data(), interim.size()),
        [self = shared_from_this()](boost::system::error_code ec, std::size_t) {
            if (ec) return self->phase_.disarm();
            self->read();
        });
}

// --- answering it ---

void http_connection::handle()
{
    phase_.disarm();
    asked_at_ = here_->core->clock.now().boot;
    keep_ = reader_->keep_alive();
    auto request = std::make_shared<http_request>(reader_->take());
    request->request_id = new_request_id();
    request->remote_ip = client_address(arrived_.peer, forwarded_for(*request), settings_->trusted).to_string();
    route(std::move(request));
}

void http_connection::route(std::shared_ptr<http_request const> request)
{
    if (arrived_.refused) {
        keep_ = false;
        return answer(*request, too_many_sockets(request->request_id));
    }
    if (is_websocket_path(*request)) return open_websocket(std::move(request));
    if (arrived_.websocket_only)
        return answer(*request, problem(404, "not-found", "Only the WebSocket is served here", request->request_id));
    if (is_preflight(*request, settings_->origins)) return answer(*request, preflight_answer());
    if (auto file = here_->core->files.find(*request)) {
        file->endpoint = metrics::endpoint_slot::static_file;
        return answer(*request, std::move(*file));
    }
    run_handler(std::move(request));
}

void http_connection::run_handler(std::shared_ptr<http_request const> request)
{
    if (!here_->core->handler)
        return answer(*request, problem(404, "not-found", "Nothing is served here", request->request_id));
    asio::co_spawn(stream_.get_executor(), here_->core->handler(request),
        [self = shared_from_this(), request](std::exception_ptr failure, http_response response) {
            if (!failure) return self->answer(*request, std::move(response));
            // Its text may hold what was sent to us; the request id is what leads to the bug.
            log::error("request_failed", {{"requestId", request->request_id}});
            self->answer(*request, problem(500, "internal", "Something went wrong here", request->request_id));
        });
}

void http_connection::answer(http_request const& request, http_response response)
{
    if (draining_) keep_ = false;
    add_cors(request, settings_->origins, response);
    write(std::move(response), request.method != http_method::head);
}

void http_connection::refuse(request_fault const& fault)
{
    keep_ = false;
    asked_at_ = here_->core->clock.now().boot;
    write(problem(fault.status, fault.code, fault.title, new_request_id()), true);
}

void http_connection::write(http_response response, bool with_body)
{
    response_ = std::move(response);
    if (response_.source) return write_long(with_body);
    head_ = response_head(response_, keep_);
    bool const has_body = with_body && response_.status != 204 && response_.status != 304;
    auto const body = has_body ? response_body(response_) : std::string_view{};
    begin_phase(
        metrics::phase::write, settings_->limits.write_timeout + base::milliseconds(body.size() / bytes_per_ms_min));
    std::array<asio::const_buffer, 2> const buffers{asio::buffer(head_), asio::buffer(body.data(), body.size())};
    asio::async_write(stream_, buffers,
        [self = shared_from_this()](boost::system::error_code ec, std::size_t) { self->on_written(ec); });
}

/// The answer has been written, or can no longer be.
void http_connection::on_written(boost::system::error_code ec)
{
    auto const span = here_->core->clock.now().boot - asked_at_;
    metrics::http_requests.observe(response_.endpoint, metrics::slot_of_status(response_.status), span);
    response_ = {};
    piece_ = {};
    if (ec) return phase_.disarm();
    keep_ && !draining_ ? next_request() : shut_down();
}

// --- a body that is made while it is sent ---

void http_connection::write_long(bool with_body)
{
    chunked_ = reader_ && reader_->reads_chunks();
    if (!chunked_) keep_ = false;
    head_ = response_head(response_, keep_, chunked_ ? body_end::chunks : body_end::connection);
    begin_phase(metrics::phase::write, settings_->limits.write_timeout);
    asio::async_write(stream_, asio::buffer(head_),
        [self = shared_from_this(), with_body](boost::system::error_code ec, std::size_t) {
            ec || !with_body ? self->on_written(ec) : self->ask_piece();
        });
}

/// Its maker has deadlines of its own, so no phase runs meanwhile.
void http_connection::ask_piece()
{
    phase_.disarm();
    asio::co_spawn(stream_.get_executor(), response_.source(),
        [self = shared_from_this()](std::exception_ptr failure, base::result<std::string> piece) {
            if (!failure && piece) return self->write_piece(std::move(*piece));
            // The end of the body does not come, which is how the peer knows that it is not whole.
            log::error("answer_cut", {{"code", failure ? "internal" : piece.error().message()}});
            self->on_written(asio::error::operation_aborted);
            self->cut();
        });
}

void http_connection::write_piece(std::string piece)
{
    piece_ = std::move(piece);
    bool const last = piece_.empty();
    head_ = chunked_ ? chunk_head(piece_.size()) : std::string();
    static constexpr std::string_view line_end = "\r\n";
    begin_phase(
        metrics::phase::write, settings_->limits.write_timeout + base::milliseconds(piece_.size() / bytes_per_ms_min));
    std::array<asio::const_buffer, 3> const buffers{
        asio::buffer(head_), asio::buffer(piece_), asio::buffer(line_end.data(), chunked_ ? line_end.size() : 0)};
    asio::async_write(stream_, buffers, [self = shared_from_this(), last](boost::system::error_code ec, std::size_t) {
        ec || last ? self->on_written(ec) : self->ask_piece();
    });
}

void http_connection::shut_down()
{
    phase_.disarm();
    linger_and_close(here_, std::move(stream_));
}

void http_connection::begin_phase(metrics::phase which, base::milliseconds span)
{
    phase_now_ = which;
    phase_.arm(span);
}

void http_connection::on_late()
{
    metrics::phase_timeouts.add(phase_now_);
    if (arrived_.ticket && phase_now_ != metrics::phase::idle) arrived_.ticket->mark_late();
    close_for_good(stream_.next_layer());
}

void http_connection::cut()
{
    boost::system::error_code ec;
    stream_.next_layer().close(ec);
}

// --- becoming a WebSocket ---

void http_connection::open_websocket(std::shared_ptr<http_request const> request)
{
    if (!wants_upgrade(*request)) {
        auto refusal = problem(426, "bad-field", "This is a WebSocket endpoint", request->request_id);
        refusal.headers.emplace_back("Upgrade", "websocket");
        return refuse_upgrade(*request, std::move(refusal));
    }
    auto verdict = check_upgrade(*request, settings_->origins);
    // Frames may not follow before the answer (RFC 6455 4.1); bytes here are somebody's trick.
    if (!verdict.refusal && !input_.empty())
        verdict.refusal = problem(400, "bad-field", "Bytes follow the upgrade request", request->request_id);
    keep_ = false;
    if (verdict.refusal) return refuse_upgrade(*request, std::move(*verdict.refusal));
    if (draining_) return cut();
    if (arrived_.ticket) return become_websocket(std::move(verdict.accepted), request->remote_ip);
    ask_gate(std::move(verdict.accepted), std::move(request));
}

void http_connection::refuse_upgrade(http_request const& request, http_response response)
{
    response.endpoint = metrics::endpoint_slot::websocket;
    if (response.status == 403) metrics::sockets_refused.add(metrics::socket_refusal::origin);
    answer(request, std::move(response));
}

/// Behind a trusted proxy a socket is counted when its visitor is known, at the gate on shard 0.
void http_connection::ask_gate(upgrade accepted, std::shared_ptr<http_request const> request)
{
    auto const& core = here_->core;
    core->shards.dispatch(0, [self = shared_from_this(), core, accepted, request] {
        auto key = address_key(asio::ip::make_address(request->remote_ip));
        auto const verdict = core->gate.enter(key);
        std::shared_ptr<gate_ticket> ticket;
        if (verdict != admission::verdict::cut) ticket = std::make_shared<gate_ticket>(core, std::move(key));
        core->shards.dispatch(self->here_->index, [self, accepted, request, verdict, ticket] {
            if (verdict != admission::verdict::welcome)
                return self->refuse_upgrade(*request, too_many_sockets(request->request_id));
            self->arrived_.ticket = ticket;
            self->become_websocket(accepted, request->remote_ip);
        });
    });
}

void http_connection::become_websocket(upgrade accepted, std::string remote_ip)
{
    unlink();
    start_websocket(here_, std::move(stream_), std::move(accepted), std::move(remote_ip), std::move(arrived_.ticket));
}

} // namespace

void serve_http(std::shared_ptr<shard_net> here, tcp_socket socket, asio::ssl::context& tls, arrival arrived)
{
    std::make_shared<http_connection>(std::move(here), std::move(socket), tls, std::move(arrived))->start();
}

} // namespace rendezvous::net
