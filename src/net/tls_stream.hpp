#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream_base.hpp>

#include <openssl/ssl.h>

#include <array>
#include <cstring>
#include <memory>
#include <utility>

namespace rendezvous::net {

/// One accepted TCP connection on a concrete executor: no type erasure on the path of every byte.
using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// What one attempt of OpenSSL on a socket came to: finished, or to be tried again when the socket
/// is ready for what it wants.
struct tls_progress {
    enum class want { nothing, readable, writable };
    boost::system::error_code ec;
    std::size_t bytes = 0;
    want wants = want::nothing;
};

/// OpenSSL's state of one connection, reading and writing the socket itself: no buffers between
/// them. Its functions never block. Operations under way share it, so that they outlive a stream
/// that is moved or destroyed.
class tls_engine {
public:
    tls_engine(tcp_socket& socket, boost::asio::ssl::context& context);
    tls_engine(tls_engine const&) = delete;
    tls_engine& operator=(tls_engine const&) = delete;

    /// Where the socket is now; none when the stream is gone.
    void bind(tcp_socket* socket) noexcept { socket_ = socket; }
    tcp_socket* socket() const noexcept { return socket_; }

    tls_progress accept();
    tls_progress read(boost::asio::mutable_buffer into);
    /// After an outcome that wants something the same bytes must be offered again, wherever they lie.
    tls_progress write(boost::asio::const_buffer from);
    /// Sends close_notify and waits for the peer's.
    tls_progress shutdown();

    /// A wait for the socket to become readable is over.
    void on_readable() noexcept { drained_ = false; }
    SSL* native_handle() const noexcept { return ssl_.get(); }

private:
    struct ssl_freer {
        void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
    };
    static BIO_METHOD const* bio_method();
    static int bio_read(BIO* bio, char* data, std::size_t size, std::size_t* done);
    static int bio_write(BIO* bio, char const* data, std::size_t size, std::size_t* done);
    static long bio_control(BIO* bio, int command, long number, void* pointer);

    template <class Call>
    tls_progress attempt(Call call);
    boost::system::error_code failure(int kind) const;

    std::unique_ptr<SSL, ssl_freer> ssl_;
    tcp_socket* socket_;
    int system_error_ = 0; ///< of the last call on the socket
    bool drained_ = false; ///< the last receive left nothing; the next one would be in vain
    bool over_ = false;    ///< ended or failed: OpenSSL says so without the socket
};

/// The most that goes into one TLS record, and what small buffers are gathered up to.
inline constexpr std::size_t tls_record_bytes_max = 16'384;
using tls_scratch = std::array<char, tls_record_bytes_max>;

/// The scratch of this thread: OpenSSL has encrypted what lies in it when it returns.
tls_scratch& scratch_here() noexcept;

/// The bytes to offer to OpenSSL next: the first buffer if it is alone or fills a record, else the
/// first bytes of all of them gathered in `scratch`, so that they become one record and one send.
template <class Buffers>
boost::asio::const_buffer gather(Buffers const& buffers, tls_scratch& scratch)
{
    namespace asio = boost::asio;
    asio::const_buffer only;
    std::size_t filled = 0;
    for (auto it = asio::buffer_sequence_begin(buffers); it != asio::buffer_sequence_end(buffers); ++it) {
        asio::const_buffer const next(*it);
        if (next.size() == 0) continue;
        if (only.size() == 0) {
            only = next;
            if (only.size() >= scratch.size()) return only;
            continue;
        }
        if (filled == 0) {
            std::memcpy(scratch.data(), only.data(), only.size());
            filled = only.size();
        }
        filled += asio::buffer_copy(asio::buffer(scratch.data() + filled, scratch.size() - filled), next);
        if (filled == scratch.size()) break;
    }
    return filled == 0 ? only : asio::const_buffer(scratch.data(), filled);
}

/// One asynchronous operation: attempts, and waits between them. `Act` makes the attempt. It never
/// completes inside the function that began it.
template <class Act>
class tls_operation {
public:
    tls_operation(std::shared_ptr<tls_engine> engine, Act act) : engine_(std::move(engine)), act_(std::move(act)) {}

    template <class Self>
    void operator()(Self& self, boost::system::error_code ec = {})
    {
        using want = tls_progress::want;
        bool const begins = !std::exchange(begun_, true);
        if (over_) return complete(self);
        if (got_.wants == want::readable && !ec) engine_->on_readable();
        if (ec)
            got_ = {ec};
        else
            got_ = act_(*engine_);
        if (got_.wants != want::nothing) {
            auto const until = got_.wants == want::readable ? tcp_socket::wait_read : tcp_socket::wait_write;
            engine_->socket()->async_wait(until, std::move(self));
        } else if (begins) {
            over_ = true;
            auto const executor = self.get_executor();
            boost::asio::post(executor, std::move(self));
        } else {
            complete(self);
        }
    }

private:
    template <class Self>
    void complete(Self& self)
    {
        engine_.reset();
        if constexpr (Act::transfers)
            self.complete(got_.ec, got_.bytes);
        else
            self.complete(got_.ec);
    }

    std::shared_ptr<tls_engine> engine_;
    Act act_;
    tls_progress got_;
    bool begun_ = false;
    bool over_ = false;
};

/// The one TLS stream of the house, server side: OpenSSL directly on the non-blocking socket, which
/// is waited for only when OpenSSL wants it. It keeps no buffer of its own, and OpenSSL's are given
/// back whenever they are empty (SSL_MODE_RELEASE_BUFFERS of the context). At most one read and one
/// write at a time; on one thread. Errors: asio::error::eof after the peer's close_notify,
/// asio::ssl::error::stream_truncated if it left without, operation_aborted once the socket is
/// closed. May be moved or destroyed while operations are under way; a destroyed stream ends them
/// with operation_aborted.
class tls_stream : public boost::asio::ssl::stream_base {
public:
    using next_layer_type = tcp_socket;
    using lowest_layer_type = tcp_socket::lowest_layer_type;
    using executor_type = tcp_socket::executor_type;

    tls_stream(tcp_socket socket, boost::asio::ssl::context& context)
        : socket_(std::move(socket)),
          engine_(std::make_shared<tls_engine>(socket_, context))
    {}
    tls_stream(tls_stream&& other) noexcept : socket_(std::move(other.socket_)), engine_(std::move(other.engine_))
    {
        if (engine_) engine_->bind(&socket_);
    }
    tls_stream& operator=(tls_stream&&) = delete;
    ~tls_stream()
    {
        if (engine_) engine_->bind(nullptr);
    }

    executor_type get_executor() noexcept { return socket_.get_executor(); }
    next_layer_type& next_layer() noexcept { return socket_; }
    lowest_layer_type& lowest_layer() noexcept { return socket_.lowest_layer(); }
    SSL* native_handle() const noexcept { return engine_->native_handle(); }

    template <class Token>
    auto async_handshake(handshake_type, Token&& token)
    {
        return begin<void(boost::system::error_code)>(accepting{}, token);
    }

    template <class Token>
    auto async_shutdown(Token&& token)
    {
        return begin<void(boost::system::error_code)>(shutting_down{}, token);
    }

    /// Completes with at least one byte, an error, or none if `buffers` are empty.
    template <class Buffers, class Token>
    auto async_read_some(Buffers const& buffers, Token&& token)
    {
        boost::asio::mutable_buffer into;
        for (auto it = boost::asio::buffer_sequence_begin(buffers);
             into.size() == 0 && it != boost::asio::buffer_sequence_end(buffers); ++it)
            into = boost::asio::mutable_buffer(*it);
        return begin<void(boost::system::error_code, std::size_t)>(reading{into}, token);
    }

    /// Writes one TLS record at most.
    template <class Buffers, class Token>
    auto async_write_some(Buffers const& buffers, Token&& token)
    {
        return begin<void(boost::system::error_code, std::size_t)>(writing<Buffers>{buffers}, token);
    }

private:
    struct accepting {
        static constexpr bool transfers = false;
        tls_progress operator()(tls_engine& engine) const { return engine.accept(); }
    };
    struct shutting_down {
        static constexpr bool transfers = false;
        tls_progress operator()(tls_engine& engine) const { return engine.shutdown(); }
    };
    struct reading {
        static constexpr bool transfers = true;
        boost::asio::mutable_buffer into;
        tls_progress operator()(tls_engine& engine) const { return engine.read(into); }
    };
    template <class Buffers>
    struct writing {
        static constexpr bool transfers = true;
        Buffers buffers;
        tls_progress operator()(tls_engine& engine) const
        {
            return engine.write(gather(buffers, scratch_here()));
        }
    };

    template <class Signature, class Act, class Token>
    auto begin(Act act, Token& token)
    {
        return boost::asio::async_compose<Token, Signature>(
            tls_operation<Act>(engine_, std::move(act)), token, socket_);
    }

    tcp_socket socket_;
    std::shared_ptr<tls_engine> engine_;
};

} // namespace rendezvous::net
