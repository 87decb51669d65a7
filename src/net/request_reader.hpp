#pragma once

#include "rendezvous/base/limits.hpp"
#include "rendezvous/net/http_types.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rendezvous::net {

/// Why a request is refused before anybody looks at what it wants. The connection closes after
/// the answer, because where the next request would begin is unsure.
struct request_fault {
    unsigned status = 400;
    std::string_view code;  ///< wire code
    std::string_view title; ///< literal
};

/// Bytes to one HTTP/1.1 request (RFC 9112), strictly: what two readers could understand in two
/// ways is refused. Knows no socket; one reader per request.
class request_reader {
public:
    enum class progress {
        header,      ///< needs more bytes, still within the header
        header_done, ///< once per request, when the header is complete and a body follows
        body,        ///< needs more bytes of the body
        done,
        failed
    };

    explicit request_reader(std::size_t body_bytes_max);
    ~request_reader();
    request_reader(request_reader&&) noexcept;
    request_reader& operator=(request_reader&&) noexcept;

    /// Reads on; removes from `input` what it has understood. Called again with more bytes after
    /// `header` and `body`, at once after `header_done`.
    progress feed(std::string& input);

    /// After header_done or done: whether the peer waits for 100 Continue.
    bool expects_continue() const;
    /// After header_done or done: whether the peer lets the connection live on.
    bool keep_alive() const;
    /// After header_done or done: whether the peer understands chunks (HTTP/1.1).
    bool reads_chunks() const;
    /// After `failed`.
    request_fault const& fault() const { return fault_; }
    /// After `done`, once. Remote address and request id are the caller's to fill.
    http_request take();

private:
    struct parser;
    progress fail(unsigned status, std::string_view code, std::string_view title);
    progress read_header(std::string& input);
    progress read_body(std::string& input);
    std::optional<request_fault> check_header() const;
    bool fill_request();

    std::unique_ptr<parser> parser_;
    std::size_t searched_ = 0;
    bool have_header_ = false;
    http_request request_;
    request_fault fault_;
};

} // namespace rendezvous::net
