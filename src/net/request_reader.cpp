#include "request_reader.hpp"

#include "header_tokens.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <iterator>

namespace rendezvous::net {
namespace {

namespace http = boost::beast::http;

/// Line ends are CRLF, no line continues the one before (obs-fold), no NUL: what Beast would let
/// pass and another reader in front of us might understand differently.
bool lines_are_plain(std::string_view header)
{
    for (std::size_t i = 0; i < header.size(); ++i) {
        char const c = header[i];
        if (c == '\0') return false;
        if (c == '\n' && (i == 0 || header[i - 1] != '\r')) return false;
        if (c == '\r' && (i + 1 == header.size() || header[i + 1] != '\n')) return false;
        if (c == '\n' && i + 1 < header.size() && (header[i + 1] == ' ' || header[i + 1] == '\t')) return false;
    }
    return true;
}

http_method to_method(http::verb verb)
{
    switch (verb) {
    case http::verb::get: return http_method::get;
    case http::verb::head: return http_method::head;
    case http::verb::post: return http_method::post;
    case http::verb::put: return http_method::put;
    case http::verb::patch: return http_method::patch;
    case http::verb::delete_: return http_method::delete_;
    case http::verb::options: return http_method::options;
    default: return http_method::other;
    }
}

std::size_t field_count(http::request<http::string_body> const& message)
{
    return static_cast<std::size_t>(std::distance(message.begin(), message.end()));
}

std::string lower_case(std::string text)
{
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

} // namespace

struct request_reader::parser {
    http::request_parser<http::string_body> beast;
};

request_reader::request_reader(std::size_t body_bytes_max) : parser_(std::make_unique<parser>())
{
    parser_->beast.header_limit(base::limits::header_bytes_max);
    parser_->beast.body_limit(body_bytes_max);
    parser_->beast.eager(true);
}

request_reader::~request_reader() = default;
request_reader::request_reader(request_reader&&) noexcept = default;
request_reader& request_reader::operator=(request_reader&&) noexcept = default;

request_reader::progress request_reader::fail(unsigned status, std::string_view code, std::string_view title)
{
    fault_ = {status, code, title};
    return progress::failed;
}

request_reader::progress request_reader::feed(std::string& input)
{
    return have_header_ ? read_body(input) : read_header(input);
}

request_reader::progress request_reader::read_header(std::string& input)
{
    auto const end = input.find("\r\n\r\n", searched_);
    auto const size = end == std::string::npos ? input.size() : end + 4;
    if (size > base::limits::header_bytes_max) return fail(431, "too-large", "The request header is too large");
    if (end == std::string::npos) {
        searched_ = input.size() < 3 ? 0 : input.size() - 3;
        // A lone line feed can never become a good header; do not wait for the rest of it.
        auto const line_end = input.find('\n');
        if (line_end != std::string::npos && (line_end == 0 || input[line_end - 1] != '\r'))
            return fail(400, "bad-field", "The request is malformed");
        return progress::header;
    }
    if (!lines_are_plain(std::string_view(input).substr(0, size)))
        return fail(400, "bad-field", "The request is malformed");
    boost::system::error_code ec;
    parser_->beast.put(boost::asio::buffer(input.data(), size), ec);
    if (ec == http::error::body_limit) return fail(413, "too-large", "The request body is too large");
    if (ec == http::error::bad_version) return fail(505, "bad-field", "HTTP/1.1 is spoken here");
    if ((ec && ec != http::error::need_more) || !parser_->beast.is_header_done())
        return fail(400, "bad-field", "The request is malformed");
    input.erase(0, size);
    if (!fill_request()) return fail(400, "bad-field", "The request target is malformed");
    if (auto const found = check_header()) {
        fault_ = *found;
        return progress::failed;
    }
    have_header_ = true;
    return parser_->beast.is_done() ? progress::done : progress::header_done;
}

std::optional<request_fault> request_reader::check_header() const
{
    auto const hosts = count_headers(request_, "host");
    auto const version = parser_->beast.get().version();
    if (version != 10 && version != 11) return request_fault{505, "bad-field", "HTTP/1.1 is spoken here"};
    if (hosts > 1 || (hosts == 0 && version == 11))
        return request_fault{400, "bad-field", "Exactly one Host header is needed"};
    auto const lengths = count_headers(request_, "content-length");
    auto const codings = count_headers(request_, "transfer-encoding");
    if (lengths + codings > 1 || (codings > 0 && version == 10))
        return request_fault{400, "bad-field", "The length of the body is ambiguous"};
    // Beast takes a list of equal lengths as one.
    if (lengths == 1 && request_.header("content-length")->find(',') != std::string_view::npos)
        return request_fault{400, "bad-field", "The length of the body is ambiguous"};
    if (codings == 1 && !same_ignoring_case(*request_.header("transfer-encoding"), "chunked"))
        return request_fault{501, "bad-field", "Only the transfer coding chunked is understood"};
    auto const expect = request_.header("expect");
    if (expect && !same_ignoring_case(*expect, "100-continue"))
        return request_fault{417, "bad-field", "Only 100-continue can be expected"};
    return std::nullopt;
}

request_reader::progress request_reader::read_body(std::string& input)
{
    // Beast 1.81 takes it for granted that a last chunk it has begun to read grows by two bytes. No chunked body
    // ends with fewer than these five: 0 CR LF CR LF.
    if (parser_->beast.chunked() && input.size() < 5) return progress::body;
    boost::system::error_code ec;
    while (!input.empty() && !parser_->beast.is_done()) {
        auto const used = parser_->beast.put(boost::asio::buffer(input), ec);
        input.erase(0, used);
        if (ec || used == 0) break;
    }
    if (ec == http::error::body_limit) return fail(413, "too-large", "The request body is too large");
    if (ec && ec != http::error::need_more) return fail(400, "bad-field", "The request body is malformed");
    if (!parser_->beast.is_done()) {
        // Only a chunk header or trailer waits here unread; nobody needs so much of one.
        if (input.size() > base::limits::header_bytes_max) return fail(431, "too-large", "A chunk header is too large");
        return progress::body;
    }
    // Beast adds trailer fields to those of the header, folded lines and all. Nobody here reads them.
    if (field_count(parser_->beast.get()) != request_.headers.size())
        return fail(400, "bad-field", "Trailer fields are not understood");
    request_.body = std::move(parser_->beast.get().body());
    return progress::done;
}

bool request_reader::fill_request()
{
    auto const& message = parser_->beast.get();
    request_.method = to_method(message.method());
    auto const raw = message.target();
    auto target = parse_request_target({raw.data(), raw.size()});
    if (!target) return false;
    request_.path = std::move(target->path);
    request_.segments = std::move(target->segments);
    request_.query = std::move(target->query);
    request_.has_query = target->has_query;
    for (auto const& field : message) {
        auto const name = field.name_string();
        auto const value = field.value();
        request_.headers.emplace_back(
            lower_case(std::string(name.data(), name.size())), std::string(value.data(), value.size()));
    }
    return true;
}

bool request_reader::expects_continue() const
{
    return request_.header("expect").has_value() && parser_->beast.get().version() == 11;
}

bool request_reader::keep_alive() const
{
    return parser_->beast.get().keep_alive();
}

bool request_reader::reads_chunks() const
{
    return parser_->beast.get().version() == 11;
}

http_request request_reader::take()
{
    return std::move(request_);
}

} // namespace rendezvous::net
