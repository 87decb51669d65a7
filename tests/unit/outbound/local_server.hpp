#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

/// A server on 127.0.0.1 that takes one connection after the other, reads one request and answers
/// with given bytes. With a certificate (PEM file of certificate and key) it speaks TLS.
class local_server {
public:
    /// What to answer to a request; empty: nothing, until the other side gives up.
    using reply = std::function<std::string(std::string const& request)>;

    explicit local_server(reply answer, std::string pem_file = {});
    ~local_server();
    local_server(local_server const&) = delete;
    local_server& operator=(local_server const&) = delete;

    std::uint16_t port() const { return port_; }
    std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
    /// Connections taken so far.
    int taken() const;

private:
    void run();
    void serve_plain(int socket);
    void serve_tls(int socket);

    reply answer_;
    std::string pem_file_;
    int listener_ = -1;
    int taken_pipe_[2] = {-1, -1};
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// `HTTP/1.1 STATUS` with that body and a length.
std::string http_reply(unsigned status, std::string const& body, std::string const& more_headers = {});
