#include "stream.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <climits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace rendezvous::loadgen {
namespace {

int on_new_ticket(SSL* ssl, SSL_SESSION* ticket)
{
    static_cast<stream*>(SSL_get_app_data(ssl))->keep_ticket(ticket);
    return 1;
}

int openssl_size(std::size_t size)
{
    return int(std::min<std::size_t>(size, INT_MAX));
}

} // namespace

ssl_context make_ssl_context()
{
    ssl_context context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* const ctx = context.get();
    bool const ok = ctx != nullptr && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1
                    && SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") == 1
                    && SSL_CTX_set1_groups_list(ctx, "X25519") == 1;
    if (!ok) throw std::runtime_error("OpenSSL refuses TLS 1.3 with X25519 and AES-128-GCM");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_mode(
        ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, on_new_ticket);
    return context;
}

stream::~stream()
{
    reset();
    SSL_SESSION_free(ticket_);
}

bool stream::open(std::uint16_t port, std::uint16_t source)
{
    descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) return false;
    int const one = 1;
    setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (source != 0) {
        setsockopt(descriptor_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        address.sin_addr.s_addr = htonl((127U << 24) + source);
        if (bind(descriptor_, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) return false;
    }
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int const result = connect(descriptor_, reinterpret_cast<sockaddr const*>(&address), sizeof address);
    return result == 0 || errno == EINPROGRESS;
}

void stream::limit_receive_buffer(int bytes)
{
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

int stream::connect_error() const
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

void stream::start_tls(SSL_CTX* context, bool offer_ticket)
{
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, descriptor_);
    SSL_set_app_data(ssl_, this);
    SSL_set_tlsext_host_name(ssl_, "localhost");
    if (offer_ticket && ticket_ != nullptr) SSL_set_session(ssl_, ticket_);
    SSL_set_connect_state(ssl_);
}

handshake_state stream::handshake()
{
    int const result = SSL_do_handshake(ssl_);
    if (result == 1) return handshake_state::done;
    switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ: return handshake_state::wants_read;
    case SSL_ERROR_WANT_WRITE: return handshake_state::wants_write;
    default: ERR_clear_error(); return handshake_state::broken;
    }
}

ssize_t stream::read(char* into, std::size_t size)
{
    if (ssl_ == nullptr) {
        ssize_t const count = recv(descriptor_, into, size, 0);
        if (count < 0 && errno == EAGAIN) return 0;
        return count > 0 ? count : -1;
    }
    int const count = SSL_read(ssl_, into, openssl_size(size));
    if (count > 0) return count;
    int const error = SSL_get_error(ssl_, count);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
    ERR_clear_error();
    return -1;
}

bool stream::has_pending() const
{
    return ssl_ != nullptr && SSL_has_pending(ssl_) != 0;
}

ssize_t stream::write(char const* from, std::size_t size)
{
    if (ssl_ == nullptr) {
        ssize_t const count = send(descriptor_, from, size, MSG_NOSIGNAL);
        return count < 0 && errno == EAGAIN ? 0 : count;
    }
    int const count = SSL_write(ssl_, from, openssl_size(size));
    if (count > 0) return count;
    int const error = SSL_get_error(ssl_, count);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return 0;
    ERR_clear_error();
    return -1;
}

void stream::reset()
{
    if (ssl_ != nullptr) {
        SSL_set_quiet_shutdown(ssl_, 1);
        SSL_shutdown(ssl_); // without it OpenSSL holds the session for not resumable
        SSL_free(ssl_);
        ssl_ = nullptr;
    }
    if (descriptor_ < 0) return;
    linger const at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(descriptor_);
    descriptor_ = -1;
}

void stream::keep_ticket(SSL_SESSION* ticket)
{
    SSL_SESSION_free(ticket_);
    ticket_ = ticket;
}

} // namespace rendezvous::loadgen
