#pragma once

#include "shard_net.hpp"
#include "tls_stream.hpp"

#include <memory>

namespace rendezvous::net {

/// Ends a connection so that the peer can still read what was written last: sends the end of our
/// stream (TLS and TCP), then reads and drops what still comes, for at most two seconds and
/// 4 MiB, or twelve seconds while the peer takes what was written. Closing at once would make the kernel answer late bytes with a reset that overtakes
/// our last words. Nothing may be under way on `stream`. On the connection's shard.
void linger_and_close(std::shared_ptr<shard_net> here, tls_stream stream);

/// Closes at once, and drops what the peer has not taken: the kernel would keep that for as long as
/// somebody reads a byte now and then, long after the connection has stopped being counted.
void close_for_good(tcp_socket& socket);

} // namespace rendezvous::net
