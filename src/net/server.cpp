#include "rendezvous/net/server.hpp"

#include "listener.hpp"
#include "tls_context.hpp"

#include "rendezvous/base/log.hpp"
#include "rendezvous/net/tls.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace rendezvous::net {
namespace {

using boost::asio::ip::tcp;

std::shared_ptr<net_settings const> make_settings(server_options const& options)
{
    return std::make_shared<net_settings const>(net_settings{options.limits, options.keep_alive, options.lag_max,
        origin_rules(options.public_url, options.allowed_origins), address_blocks(options.trusted_proxies)});
}

/// What the descriptors of this process allow, some kept for everything that is no connection.
std::size_t sockets_for_descriptors()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return std::numeric_limits<std::size_t>::max();
    auto const all = static_cast<std::size_t>(limit.rlim_cur);
    if (all <= 2 * base::limits::descriptors_kept) return std::max<std::size_t>(1, all / 2);
    return (all - base::limits::descriptors_kept) / 10 * 9;
}

/// The port a socket listens on, or nothing if it is no listening TCP socket.
std::optional<std::uint16_t> listening_port(int fd)
{
    int listening = 0;
    socklen_t size = sizeof listening;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) return std::nullopt;
    sockaddr_storage at{};
    size = sizeof at;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) return std::nullopt;
    if (at.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in const&>(at).sin_port);
    if (at.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6 const&>(at).sin6_port);
    return std::nullopt;
}

tcp protocol_of(int fd)
{
    sockaddr_storage at{};
    socklen_t size = sizeof at;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    return at.ss_family == AF_INET6 ? tcp::v6() : tcp::v4();
}

/// `[::]` serves IPv4 too, unless an IPv4 address has been given that port.
bool v6_only(tcp::endpoint const& at, std::vector<tcp::endpoint> const& all)
{
    return std::any_of(all.begin(), all.end(),
        [&at](tcp::endpoint const& other) { return other.address().is_v4() && other.port() == at.port(); });
}

} // namespace

struct server::impl {
    server_options options;
    std::shared_ptr<net_core> core;
    std::vector<std::shared_ptr<shard_net>> shards;
    std::vector<std::shared_ptr<listener>> listeners;

    std::vector<int> assign_inherited();
    std::vector<std::uint16_t> bind(std::vector<std::string> const& endpoints, bool websocket_only,
        std::shared_ptr<boost::asio::ssl::context> const& tls, std::vector<int>::const_iterator inherited);
    std::vector<tcp::endpoint> all_endpoints() const;
    void on_each_shard(std::function<void(shard_net&)> const& work);
    void on_each_listener(std::function<void(listener&)> const& work);
};

std::vector<tcp::endpoint> server::impl::all_endpoints() const
{
    std::vector<tcp::endpoint> out;
    for (auto const* list : {&options.listen, &options.websocket_listen})
        for (auto const& text : *list) out.push_back(parse_endpoint(text));
    return out;
}

/// For each endpoint, `listen` first, the inherited socket that serves it, or -1.
std::vector<int> server::impl::assign_inherited()
{
    auto const endpoints = all_endpoints();
    std::vector<int> out(endpoints.size(), -1);
    std::vector<int> left;
    for (int const fd : options.inherited) {
        auto const port = listening_port(fd);
        if (!port)
            throw std::runtime_error("inherited descriptor " + std::to_string(fd) + " is no listening TCP socket");
        std::size_t i = 0;
        while (i < out.size() && (out[i] >= 0 || endpoints[i].port() != *port)) ++i;
        i < out.size() ? void(out[i] = fd) : left.push_back(fd);
    }
    for (int const fd : left) {
        auto const place = std::find(out.begin(), out.end(), -1);
        if (place == out.end()) throw std::runtime_error("more sockets are inherited than there are endpoints");
        *place = fd;
    }
    return out;
}

std::vector<std::uint16_t> server::impl::bind(std::vector<std::string> const& endpoints, bool websocket_only,
    std::shared_ptr<boost::asio::ssl::context> const& tls, std::vector<int>::const_iterator inherited)
{
    auto const all = all_endpoints();
    std::vector<std::uint16_t> ports;
    for (auto const& text : endpoints) {
        auto at = parse_endpoint(text);
        int const fd = *inherited++;
        if (fd >= 0) at = {protocol_of(fd), 0};
        listeners.push_back(std::make_shared<listener>(shards, at, v6_only(at, all), websocket_only, tls, fd));
        ports.push_back(listeners.back()->port());
        base::log::info("listening", {{"address", listeners.back()->address()}, {"port", unsigned{ports.back()}},
                                         {"websocketOnly", websocket_only}, {"inherited", fd >= 0}});
    }
    return ports;
}

void server::impl::on_each_shard(std::function<void(shard_net&)> const& work)
{
    for (auto const& each : shards) core->shards.dispatch(each->index, [each, work] { work(*each); });
}

void server::impl::on_each_listener(std::function<void(listener&)> const& work)
{
    core->shards.dispatch(0, [all = listeners, work] {
        for (auto const& each : all) work(*each);
    });
}

server::server(service::shards& shards, server_options options, http_handler handler, socket_handler_factory sockets,
    base::clock const& clock, base::id_generator& ids)
    : impl_(std::make_unique<impl>())
{
    impl_->options = std::move(options);
    auto const most = impl_->options.sockets_max > 0 ? impl_->options.sockets_max : sockets_for_descriptors();
    impl_->core.reset(new net_core{shards, clock, ids, std::move(handler), std::move(sockets), static_files{}, most,
        admission(impl_->options.limits, most), nullptr});
}

server::~server()
{
    impl_->core->over = true;
    for (auto const& each : impl_->shards) each->abandon_all();
}

bound_ports server::start()
{
    auto& me = *impl_;
    auto const tls = make_tls_context(me.options.certificate, me.options.key);
    if (!me.options.web_root.empty()) me.core->files = static_files(me.options.web_root);
    auto const settings = make_settings(me.options);
    for (std::size_t i = 0; i < me.core->shards.count(); ++i)
        me.shards.push_back(std::make_shared<shard_net>(me.core, i, settings));
    auto const inherited = me.assign_inherited();
    bound_ports out;
    out.listen = me.bind(me.options.listen, false, tls, inherited.begin());
    auto const further = inherited.begin() + static_cast<std::ptrdiff_t>(me.options.listen.size());
    out.websocket_listen = me.bind(me.options.websocket_listen, true, tls, further);
    me.on_each_shard([](shard_net& each) { each.start_ticking(); });
    std::vector<std::weak_ptr<listener>> const weak(me.listeners.begin(), me.listeners.end());
    me.core->shards.dispatch(0, [core = me.core, weak] {
        core->on_vacancy = [weak] {
            for (auto const& each : weak)
                if (auto const alive = each.lock()) alive->on_vacancy();
        };
    });
    me.on_each_listener([](listener& each) { each.accept(); });
    return out;
}

void server::stop_accepting()
{
    impl_->on_each_listener([](listener& each) { each.stop(); });
}

bool server::has_inherited() const
{
    return !impl_->options.inherited.empty();
}

void server::close_all(std::uint16_t code, std::string reason)
{
    impl_->on_each_shard([code, reason = std::move(reason)](shard_net& each) { each.close_all(code, reason); });
}

server_counts server::counts() const
{
    server_counts out;
    for (auto const& each : impl_->shards) {
        out.http += each->http_count.load(std::memory_order_relaxed);
        out.websockets += each->websocket_count.load(std::memory_order_relaxed);
    }
    return out;
}

std::optional<std::string> server::reload(server_options const& options)
{
    try {
        auto const tls = make_tls_context(options.certificate, options.key);
        auto const settings = make_settings(options);
        impl_->on_each_shard([settings](shard_net& each) { each.use(settings); });
        impl_->on_each_listener([tls](listener& each) { each.use(tls); });
        auto const core = impl_->core;
        core->shards.dispatch(0, [core, settings] { core->gate.set_limits(settings->limits); });
        return std::nullopt;
    } catch (std::runtime_error const& e) {
        return e.what();
    }
}

} // namespace rendezvous::net
