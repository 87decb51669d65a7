#pragma once

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream_base.hpp>

#include <openssl/ssl.h>

#include <array>
#include <cstring>
#include <memory>
#include <type_traits>
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

    /// From now on at most so many bytes may be read; beyond them reading fails with
    /// asio::error::message_size.
    void allow(std::size_t bytes) noexcept { allowance_ = bytes; }

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
    std::size_t allowance_ = static_cast<std::size_t>(-1);
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

/// The end of an operation on its way to its handler. Runs where and allocates how the handler does.
template <bool Transfers, class Handler>
class tls_completion {
public:
    using executor_type = boost::asio::associated_executor_t<Handler, tcp_socket::executor_type>;
    using allocator_type = boost::asio::associated_allocator_t<Handler>;

    tls_completion(Handler handler, tcp_socket::executor_type const& executor, tls_progress const& got)
        : got_(got),
          handler_(std::move(handler)),
          executor_(executor)
    {}

    executor_type get_executor() const noexcept { return boost::asio::get_associated_executor(handler_, executor_); }
    allocator_type get_allocator() const noexcept { return boost::asio::get_associated_allocator(handler_); }

    void operator()()
    {
        if constexpr (Transfers)
            std::move(handler_)(got_.ec, got_.bytes);
        else
            std::move(handler_)(got_.ec);
    }

protected:
    tls_progress got_;

private:
    Handler handler_;
    tcp_socket::executor_type executor_;
};

/// An operation that waits for the socket between its attempts. `Act` makes an attempt.
template <class Act, class Handler>
class tls_operation : public tls_completion<Act::transfers, Handler> {
    using base = tls_completion<Act::transfers, Handler>;

public:
    tls_operation(base&& first, Act&& act, std::shared_ptr<tls_engine> engine)
        : base(std::move(first)),
          act_(std::move(act)),
          engine_(std::move(engine))
    {}

    void operator()(boost::system::error_code ec)
    {
        if (ec) {
            this->got_ = {ec};
        } else {
            if (this->got_.wants == tls_progress::want::readable) engine_->on_readable();
            this->got_ = act_(*engine_);
        }
        if (this->got_.wants != tls_progress::want::nothing) return wait();
        engine_.reset();
        base::operator()();
    }

    /// The last thing to call: it moves the operation away.
    void wait()
    {
        bool const to_read = this->got_.wants == tls_progress::want::readable;
        engine_->socket()->async_wait(to_read ? tcp_socket::wait_read : tcp_socket::wait_write, std::move(*this));
    }

private:
    Act act_;
    std::shared_ptr<tls_engine> engine_;
};

/// The one TLS stream of the house, server side: OpenSSL directly on the non-blocking socket, which
/// is waited for only when OpenSSL wants it. It keeps no buffer of its own, and OpenSSL's are given
/// back whenever they are empty (SSL_MODE_RELEASE_BUFFERS of the context). At most one read and one
/// write at a time; on one thread. Errors: asio::error::eof after the peer's close_notify,
/// asio::ssl::error::stream_truncated if it left without, operation_aborted once the socket is
/// closed. May be moved or destroyed while operations are under way; a destroyed stream ends them
/// with operation_aborted. A handler is a function object, called on the socket's executor unless it
/// has one of its own; other completion tokens do not fit.
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
    /// See tls_engine::allow.
    void allow_to_read(std::size_t bytes) noexcept { engine_->allow(bytes); }

    template <class Handler>
    void async_handshake(handshake_type, Handler&& handler)
    {
        begin(accepting{}, std::forward<Handler>(handler));
    }

    template <class Handler>
    void async_shutdown(Handler&& handler)
    {
        begin(shutting_down{}, std::forward<Handler>(handler));
    }

    /// Completes with at least one byte, an error, or none if `buffers` are empty.
    template <class Buffers, class Handler>
    void async_read_some(Buffers const& buffers, Handler&& handler)
    {
        boost::asio::mutable_buffer into;
        for (auto it = boost::asio::buffer_sequence_begin(buffers);
             into.size() == 0 && it != boost::asio::buffer_sequence_end(buffers); ++it)
            into = boost::asio::mutable_buffer(*it);
        begin(reading{into}, std::forward<Handler>(handler));
    }

    /// Writes one TLS record at most.
    template <class Buffers, class Handler>
    void async_write_some(Buffers const& buffers, Handler&& handler)
    {
        begin(writing<Buffers const&>{buffers}, std::forward<Handler>(handler));
    }

private:
    struct accepting {
        static constexpr bool transfers = false;
        using kept = accepting;
        tls_progress operator()(tls_engine& engine) const { return engine.accept(); }
    };
    struct shutting_down {
        static constexpr bool transfers = false;
        using kept = shutting_down;
        tls_progress operator()(tls_engine& engine) const { return engine.shutdown(); }
    };
    struct reading {
        static constexpr bool transfers = true;
        using kept = reading;
        boost::asio::mutable_buffer into;
        tls_progress operator()(tls_engine& engine) const { return engine.read(into); }
    };
    /// Asio's buffer sequences are a kilobyte large: one is copied only when it has to wait.
    template <class Buffers>
    struct writing {
        static constexpr bool transfers = true;
        using kept = writing<std::remove_cvref_t<Buffers>>;
        Buffers buffers;
        tls_progress operator()(tls_engine& engine) const { return engine.write(gather(buffers, scratch_here())); }
        operator kept() const requires(!std::is_same_v<writing, kept>) { return {buffers}; }
    };

    /// Makes the first attempt at once. Its outcome is posted: no operation completes inside the
    /// function that began it.
    template <class Act, class Handler>
    void begin(Act const& act, Handler&& handler)
    {
        using completion = tls_completion<Act::transfers, std::decay_t<Handler>>;
        using operation = tls_operation<typename Act::kept, std::decay_t<Handler>>;
        auto const got = act(*engine_);
        completion first(std::forward<Handler>(handler), socket_.get_executor(), got);
        if (got.wants == tls_progress::want::nothing) return boost::asio::post(get_executor(), std::move(first));
        operation(std::move(first), typename Act::kept(act), engine_).wait();
    }

    tcp_socket socket_;
    std::shared_ptr<tls_engine> engine_;
};

} // namespace rendezvous::net
