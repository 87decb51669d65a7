// Any bytes as what a browser, or an attacker, writes into a connection: several requests with
// headers and bodies. What comes out must not depend on where the packets were cut, and whatever
// is accepted has exactly one length and one host, so that nobody in front of us reads it otherwise.

#include "fuzz/must.hpp"
#include "net/header_tokens.hpp"
#include "net/request_reader.hpp"
#include "net/upgrade.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <random>

namespace {

using namespace rendezvous;
using fuzz::must;
using progress = net::request_reader::progress;

constexpr std::size_t body_bytes_max = 1'000;
constexpr std::size_t requests_max = 8;

struct reading {
    std::vector<net::http_request> requests;
    bool failed = false;
    std::string rest;
};

/// Feeds `text` in pieces of one to `piece_max` bytes, one reader per request, as a connection does.
reading read_all(std::string_view text, std::size_t piece_max)
{
    reading out;
    std::minstd_rand random(static_cast<unsigned>(text.size()) + 1);
    net::request_reader reader(body_bytes_max);
    for (;;) {
        auto const last = reader.feed(out.rest);
        if (last == progress::header_done) continue;
        if (last == progress::failed) {
            must(reader.fault().status >= 400 && reader.fault().status < 600, "a fault has an error status");
            out.failed = true;
            return out;
        }
        if (last == progress::done) {
            (void)reader.expects_continue();
            (void)reader.keep_alive();
            out.requests.push_back(reader.take());
            if (out.requests.size() == requests_max) return out;
            reader = net::request_reader(body_bytes_max);
            if (!out.rest.empty()) continue;
        }
        if (text.empty()) return out;
        auto const piece = std::min(text.size(), 1 + random() % piece_max);
        out.rest += text.substr(0, piece);
        text.remove_prefix(piece);
    }
}

void check_headers(net::http_request const& request)
{
    for (auto const& [name, value] : request.headers) {
        must(!name.empty() && name.find_first_of(std::string_view(" \t\r\n:\0", 6)) == std::string::npos,
            "a header's name is a token");
        must(std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }),
            "a header's name is lower case");
        must(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a header's value is one line");
    }
    must(net::count_headers(request, "host") <= 1, "at most one host");
    auto const lengths = net::count_headers(request, "content-length");
    must(lengths + net::count_headers(request, "transfer-encoding") <= 1, "one way to tell the length");
    must(request.body.size() <= body_bytes_max, "a body within its limit");
    if (lengths == 0) return;
    auto const text = *request.header("content-length");
    std::size_t length = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    must(error == std::errc() && end == text.data() + text.size(), "a length of digits only");
    must(request.body.size() == length, "a body of the announced length");
}

void check_upgrade_of(net::http_request const& request)
{
    static net::origin_rules const origins("https://calls.example:8443", {"https://www.clinic.example"});
    if (!net::is_websocket_path(request)) return;
    auto const verdict = net::check_upgrade(request, origins);
    if (verdict.refusal) {
        must(verdict.refusal->status >= 400, "a refused upgrade has an error status");
        return;
    }
    must(request.method == net::http_method::get && !request.has_query, "an upgrade is a GET without query");
    auto const origin = request.header("origin");
    must(!origin || origins.may_connect(*origin), "an upgrade comes from an allowed origin");
}

bool same(net::http_request const& a, net::http_request const& b)
{
    return a.method == b.method && a.path == b.path && a.segments == b.segments && a.query == b.query
           && a.has_query == b.has_query && a.headers == b.headers && a.body == b.body;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const whole = read_all(text, size + 1);
    for (auto const& request : whole.requests) {
        check_headers(request);
        check_upgrade_of(request);
    }
    for (std::size_t const piece : {1U, 17U}) {
        auto const cut = read_all(text, piece);
        // What nobody accepts may be refused now or wait for more: a reader that sees less says so later.
        bool const waits = !cut.rest.empty() || !whole.rest.empty();
        must(cut.failed == whole.failed || waits, "refused or not, however it is cut");
        must(std::equal(cut.requests.begin(), cut.requests.end(), whole.requests.begin(), whole.requests.end(), same),
            "the same requests, however they are cut");
    }
    return 0;
}
