#pragma once
// What leaves the house, each behind a port of `service`: the HTTP client and the delivery of
// events. Nothing else connects anywhere; whatever asks for a URL goes through `curl_client`, so
// that there is one place where strangers' addresses are judged.

#include "rendezvous/service/http_port.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rendezvous::outbound {

class transfer;

/// Bounds of the client; the defaults are the product's.
struct curl_options {
    std::size_t in_flight_max = 256;       ///< requests at once
    std::size_t queue_max = 1'024;         ///< waiting for their turn
    std::size_t header_bytes_max = 32'768; ///< of one answer
    std::string ca_file{};                 ///< PEM; empty = the system's trust store
    /// `name:port:address`, looked up nowhere else; so that tests need no name server.
    std::vector<std::string> known_addresses{};
};

/// service::http_client by libcurl, on a thread of its own named `rdv-outbound`. Each request has a
/// connection of its own. The address is judged where the socket is made for it, so a name that
/// changes between look-up and connecting gains nothing. A full queue and the end of the client
/// answer connector_unavailable.
class curl_client final : public service::http_client {
public:
    explicit curl_client(curl_options options = {});
    /// Answers what is under way or waits; no completion runs afterwards.
    ~curl_client() override;
    curl_client(curl_client const&) = delete;
    curl_client& operator=(curl_client const&) = delete;

    void send(service::http_ask ask, service::completion<service::http_answer> done) override;

private:
    struct waiting {
        service::http_ask ask;
        service::completion<service::http_answer> done;
    };

    void run();
    bool take_waiting();
    void begin(waiting job);
    void collect();

    curl_options const options_;
    void* multi_; ///< CURLM

    std::mutex guard_; ///< of the three below
    std::deque<waiting> waiting_;
    std::vector<service::completion<service::http_answer>> refused_; ///< for which there was no room
    bool stopping_ = false;

    std::map<void*, std::unique_ptr<transfer>> under_way_; ///< own thread only; by CURL handle
    std::thread thread_;
};

} // namespace rendezvous::outbound
