#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace rendezvous::test {

/// Where an issuer publishes its keys: answers every request on a port of 127.0.0.1 with one text.
class key_server {
public:
    key_server() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        bool const good = ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0
                          && ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0
                          && ::listen(listener_, 16) == 0;
        if (!good) throw std::runtime_error("no listener");
        port_ = ntohs(address.sin_port);
        serving_ = std::thread([this] { serve(); });
    }
    ~key_server()
    {
        ::shutdown(listener_, SHUT_RDWR);
        serving_.join();
        ::close(listener_);
    }
    key_server(key_server const&) = delete;
    key_server& operator=(key_server const&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/keys"; }
    void publish(std::string text)
    {
        std::lock_guard const lock(guard_);
        text_ = std::move(text);
    }
    unsigned requests()
    {
        std::lock_guard const lock(guard_);
        return requests_;
    }

private:
    void serve()
    {
        for (;;) {
            int const one = ::accept(listener_, nullptr, nullptr);
            if (one < 0) return;
            std::string head;
            std::array<char, 1'024> part{};
            while (head.find("\r\n\r\n") == std::string::npos) {
                auto const got = ::recv(one, part.data(), part.size(), 0);
                if (got <= 0) break;
                head.append(part.data(), static_cast<std::size_t>(got));
            }
            auto const out = answer();
            for (std::size_t done = 0; done < out.size();) {
                auto const sent = ::send(one, out.data() + done, out.size() - done, MSG_NOSIGNAL);
                if (sent <= 0) break;
                done += static_cast<std::size_t>(sent);
            }
            ::close(one);
        }
    }
    std::string answer()
    {
        std::lock_guard const lock(guard_);
        ++requests_;
        return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
               + std::to_string(text_.size()) + "\r\n\r\n" + text_;
    }

    int listener_;
    std::uint16_t port_ = 0;
    std::mutex guard_; ///< of the two below
    std::string text_ = R"({"keys":[]})";
    unsigned requests_ = 0;
    std::thread serving_;
};

} // namespace rendezvous::test
