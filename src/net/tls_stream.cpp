#include "tls_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>

namespace rendezvous::net {
namespace {

namespace asio = boost::asio;

int transferable(std::size_t size)
{
    return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

} // namespace

tls_scratch& scratch_here() noexcept
{
    thread_local tls_scratch scratch;
    return scratch;
}

tls_engine::tls_engine(tcp_socket& socket, asio::ssl::context& context)
    : ssl_(SSL_new(context.native_handle())),
      socket_(&socket)
{
    BIO* const bio = ssl_ ? BIO_new(bio_method()) : nullptr;
    if (!bio) throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_accept_state(ssl_.get());
    SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // One receive brings a record's header, the record and what stands behind it.
    SSL_set_read_ahead(ssl_.get(), 1);
}

// --- what OpenSSL calls ---

/// Like OpenSSL's own socket BIO, but a peer that is gone raises no SIGPIPE, and a receive that
/// can find nothing is not made.
BIO_METHOD const* tls_engine::bio_method()
{
    static BIO_METHOD* const method = [] {
        auto* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tcp_socket");
        if (!made) throw std::bad_alloc();
        BIO_meth_set_read_ex(made, bio_read);
        BIO_meth_set_write_ex(made, bio_write);
        BIO_meth_set_ctrl(made, bio_control);
        return made;
    }();
    return method;
}

int tls_engine::bio_read(BIO* bio, char* data, std::size_t size, std::size_t* done)
{
    auto& self = *static_cast<tls_engine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (self.drained_) {
        BIO_set_retry_read(bio);
        return -1;
    }
    ssize_t got = 0;
    do got = ::recv(self.socket_->native_handle(), data, size, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        self.drained_ = static_cast<std::size_t>(got) < size;
        *done = static_cast<std::size_t>(got);
        return 1;
    }
    if (got == 0) {
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
        return 0;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        BIO_set_retry_read(bio);
    } else {
        self.system_error_ = errno;
    }
    return -1;
}

int tls_engine::bio_write(BIO* bio, char const* data, std::size_t size, std::size_t* done)
{
    auto& self = *static_cast<tls_engine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    ssize_t put = 0;
    do put = ::send(self.socket_->native_handle(), data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    if (put >= 0) {
        *done = static_cast<std::size_t>(put);
        return 1;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        BIO_set_retry_write(bio);
    else
        self.system_error_ = errno;
    return -1;
}

long tls_engine::bio_control(BIO* bio, int command, long, void*)
{
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return 0;
}

// --- what calls OpenSSL ---

template <class Call>
tls_progress tls_engine::attempt(Call call)
{
    if (!socket_ || !socket_->is_open()) return {asio::error::operation_aborted};
    ERR_clear_error();
    system_error_ = 0;
    std::size_t bytes = 0;
    int const outcome = call(&bytes);
    if (outcome > 0) return {{}, bytes};
    int const kind = SSL_get_error(ssl_.get(), outcome);
    if (kind == SSL_ERROR_WANT_READ) return {{}, 0, tls_progress::want::readable};
    if (kind == SSL_ERROR_WANT_WRITE) return {{}, 0, tls_progress::want::writable};
    over_ = true;
    return {failure(kind)};
}

boost::system::error_code tls_engine::failure(int kind) const
{
    if (kind == SSL_ERROR_ZERO_RETURN) return asio::error::eof;
    if (system_error_ != 0) return {system_error_, asio::error::get_system_category()};
    auto const reason = ERR_peek_error();
    bool const cut = ERR_GET_LIB(reason) == ERR_LIB_SSL && ERR_GET_REASON(reason) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    if (reason == 0 || cut) return asio::ssl::error::stream_truncated;
    return {static_cast<int>(reason), asio::error::get_ssl_category()};
}

tls_progress tls_engine::accept()
{
    return attempt([&](std::size_t*) { return SSL_accept(ssl_.get()); });
}

tls_progress tls_engine::read(asio::mutable_buffer into)
{
    if (into.size() == 0) return {};
    if (allowance_ == 0) return {asio::error::message_size, 0, tls_progress::want::nothing};
    // OpenSSL would fetch a buffer for nothing, too.
    bool const in_vain = drained_ && !over_ && SSL_has_pending(ssl_.get()) == 0;
    if (in_vain && socket_ && socket_->is_open()) return {{}, 0, tls_progress::want::readable};
    auto const progress = attempt([&](std::size_t* bytes) {
        int const got = SSL_read(ssl_.get(), into.data(), transferable(into.size()));
        if (got > 0) *bytes = static_cast<std::size_t>(got);
        return got;
    });
    allowance_ -= std::min(allowance_, progress.bytes);
    return progress;
}

tls_progress tls_engine::write(asio::const_buffer from)
{
    if (from.size() == 0) return {};
    return attempt([&](std::size_t* bytes) {
        int const put = SSL_write(ssl_.get(), from.data(), transferable(from.size()));
        if (put > 0) *bytes = static_cast<std::size_t>(put);
        return put;
    });
}

tls_progress tls_engine::shutdown()
{
    over_ = true;
    return attempt([&](std::size_t*) {
        int const first = SSL_shutdown(ssl_.get());
        return first == 0 ? SSL_shutdown(ssl_.get()) : first;
    });
}

} // namespace rendezvous::net
