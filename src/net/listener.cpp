#include "listener.hpp"

#include "rendezvous/base/log.hpp"
#include "rendezvous/base/metrics.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <charconv>
#include <stdexcept>

#include <netinet/tcp.h>

namespace rendezvous::net {
namespace {

namespace asio = boost::asio;
namespace log = base::log;
namespace metrics = base::metrics;
using asio::ip::tcp;

constexpr int backlog = 4'096;
/// While the process has no file descriptor left, asking for connections would spin.
constexpr base::milliseconds exhausted_pause{250};

/// Small enough that what a slow reader has not taken stays in our queue, where it is counted.
using not_sent_low_water = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
constexpr int not_sent_bytes = 16 * 1'024;

std::string text_of(tcp::endpoint const& at)
{
    auto const address = at.address().to_string();
    return (at.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(at.port());
}

} // namespace

tcp::endpoint parse_endpoint(std::string const& text)
{
    auto const colon = text.rfind(':');
    auto host = text.substr(0, colon);
    bool const bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    boost::system::error_code ec;
    auto const address = asio::ip::make_address(host, ec);
    std::uint16_t port = 0;
    char const* const end = text.data() + text.size();
    char const* const begin = colon == std::string::npos ? end : text.data() + colon + 1;
    auto const parsed = std::from_chars(begin, end, port);
    if (ec || address.is_v6() != bracketed || parsed.ec != std::errc{} || parsed.ptr != end)
        throw std::runtime_error("not an address and port: " + text);
    return {address, port};
}

listener::listener(std::vector<std::shared_ptr<shard_net>> shards, tcp::endpoint const& at, bool v6_only,
    bool websocket_only, std::shared_ptr<asio::ssl::context> tls, int inherited)
    : shards_(std::move(shards)),
      acceptor_(shards_.front()->core->shards.context(0).get_executor()),
      pause_(shards_.front()->wheel, [this] { accept(); }),
      websocket_only_(websocket_only),
      tls_(std::move(tls))
{
    try {
        if (inherited >= 0) {
            acceptor_.assign(at.protocol(), inherited);
            acceptor_.set_option(not_sent_low_water(not_sent_bytes));
            acceptor_.non_blocking(true);
            return;
        }
        acceptor_.open(at.protocol());
        acceptor_.set_option(tcp::acceptor::reuse_address(true));
        if (at.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(v6_only));
        // Accepted sockets inherit it.
        acceptor_.set_option(not_sent_low_water(not_sent_bytes));
        acceptor_.bind(at);
        acceptor_.listen(backlog);
        acceptor_.non_blocking(true);
    } catch (boost::system::system_error const& e) {
        throw std::runtime_error("cannot listen on " + text_of(at) + ": " + e.code().message());
    }
}

std::uint16_t listener::port() const
{
    return acceptor_.local_endpoint().port();
}

std::string listener::address() const
{
    return acceptor_.local_endpoint().address().to_string();
}

void listener::accept()
{
    if (!acceptor_.is_open()) return;
    if (open_sockets() >= shards_.front()->core->sockets_max) {
        metrics::accept_pauses.add(metrics::accept_pause::descriptors);
        return pause_.arm(exhausted_pause);
    }
    acceptor_.async_accept(
        next_executor(), peer_, [self = shared_from_this()](boost::system::error_code ec, tcp_socket socket) {
            self->on_accepted(ec, std::move(socket));
        });
}

/// Empties the backlog: it knows no order but arrival, and in a storm those who owe nothing stand at
/// its end. Who is served next is decided afterwards (turns). Not so far that those who have gone
/// meanwhile, and are only known to be when their turn comes, take the places of those who have not.
void listener::accept_waiting()
{
    auto const& core = *shards_.front()->core;
    for (int i = 0; i < backlog && open_sockets() < core.sockets_max && !core.gate.has_many_strangers(); ++i) {
        boost::system::error_code ec;
        tcp_socket socket(next_executor());
        acceptor_.accept(socket, peer_, ec);
        if (ec) return;
        admit(std::move(socket));
    }
}

asio::io_context::executor_type listener::next_executor() const
{
    return shards_[next_shard_]->core->shards.context(next_shard_).get_executor();
}

std::size_t listener::open_sockets() const
{
    std::size_t out = 0;
    for (auto const& each : shards_)
        out += each->http_count.load(std::memory_order_relaxed) + each->websocket_count.load(std::memory_order_relaxed);
    return out;
}

void listener::on_accepted(boost::system::error_code ec, tcp_socket socket)
{
    namespace error = asio::error;
    if (!acceptor_.is_open()) return;
    if (ec == error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system
        || ec == error::no_buffer_space || ec == error::no_memory) {
        log::warn("accept_exhausted", {{"reason", ec.message()}});
        metrics::accept_pauses.add(metrics::accept_pause::exhausted);
        return pause_.arm(exhausted_pause);
    }
    if (!ec) {
        admit(std::move(socket));
        accept_waiting();
    }
    accept();
}

void listener::admit(tcp_socket socket)
{
    auto const& core = shards_.front()->core;
    arrival arrived;
    arrived.peer = plain_address(peer_.address());
    arrived.websocket_only = websocket_only_;
    if (!shards_.front()->settings->trusted.contains(arrived.peer)) {
        auto key = address_key(arrived.peer);
        auto const verdict = core->gate.enter(key);
        if (verdict == admission::verdict::cut) return;
        arrived.refused = verdict == admission::verdict::refuse;
        arrived.debt = core->gate.debt(key, core->clock.now().boot);
        arrived.ticket = std::make_shared<gate_ticket>(core, std::move(key));
    }
    hand_over(std::move(socket), std::move(arrived));
}

void listener::hand_over(tcp_socket socket, arrival arrived)
{
    boost::system::error_code ec;
    socket.set_option(tcp::no_delay(true), ec);
    auto const index = next_shard_;
    next_shard_ = (next_shard_ + 1) % shards_.size();
    auto const box = std::make_shared<tcp_socket>(std::move(socket));
    shards_.front()->core->shards.dispatch(
        index, [there = shards_[index], box, tls = tls_, arrived = std::move(arrived)] {
            serve_http(there, std::move(*box), *tls, arrived);
        });
}

void listener::on_vacancy()
{
    if (!pause_.armed()) return;
    pause_.disarm();
    accept();
}

void listener::stop()
{
    pause_.disarm();
    boost::system::error_code ec;
    acceptor_.close(ec);
}

} // namespace rendezvous::net
