#pragma once

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace rendezvous::net {

/// What every connection of the server speaks: TLS 1.2 and 1.3, AEAD suites with forward secrecy,
/// ALPN http/1.1, no session resumption, no compression, no renegotiation. Throws std::runtime_error
/// with the text of check_tls_files if the files cannot serve.
std::shared_ptr<boost::asio::ssl::context> make_tls_context(std::string const& certificate, std::string const& key);

} // namespace rendezvous::net
