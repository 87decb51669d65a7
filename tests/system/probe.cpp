#include "probe.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <arpa/inet.h>
#include <array>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace rendezvous::test {
namespace {

/// A connected socket whose reads and writes end after `patience`.
class connected {
public:
    connected(std::string const& host, std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        timeval const span{patience.count(), 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &span, sizeof span);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        ::inet_pton(AF_INET, host.c_str(), &to.sin_addr);
        if (::connect(fd_, reinterpret_cast<sockaddr const*>(&to), sizeof to) == 0) return;
        ::close(fd_);
        throw std::runtime_error("cannot connect to port " + std::to_string(port));
    }
    ~connected() { ::close(fd_); }
    connected(connected const&) = delete;
    connected& operator=(connected const&) = delete;
    int fd() const { return fd_; }

private:
    int fd_;
};

} // namespace

http_answer plain_get(std::string const& host, std::uint16_t port, std::string const& bytes)
{
    connected const here(host, port);
    ::send(here.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    std::string text;
    std::array<char, 8'192> chunk{};
    for (ssize_t got = 0; (got = ::recv(here.fd(), chunk.data(), chunk.size(), 0)) > 0;)
        text.append(chunk.data(), static_cast<std::size_t>(got));
    http_answer out;
    auto const head_end = text.find("\r\n\r\n");
    if (!text.starts_with("HTTP/1.1 ") || head_end == std::string::npos) return out;
    out.status = static_cast<unsigned>(std::stoul(text.substr(9, 3)));
    out.body = text.substr(head_end + 4);
    for (auto at = text.find("\r\n"); at < head_end;) {
        auto const end = text.find("\r\n", at + 2);
        auto const line = text.substr(at + 2, end - at - 2);
        auto const colon = line.find(": ");
        std::string name = line.substr(0, colon);
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        if (colon != std::string::npos) out.headers.emplace_back(std::move(name), line.substr(colon + 2));
        at = end;
    }
    return out;
}

std::string certificate_at(std::uint16_t port)
{
    connected const here("127.0.0.1", port);
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    SSL* const tls = SSL_new(context);
    SSL_set_fd(tls, here.fd());
    std::string out;
    if (SSL_connect(tls) == 1) {
        X509* const certificate = SSL_get1_peer_certificate(tls);
        std::array<unsigned char, 32> digest{};
        unsigned size = 0;
        X509_digest(certificate, EVP_sha256(), digest.data(), &size);
        for (auto const byte : digest) {
            constexpr std::string_view hex = "0123456789abcdef";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        }
        X509_free(certificate);
    }
    SSL_free(tls);
    SSL_CTX_free(context);
    return out;
}

} // namespace rendezvous::test
