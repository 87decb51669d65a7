#include "running_server.hpp"

#include "probe.hpp"

#include "app/certificate.hpp"
#include "rendezvous/auth/token_signer.hpp"
#include "rendezvous/base/clock.hpp"
#include "rendezvous/base/ids.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <netinet/in.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace rendezvous::test {
namespace {

constexpr auto issuer = "https://booking.test";
constexpr int start_attempts = 5;

/// A port that was free a moment ago.
std::uint16_t free_port()
{
    int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bool const good = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0
                      && ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(fd);
    if (!good) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

base::utc_time now()
{
    return base::system_clock{}.now().utc;
}

void write_secret(std::filesystem::path const& file, std::string const& text)
{
    std::ofstream(file) << text;
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

} // namespace

// --- folder ---

server_folder::server_folder(unsigned shards, std::vector<setting> more)
    : shards_(shards),
      more_(std::move(more)),
      secret_("0123456789abcdef0123456789abcdef-booking")
{
    auto pattern = (std::filesystem::temp_directory_path() / "rendezvous-system-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
    path_ = pattern;
    app::ensure_development_certificate(path_ / "cert.pem", path_ / "key.pem", "localhost", now());
    write_secret(path_ / "booking.secret", secret_);
    move_ports();
}

server_folder::~server_folder()
{
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void server_folder::move_ports()
{
    port_ = free_port();
    do websocket_port_ = free_port();
    while (websocket_port_ == port_);
    do metrics_port_ = free_port();
    while (metrics_port_ == port_ || metrics_port_ == websocket_port_);
    write_config();
}

void server_folder::change(std::vector<setting> more)
{
    more_.insert(more_.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    write_config();
}

void server_folder::write_config() const
{
    auto const own = "\"127.0.0.1:" + std::to_string(port_) + "\"";
    auto const socket_only = "\"127.0.0.1:" + std::to_string(websocket_port_) + "\"";
    std::map<std::string, std::map<std::string, std::string>> sections{
        {"server", {{"public_url", "\"https://localhost:" + std::to_string(port_) + "\""}, {"listen", "[" + own + "]"},
                       {"websocket_listen", "[" + socket_only + "]"}, {"shards", std::to_string(shards_)},
                       {"control_socket", "\"var/control.sock\""}}},
        {"tls", {{"certificate", "\"cert.pem\""}, {"key", "\"key.pem\""}}},
        {"storage", {{"url", "\"sqlite:var/rendezvous.db\""}}},
        {"metrics", {{"listen", "\"127.0.0.1:" + std::to_string(metrics_port_) + "\""}}},
        {"rooms", {{"drain_ms", "300"}}},
        // Many people share 127.0.0.1 here.
        {"limits", {{"sockets_per_ip", "10000"}, {"starts_per_minute", "1000"}, {"auth_failures_per_10min", "1000"}}},
    };
    for (auto const& s : more_) sections[s.section][s.key] = s.value;
    std::ofstream file(config());
    for (auto const& [section, keys] : sections) {
        file << "[" << section << "]\n";
        for (auto const& [key, value] : keys) file << key << " = " << value << "\n";
    }
    file << "[[auth.issuer]]\nissuer = \"" << issuer << "\"\nalgorithms = [\"HS256\"]\n"
         << "secret_file = \"booking.secret\"\n";
}

ended_process server_folder::run(std::vector<std::string> words) const
{
    words.emplace_back("--config");
    words.push_back(config().string());
    return run_rendezvous(std::move(words), path_);
}

std::string server_folder::token(std::string const& user, call::role role, std::vector<std::string> const& appointments,
    std::chrono::seconds ttl, std::chrono::seconds age) const
{
    auth::token_claims claims{base::user_id{user}, role, "Name of " + user, std::nullopt, {}};
    for (auto const& id : appointments) claims.appointments.emplace_back(id);
    base::system_id_generator ids;
    return auth::token_signer(issuer, "rendezvous", secret_).sign(claims, ttl, now() - age, ids).value().token;
}

// --- server ---

running_server::running_server(unsigned shards, std::vector<setting> more) : folder_(shards, std::move(more))
{
    auto const made = folder_.run({"api-key", "create", "--name", "booking"});
    if (made.exit_code != 0) throw std::runtime_error("api-key create: " + made.err);
    api_key_ = made.out.substr(0, made.out.find('\n'));
    for (int attempt = 1; !process_; ++attempt) {
        try {
            start();
        } catch (std::runtime_error const&) {
            if (attempt == start_attempts) throw;
            process_.reset();
            folder_.move_ports(); // somebody was faster
        }
    }
}

void running_server::start()
{
    process_ = std::make_unique<child_process>(
        std::vector<std::string>{RENDEZVOUS_BINARY, "serve", "--config", folder_.config().string()}, folder_.path());
    if (!process_->waits_for_err("serving")) throw std::runtime_error("no server: " + process_->err());
    http_ = std::make_unique<https_client>("127.0.0.1", folder_.port());
}

void running_server::kill()
{
    process_->signal(SIGKILL);
    process_->wait();
}

http_answer running_server::rest(std::string_view method, std::string const& target, std::string const& bearer,
    std::string const& body, headers more)
{
    if (!bearer.empty()) more.emplace_back("Authorization", "Bearer " + bearer);
    try {
        return http_->request(method, target, more, body);
    } catch (std::runtime_error const& e) {
        auto const ended = process_->ended();
        auto const said = process_->err() + (ended ? "[ended with " + std::to_string(*ended) + "]" : "");
        auto const tail = said.substr(said.size() - std::min(said.size(), std::size_t{1'000}));
        throw std::runtime_error(std::string(e.what()) + "; the server said last:\n" + tail);
    }
}

http_answer running_server::book(std::string_view method, std::string const& target, json const& body)
{
    return rest(
        method, target, api_key_, body.is_null() ? std::string() : body.dump(), {{"Content-Type", "application/json"}});
}

http_answer scrape(server_folder const& folder)
{
    return plain_get("127.0.0.1", folder.metrics_port(), "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

double metric(server_folder const& folder, std::string const& row)
{
    std::istringstream page(scrape(folder).body);
    for (std::string line; std::getline(page, line);)
        if (line.starts_with(row + " ")) return std::stod(line.substr(row.size() + 1));
    return 0;
}

json body_of(http_answer const& answer)
{
    auto out = json::parse(answer.body, nullptr, false);
    EXPECT_FALSE(out.is_discarded()) << answer.status << " " << answer.body;
    return out;
}

std::string from_now(std::chrono::milliseconds span)
{
    return base::to_rfc3339(now() + span);
}

} // namespace rendezvous::test
