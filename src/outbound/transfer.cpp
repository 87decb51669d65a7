#include "transfer.hpp"

#include "address_guard.hpp"

#include <new>
#include <string_view>
#include <sys/socket.h>

namespace rendezvous::outbound {
namespace {

template <class Value>
void set(CURL* easy, CURLoption option, Value value)
{
    if (curl_easy_setopt(easy, option, value) == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
}

void append(std::unique_ptr<curl_slist, void (*)(curl_slist*)>& list, std::string const& line)
{
    auto* const longer = curl_slist_append(list.get(), line.c_str());
    if (!longer) throw std::bad_alloc();
    list.release();
    list.reset(longer);
}

std::string_view trim(std::string_view text)
{
    auto const first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

} // namespace

transfer::transfer(
    service::http_ask ask, target to, service::completion<service::http_answer> done, curl_options const& options)
    : ask_(std::move(ask)),
      to_(std::move(to)),
      done_(std::move(done)),
      header_bytes_left_(options.header_bytes_max)
{
    if (!easy_) throw std::bad_alloc();
    set_request();
    set_rules(options);
}

void transfer::set_request()
{
    auto* const easy = easy_.get();
    set(easy, CURLOPT_CURLU, to_.parsed.get()); // the very URL that was checked
    set(easy, CURLOPT_CUSTOMREQUEST, ask_.method.c_str());
    if (!ask_.body.empty() || ask_.method == "POST") {
        set(easy, CURLOPT_POST, 1L);
        set(easy, CURLOPT_POSTFIELDS, ask_.body.c_str());
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(ask_.body.size()));
    }
    append(headers_, "Expect:"); // a body goes along at once
    for (auto const& [name, value] : ask_.headers) append(headers_, name + ": " + value);
    set(easy, CURLOPT_HTTPHEADER, headers_.get());
    set(easy, CURLOPT_USERAGENT, "Rendezvous");
}

void transfer::set_rules(curl_options const& options)
{
    auto* const easy = easy_.get();
    set(easy, CURLOPT_PRIVATE, this);
    set(easy, CURLOPT_PROTOCOLS_STR, to_.named ? "http,https" : "https");
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_PROXY, "");
    set(easy, CURLOPT_NOPROXY, "*");
    set(easy, CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
    set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    set(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
    if (!options.ca_file.empty()) set(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    for (auto const& known : options.known_addresses) append(known_, known);
    if (known_) set(easy, CURLOPT_RESOLVE, known_.get());
    set(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    // A connection is judged when it is made, for the one who asked for it: none is shared or kept.
    set(easy, CURLOPT_FRESH_CONNECT, 1L);
    set(easy, CURLOPT_FORBID_REUSE, 1L);
    set(easy, CURLOPT_OPENSOCKETFUNCTION, &transfer::open_socket);
    set(easy, CURLOPT_OPENSOCKETDATA, this);
    set(easy, CURLOPT_HEADERFUNCTION, &transfer::on_header);
    set(easy, CURLOPT_HEADERDATA, this);
    set(easy, CURLOPT_WRITEFUNCTION, &transfer::on_body);
    set(easy, CURLOPT_WRITEDATA, this);
    set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(ask_.timeout.count()));
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_QUICK_EXIT, 1L); // a look-up that hangs holds up nobody else
}

/// Where every connection begins; what is refused here is never connected to.
curl_socket_t transfer::open_socket(void* self, curlsocktype, curl_sockaddr* address)
{
    auto& me = *static_cast<transfer*>(self);
    auto const where = reach_of(&address->addr, static_cast<socklen_t>(address->addrlen));
    if (where == reach::never || (where == reach::inner && !me.to_.named)) {
        me.forbidden_ = true;
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t transfer::on_header(char* data, std::size_t, std::size_t size, void* self)
{
    auto& me = *static_cast<transfer*>(self);
    if (size > me.header_bytes_left_) {
        me.too_large_ = true;
        return 0;
    }
    me.header_bytes_left_ -= size;
    std::string_view const line(data, size);
    auto const colon = line.find(':');
    if (line.starts_with("HTTP/")) me.answer_.headers.clear(); // 100 Continue came before
    if (line.starts_with("HTTP/") || colon == std::string_view::npos) return size;
    std::string name(trim(line.substr(0, colon)));
    for (auto& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    me.answer_.headers.emplace_back(std::move(name), trim(line.substr(colon + 1)));
    return size;
}

std::size_t transfer::on_body(char* data, std::size_t, std::size_t size, void* self)
{
    auto& me = *static_cast<transfer*>(self);
    if (size > me.ask_.body_bytes_max - me.answer_.body.size()) {
        me.too_large_ = true;
        return 0;
    }
    me.answer_.body.append(data, size);
    return size;
}

void transfer::finish(CURLcode how)
{
    if (how == CURLE_OK) {
        long status = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
        answer_.status = static_cast<unsigned>(status);
        return done_(std::move(answer_));
    }
    if (too_large_) return done_(base::errc::too_large);
    done_(forbidden_ ? base::errc::forbidden : base::errc::connector_unavailable);
}

} // namespace rendezvous::outbound
