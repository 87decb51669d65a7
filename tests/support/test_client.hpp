#pragma once
// A synchronous client for black-box tests: TLS, HTTP/1.1 and WebSocket, one thread, no sharing.
// It trusts every certificate, because tests make their own.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rendezvous::test {

using headers = std::vector<std::pair<std::string, std::string>>;

/// How long a single operation may take before the test fails loudly.
constexpr std::chrono::seconds patience{20};

/// An answer as it came.
struct http_answer {
    unsigned status = 0;
    test::headers headers; ///< names lower case
    std::string body;
    bool keep_alive = false;

    /// The first header of that lower-case name, or empty.
    std::string header(std::string_view name) const;
};

/// One TLS connection; its bytes are the test's own business. Errors throw std::runtime_error.
class tls_client {
public:
    /// Connects, from that address of this machine if `source` names one, and finishes the handshake.
    tls_client(std::string const& host, std::uint16_t port, std::string const& source = {});
    ~tls_client();
    tls_client(tls_client&&) noexcept;

    void write(std::string_view bytes);
    /// Writes as much as the other side takes within `span`; returns how much that was.
    std::size_t write_within(std::string_view bytes, std::chrono::milliseconds span);
    /// Reads one answer; `head` if it answers a HEAD request.
    http_answer read_answer(bool head = false);
    /// Whether the other side ends the connection, whatever it says before, within `patience`.
    bool closed_by_peer();
    /// All that comes until the other side ends the connection; nothing if it does not.
    std::optional<std::string> read_to_end();

private:
    friend class ws_client;
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// A TCP connection without TLS, for what happens before the handshake.
class tcp_client {
public:
    tcp_client(std::string const& host, std::uint16_t port, std::string const& source = {});
    ~tcp_client();
    tcp_client(tcp_client&&) noexcept;
    void write(std::string_view bytes);
    bool closed_by_peer();

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// One connection after the other: keeps it while the server does, else connects anew.
class https_client {
public:
    https_client(std::string host, std::uint16_t port);
    ~https_client();

    /// `Host` is added, `Content-Length` too if there is a body.
    http_answer request(
        std::string_view method, std::string_view target, headers const& more = {}, std::string_view body = {});
    http_answer get(std::string_view target, headers const& more = {}) { return request("GET", target, more); }

    /// How many connections were opened so far.
    std::size_t connections() const noexcept { return connections_; }

private:
    std::string host_;
    std::uint16_t port_;
    std::unique_ptr<tls_client> connection_;
    std::size_t connections_ = 0;
};

/// What came over a WebSocket.
struct ws_message {
    enum class kind { text, closed, nothing };
    ws_message::kind what = kind::nothing; ///< `nothing`: the time was over
    std::string text;
    std::uint16_t close_code = 0; ///< of `closed`: 1006 if the connection just ended
    std::string close_reason;
};

/// One WebSocket.
class ws_client {
public:
    /// Offers `rendezvous.v1` unless `more` has its own Sec-WebSocket-Protocol (empty: none).
    /// Throws if the upgrade is refused; see `refusal`.
    ws_client(std::string const& host, std::uint16_t port, std::string const& path, headers more = {});
    ~ws_client();
    ws_client(ws_client&&) noexcept;
    ws_client& operator=(ws_client&&) noexcept;

    /// The HTTP answer of an upgrade that is expected to fail; status 101 if it did not.
    static http_answer refusal(std::string const& host, std::uint16_t port, std::string const& path, headers more = {});

    void send_text(std::string_view text);
    void send_binary(std::string_view bytes);
    /// Bytes under the WebSocket, for broken frames; see `frame`.
    void send_raw(std::string_view bytes);
    /// As tls_client::write_within.
    std::size_t send_raw_within(std::string_view bytes, std::chrono::milliseconds span);
    /// The next message, or the end. Answers pings and the close frame by itself.
    ws_message receive(std::chrono::milliseconds span = patience);
    /// Closes with a handshake; returns the code the server answered with.
    std::uint16_t close(std::uint16_t code = 1000);
    /// Ends the TCP connection without a word, as a crash would.
    void drop();

    /// Payloads of the pongs that `receive` has met.
    std::vector<std::string> const& pongs() const;

    /// Headers of the 101 answer.
    http_answer const& upgrade_answer() const;

    /// One masked client frame with that first byte (FIN, opcode).
    static std::string frame(std::uint8_t first_byte, std::string_view payload);

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace rendezvous::test
