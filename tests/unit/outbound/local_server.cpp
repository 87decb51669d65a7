#include "local_server.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <memory>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

/// Header and as much body as `Content-Length` says.
template <class Read>
std::string read_request(Read read)
{
    std::string out;
    char buffer[4096];
    for (;;) {
        auto const end = out.find("\r\n\r\n");
        if (end != std::string::npos) {
            auto const at = out.find("Content-Length: ");
            auto const length = at < end ? std::stoul(out.substr(at + 16)) : 0;
            if (out.size() >= end + 4 + length) return out;
        }
        auto const got = read(buffer, sizeof buffer);
        if (got <= 0) return {};
        out.append(buffer, static_cast<std::size_t>(got));
    }
}

} // namespace

local_server::local_server(reply answer, std::string pem_file)
    : answer_(std::move(answer)),
      pem_file_(std::move(pem_file))
{
    std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes to who has gone
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener_, 64) != 0
        || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0 || ::pipe(taken_pipe_) != 0)
        throw std::runtime_error("no local server");
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { run(); });
}

local_server::~local_server()
{
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (int const fd : {listener_, taken_pipe_[0], taken_pipe_[1]}) ::close(fd);
}

int local_server::taken() const
{
    int bytes = 0;
    ::ioctl(taken_pipe_[0], FIONREAD, &bytes);
    return bytes;
}

void local_server::run()
{
    for (;;) {
        int const socket = ::accept(listener_, nullptr, nullptr);
        if (socket < 0) return;
        if (::write(taken_pipe_[1], "x", 1) != 1) return;
        if (pem_file_.empty())
            serve_plain(socket);
        else
            serve_tls(socket);
        ::close(socket);
    }
}

void local_server::serve_plain(int socket)
{
    auto const request = read_request([socket](char* to, std::size_t size) { return ::recv(socket, to, size, 0); });
    auto const answer = answer_(request);
    std::size_t sent = 0;
    while (sent < answer.size()) {
        auto const some = ::send(socket, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (some <= 0) return;
        sent += static_cast<std::size_t>(some);
    }
    char rest = 0;
    if (answer.empty()) (void)::recv(socket, &rest, 1, 0);
}

void local_server::serve_tls(int socket)
{
    std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> const context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    SSL_CTX_use_certificate_file(context.get(), pem_file_.c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context.get(), pem_file_.c_str(), SSL_FILETYPE_PEM);
    std::unique_ptr<SSL, void (*)(SSL*)> const tls(SSL_new(context.get()), &SSL_free);
    SSL_set_fd(tls.get(), socket);
    if (SSL_accept(tls.get()) != 1) return;
    auto const request =
        read_request([&tls](char* to, std::size_t size) { return SSL_read(tls.get(), to, static_cast<int>(size)); });
    if (request.empty()) return;
    auto const answer = answer_(request);
    SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
    SSL_shutdown(tls.get());
}

std::string http_reply(unsigned status, std::string const& body, std::string const& more_headers)
{
    return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + more_headers
           + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
