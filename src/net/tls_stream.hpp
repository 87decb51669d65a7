#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace rendezvous::net {

/// One accepted TCP connection on a concrete executor: no type erasure on the path of every byte.
using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// The one TLS stream of the house. Asio's keeps about 50 KB per connection that OpenSSL does not
/// need; a leaner one takes its place here and only here. What the house uses of it: async read,
/// write, handshake and shutdown, next_layer (the TCP socket), get_executor, moving.
class tls_stream : public boost::asio::ssl::stream<tcp_socket> {
public:
    using boost::asio::ssl::stream<tcp_socket>::stream;
};

} // namespace rendezvous::net
