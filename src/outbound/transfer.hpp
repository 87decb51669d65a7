#pragma once

#include "rendezvous/outbound/curl_client.hpp"
#include "rendezvous/outbound/target.hpp"
#include "rendezvous/service/http_port.hpp"

#include <curl/curl.h>
#include <memory>
#include <string>

namespace rendezvous::outbound {

/// One request under way. Thread: the client's.
class transfer {
public:
    /// `options` must outlive it.
    transfer(
        service::http_ask ask, target to, service::completion<service::http_answer> done, curl_options const& options);
    transfer(transfer const&) = delete;
    transfer& operator=(transfer const&) = delete;

    CURL* handle() const { return easy_.get(); }
    /// The transfer has ended as libcurl says; answers who asked.
    void finish(CURLcode how);
    void refuse(base::errc why) { done_(why); }

private:
    static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
    static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self);
    static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self);
    void set_request();
    void set_rules(curl_options const& options);

    service::http_ask ask_;
    target to_;
    service::completion<service::http_answer> done_;
    std::size_t header_bytes_left_;
    service::http_answer answer_;
    bool forbidden_ = false;
    bool too_large_ = false;
    std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers_{nullptr, &curl_slist_free_all};
    std::unique_ptr<curl_slist, void (*)(curl_slist*)> known_{nullptr, &curl_slist_free_all};
    std::unique_ptr<CURL, void (*)(CURL*)> easy_{curl_easy_init(), &curl_easy_cleanup};
};

} // namespace rendezvous::outbound
