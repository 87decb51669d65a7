#pragma once

#include "child_process.hpp"
#include "rendezvous/call/words.hpp"
#include "support/test_client.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::test {

using json = nlohmann::json;

/// Whether a sanitizer keeps freed memory or its own notes: then what a process holds says little.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool memory_is_inflated = true;
#elif defined(__has_feature)
inline constexpr bool memory_is_inflated = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool memory_is_inflated = false;
#endif

/// One key of the configuration that differs from the default; `value` as TOML writes it.
struct setting {
    std::string section;
    std::string key;
    std::string value;
};

/// A folder of its own for one server: configuration, certificate, secrets, database.
class server_folder {
public:
    explicit server_folder(unsigned shards = 1, std::vector<setting> more = {});
    ~server_folder();
    server_folder(server_folder const&) = delete;
    server_folder& operator=(server_folder const&) = delete;

    std::filesystem::path const& path() const { return path_; }
    std::filesystem::path config() const { return path_ / "rendezvous.toml"; }
    std::uint16_t port() const { return port_; }
    std::uint16_t websocket_port() const { return websocket_port_; }
    std::uint16_t metrics_port() const { return metrics_port_; }
    /// Chooses other free ports and writes the configuration anew.
    void move_ports();
    /// Writes the configuration anew with these keys, too.
    void change(std::vector<setting> more);

    /// Runs a command of the program with this configuration.
    ended_process run(std::vector<std::string> words) const;

    /// A token of the configured issuer, as a booking system would sign it.
    std::string token(std::string const& user, call::role role, std::vector<std::string> const& appointments = {},
        std::chrono::seconds ttl = std::chrono::hours{1}, std::chrono::seconds age = std::chrono::seconds{0}) const;

private:
    void write_config() const;

    unsigned shards_;
    std::vector<setting> more_;
    std::filesystem::path path_;
    std::string secret_;
    std::uint16_t port_ = 0;
    std::uint16_t websocket_port_ = 0;
    std::uint16_t metrics_port_ = 0;
};

/// `rendezvous serve` as a child process, with an API key.
class running_server {
public:
    explicit running_server(unsigned shards = 1, std::vector<setting> more = {});

    server_folder& folder() { return folder_; }
    std::uint16_t port() const { return folder_.port(); }
    std::string const& api_key() const { return api_key_; }
    child_process& process() { return *process_; }

    /// Ends it without a word, as a power cut would.
    void kill();
    /// Starts it again on the same data.
    void start();

    /// One request; `bearer` may be empty. `body` is sent as it is.
    http_answer rest(std::string_view method, std::string const& target, std::string const& bearer,
        std::string const& body = {}, headers more = {});
    /// As the booking system.
    http_answer book(std::string_view method, std::string const& target, json const& body);

private:
    server_folder folder_;
    std::string api_key_;
    std::unique_ptr<child_process> process_;
    std::unique_ptr<https_client> http_;
};

/// What `GET /metrics` shows in that row, such as `rendezvous_reloads_total{outcome="done"}`; zero
/// for a row that is not there.
double metric(server_folder const& folder, std::string const& row);
/// The whole page.
http_answer scrape(server_folder const& folder);

/// The body as JSON; fails the test if it is none.
json body_of(http_answer const& answer);

/// RFC 3339, that far from now.
std::string from_now(std::chrono::milliseconds span);

} // namespace rendezvous::test
