#pragma once

// One non-blocking TCP connection to 127.0.0.1, with or without TLS.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <openssl/ssl.h>
#include <sys/types.h>

namespace rendezvous::loadgen {

struct ssl_context_free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ssl_context = std::unique_ptr<SSL_CTX, ssl_context_free>;

/// TLS 1.3 only, X25519, AES-128-GCM, no verification, so that every server does the same
/// cryptographic work. New session tickets are kept by the stream they arrive on.
ssl_context make_ssl_context();

enum class handshake_state { done, wants_read, wants_write, broken };

/// Not movable: OpenSSL keeps a pointer to it for the session tickets.
class stream {
public:
    stream() = default;
    stream(stream const&) = delete;
    stream& operator=(stream const&) = delete;
    ~stream();

    /// Starts connecting, from 127.0.x.y if `source` is 256x + y; false with errno set when that fails at once.
    bool open(std::uint16_t port, std::uint16_t source = 0);
    /// Bytes the kernel may keep unread; small ones let a reader that does not read be noticed soon.
    void limit_receive_buffer(int bytes);
    /// The connection error of SO_ERROR, 0 for none.
    int connect_error() const;
    void start_tls(SSL_CTX* context, bool offer_ticket);
    handshake_state handshake();

    /// Bytes read, 0 when nothing is there yet, -1 when the connection is gone.
    ssize_t read(char* into, std::size_t size);
    /// More is readable although epoll may stay silent.
    bool has_pending() const;
    /// Bytes taken, 0 when the socket is full, -1 when the connection is gone.
    ssize_t write(char const* from, std::size_t size);

    /// Ends the connection with a reset; the TLS ticket stays for the next open.
    void reset();

    int descriptor() const { return descriptor_; }
    bool tls_resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_) != 0; }

    /// Called by OpenSSL; takes ownership.
    void keep_ticket(SSL_SESSION* ticket);

private:
    int descriptor_ = -1;
    SSL* ssl_ = nullptr;
    SSL_SESSION* ticket_ = nullptr;
};

} // namespace rendezvous::loadgen
