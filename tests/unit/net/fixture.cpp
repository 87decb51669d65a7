#include "fixture.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fstream>
#include <stdexcept>
#include <unistd.h>

namespace rendezvous::net::test {
namespace {

/// Sends back what it gets; `hold:` first stops reading and resumes through the socket, `flood:N`
/// and `replay:N` are answered with N messages.
class echo final : public socket_handler {
public:
    echo(std::shared_ptr<socket> to, witness& seen) : to_(std::move(to)), seen_(seen) {}

    reading on_text(std::string_view text) override
    {
        // What simdjson relies on: these bytes may be read.
        unsigned sum = 0;
        for (std::size_t i = 0; i < 64; ++i) sum += static_cast<unsigned char>(text.data()[text.size() + i]);
        touched_ += sum;
        if (text == "throw") throw std::logic_error("a secret");
        if (text.starts_with("flood:")) {
            auto const block = std::make_shared<std::string const>(16'384, 'x');
            for (int i = 0; i < std::stoi(std::string(text.substr(6))); ++i) to_->send(block);
            return reading::go_on;
        }
        if (text.starts_with("replay:")) {
            std::vector<std::shared_ptr<std::string const>> ring;
            for (int i = 0; i < std::stoi(std::string(text.substr(7))); ++i)
                ring.push_back(std::make_shared<std::string const>(std::to_string(i) + std::string(1'024, 'x')));
            to_->send_replay(std::move(ring));
            return reading::go_on;
        }
        to_->send(std::make_shared<std::string const>(text));
        if (!text.starts_with("hold:")) return reading::go_on;
        auto const to = to_;
        seen_.elsewhere([to] { to->resume_reading(); });
        return reading::hold;
    }
    void on_closed() override
    {
        to_.reset();
        seen_.closed();
    }

private:
    std::shared_ptr<socket> to_;
    witness& seen_;
    unsigned touched_ = 0;
};

/// What makes the body of `/long`; tells the witness when nobody needs it any more.
struct long_body {
    long_body(witness& tell, std::size_t count, std::size_t size, bool break_off)
        : seen(tell),
          pieces(count),
          bytes(size),
          fails(break_off)
    {}
    long_body(long_body const&) = delete;
    ~long_body() { seen.closed(); }

    witness& seen;
    std::size_t pieces, bytes;
    bool fails;
};

boost::asio::awaitable<base::result<std::string>> next_piece(std::shared_ptr<long_body> body)
{
    if (body->pieces == 0 && body->fails) co_return base::errc::store_unavailable;
    if (body->pieces == 0) co_return std::string();
    --body->pieces;
    ++body->seen.pieces_made;
    co_return std::string(body->bytes, 'x');
}

/// `/long?pieces&bytes&fails`
http_response long_answer(http_request const& request, witness& seen)
{
    auto const number = [&](std::size_t i) { return static_cast<std::size_t>(std::stoul(request.query[i].second)); };
    auto const body = std::make_shared<long_body>(seen, number(0), number(1), number(2) == 1);
    http_response out;
    out.headers.emplace_back("Content-Type", "text/plain");
    out.source = [body] { return next_piece(body); };
    return out;
}

boost::asio::awaitable<http_response> answer(witness& seen, std::shared_ptr<http_request const> request)
{
    http_response out;
    if (request->path == "/long") co_return long_answer(*request, seen);
    if (request->path == "/throw") throw std::logic_error("a secret");
    if (request->path != "/echo" && request->path != "/api/echo") {
        out.status = 404;
        co_return out;
    }
    out.headers.emplace_back("Content-Type", "text/plain");
    out.headers.emplace_back("X-Remote", request->remote_ip);
    for (auto const& [name, value] : request->query) out.body += name + "=" + value + ";";
    out.body += request->body;
    co_return out;
}

template <class T, class Write>
std::string to_pem(T* what, Write write)
{
    BIO* const bio = BIO_new(BIO_s_mem());
    write(bio, what);
    char* data = nullptr;
    auto const size = BIO_get_mem_data(bio, &data);
    std::string out(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return out;
}

} // namespace

scratch_directory::scratch_directory()
{
    auto pattern = (std::filesystem::temp_directory_path() / "rendezvous-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
    path_ = pattern;
}

scratch_directory::~scratch_directory()
{
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
}

std::string scratch_directory::write(std::string const& name, std::string const& text) const
{
    auto const path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
}

key_pair make_key_pair(int days)
{
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60L * 60 * 24 * 30);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 60L * 60 * 24 * days);
    X509_set_pubkey(certificate, key);
    auto* const name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_ASC, reinterpret_cast<unsigned char const*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    key_pair out{to_pem(certificate, [](BIO* bio, X509* what) { PEM_write_bio_X509(bio, what); }),
        to_pem(key, [](BIO* bio, EVP_PKEY* what) {
            PEM_write_bio_PrivateKey(bio, what, nullptr, nullptr, 0, nullptr, nullptr);
        })};
    X509_free(certificate);
    EVP_PKEY_free(key);
    return out;
}

void witness::opened(std::shared_ptr<socket> const& which, socket_info info)
{
    std::lock_guard const lock(guard_);
    last_ = which;
    info_ = std::move(info);
}

socket_info witness::last_info()
{
    std::lock_guard const lock(guard_);
    return info_;
}

void witness::closed()
{
    std::lock_guard const lock(guard_);
    ++closed_;
    changed_.notify_all();
}

bool witness::wait_until_closed(std::size_t count)
{
    std::unique_lock lock(guard_);
    return changed_.wait_for(lock, patience, [this, count] { return closed_ >= count; });
}

std::shared_ptr<socket> witness::last()
{
    std::lock_guard const lock(guard_);
    return last_.lock();
}

void witness::elsewhere(std::function<void()> work)
{
    std::lock_guard const lock(guard_);
    threads_.emplace_back(std::move(work));
}

void witness::join()
{
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

running_server::running_server(server_options options, std::size_t shard_count) : shards_(shard_count)
{
    auto const pair = make_key_pair();
    if (options.listen.empty()) options.listen = {"127.0.0.1:0"};
    if (options.websocket_listen.empty()) options.websocket_listen = {"127.0.0.1:0"};
    if (options.certificate.empty()) {
        options.certificate = files_.write("cert.pem", pair.certificate);
        options.key = files_.write("key.pem", pair.key);
    }
    if (options.public_url.empty()) options.public_url = "https://calls.example:8443/";
    auto const make_handler = [this](std::shared_ptr<socket> to, socket_info info) {
        seen.opened(to, std::move(info));
        return std::make_shared<echo>(std::move(to), seen);
    };
    auto const answer_all = [this](std::shared_ptr<http_request const> request) {
        return answer(seen, std::move(request));
    };
    server_ = std::make_unique<net::server>(shards_, std::move(options), answer_all, make_handler, clock_, ids_);
    ports_ = server_->start();
    loop_ = std::thread([this] { shards_.run(); });
}

running_server::~running_server()
{
    shards_.stop();
    loop_.join();
    seen.join(); // they use the shards
    server_.reset();
}

} // namespace rendezvous::net::test
