#include "linger.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <array>

#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace rendezvous::net {
namespace {

/// The kernel still holds something for the peer; the end of our stream, which counts as one byte, is nothing.
bool has_unsent(tcp_socket& socket)
{
    int bytes = 0;
    return socket.is_open() && ::ioctl(socket.native_handle(), SIOCOUTQ, &bytes) == 0 && bytes > 1;
}

class lingering : public std::enable_shared_from_this<lingering> {
public:
    lingering(std::shared_ptr<shard_net> here, tls_stream stream)
        : here_(std::move(here)),
          stream_(std::move(stream)),
          over_(here_->wheel, [this] { look(); })
    {}

    void start()
    {
        over_.arm(span_max);
        // Its outcome does not matter: most peers answer with application data or nothing.
        stream_.async_shutdown([self = shared_from_this()](boost::system::error_code) { self->drain(); });
    }

private:
    static constexpr base::milliseconds span_max{2'000};
    /// A slow line gets so many spans for what was written; a peer that takes nothing no more.
    static constexpr int looks_max = 6;
    /// A message or body far beyond the limit: what is left unread would reset the connection, and
    /// the answer that says so would be lost.
    static constexpr std::size_t dropped_max = 4U << 20;

    void drain()
    {
        boost::system::error_code ec;
        stream_.next_layer().shutdown(tcp_socket::shutdown_send, ec);
        if (!ec) read();
    }

    void read()
    {
        stream_.next_layer().async_read_some(
            boost::asio::buffer(scratch_), [self = shared_from_this()](boost::system::error_code ec, std::size_t size) {
                self->dropped_ += size;
                if (!ec && self->dropped_ < dropped_max) return self->read();
                // Whoever has nothing more to say may still be reading, and no operation is left to wait for that.
                bool const is_there = !ec || ec == boost::asio::error::eof;
                if (is_there && has_unsent(self->stream_.next_layer())) self->self_ = self;
            });
    }

    void look()
    {
        if (has_unsent(stream_.next_layer()) && ++looks_ < looks_max) return over_.arm(span_max);
        close_for_good(stream_.next_layer());
        // Not at once: the deadline that calls this is part of it.
        if (self_) boost::asio::post(stream_.get_executor(), [self = std::move(self_)] {});
    }

    std::shared_ptr<shard_net> here_;
    tls_stream stream_;
    deadline over_;
    std::shared_ptr<lingering> self_; ///< while nothing else keeps it
    int looks_ = 0;
    std::size_t dropped_ = 0;
    std::array<char, 1'024> scratch_{};
};

} // namespace

void linger_and_close(std::shared_ptr<shard_net> here, tls_stream stream)
{
    if (!stream.next_layer().is_open()) return;
    std::make_shared<lingering>(std::move(here), std::move(stream))->start();
}

void close_for_good(tcp_socket& socket)
{
    boost::system::error_code ec;
    if (has_unsent(socket)) socket.set_option(boost::asio::socket_base::linger(true, 0), ec);
    socket.close(ec);
}

} // namespace rendezvous::net
