#include "linger.hpp"

#include <boost/asio/buffer.hpp>

#include <array>

namespace rendezvous::net {
namespace {

class lingering : public std::enable_shared_from_this<lingering> {
public:
    lingering(std::shared_ptr<shard_net> here, tls_stream stream)
        : here_(std::move(here)),
          stream_(std::move(stream)),
          over_(here_->wheel, [this] { close(); })
    {}

    void start()
    {
        over_.arm(span_max);
        // Its outcome does not matter: most peers answer with application data or nothing.
        stream_.async_shutdown([self = shared_from_this()](boost::system::error_code) { self->drain(); });
    }

private:
    static constexpr base::milliseconds span_max{2'000};
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
                if (!ec && self->dropped_ < dropped_max) self->read();
            });
    }

    void close()
    {
        boost::system::error_code ec;
        stream_.next_layer().close(ec);
    }

    std::shared_ptr<shard_net> here_;
    tls_stream stream_;
    deadline over_;
    std::size_t dropped_ = 0;
    std::array<char, 1'024> scratch_{};
};

} // namespace

void linger_and_close(std::shared_ptr<shard_net> here, tls_stream stream)
{
    if (!stream.next_layer().is_open()) return;
    std::make_shared<lingering>(std::move(here), std::move(stream))->start();
}

} // namespace rendezvous::net
