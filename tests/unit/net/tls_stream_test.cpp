#include "fixture.hpp"

#include "net/tls_context.hpp"
#include "net/tls_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <future>
#include <optional>

namespace rendezvous::net::test {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// OpenSSL's client over one end of a connection; blocking but for `exchange`.
class peer {
public:
    explicit peer(int descriptor, int version_max = TLS1_3_VERSION)
        : descriptor_(descriptor),
          context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
          ssl_(nullptr, SSL_free)
    {
        SSL_CTX_set_max_proto_version(context_.get(), version_max);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), descriptor_);
    }
    ~peer() { cut(); }

    SSL* ssl() { return ssl_.get(); }
    bool connect() { return SSL_connect(ssl_.get()) == 1; }
    bool write(std::string_view text)
    {
        return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size());
    }
    /// What one record brings.
    std::string read_record()
    {
        std::string out(tls_record_bytes_max, '\0');
        int const got = SSL_read(ssl(), out.data(), static_cast<int>(out.size()));
        out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return out;
    }
    std::string read(std::size_t size)
    {
        std::string out;
        while (out.size() < size) {
            auto const more = read_record();
            if (more.empty()) break;
            out += more;
        }
        return out;
    }
    void cut()
    {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = -1;
    }
    void reset()
    {
        linger const at_once{1, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        cut();
    }

    /// Writes `out` in uneven pieces while it reads `size` bytes.
    std::string exchange(std::string_view out, std::size_t size)
    {
        timeval const brief{0, 1};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
        ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &brief, sizeof brief);
        SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE);
        std::string in;
        std::string piece(tls_record_bytes_max, '\0');
        std::size_t length = 1;
        while (!out.empty() || in.size() < size) {
            length = out.empty() ? 0 : std::min(out.size(), length);
            bool const read = in.size() < size && take(SSL_read(ssl(), piece.data(), 16'384), [&](std::size_t n) {
                in.append(piece, 0, n);
            });
            bool const wrote =
                length > 0 && take(SSL_write(ssl(), out.data(), static_cast<int>(length)), [&](std::size_t n) {
                    out.remove_prefix(n);
                    length = length * 7 % 20'011 + 1;
                });
            if (failed_) break;
            pollfd ready{descriptor_, static_cast<short>(out.empty() ? POLLIN : POLLIN | POLLOUT), 0};
            if (!read && !wrote) ::poll(&ready, 1, 1'000);
        }
        return in;
    }

private:
    template <class Use>
    bool take(int outcome, Use use)
    {
        if (outcome > 0) {
            use(static_cast<std::size_t>(outcome));
            return true;
        }
        int const why = SSL_get_error(ssl_.get(), outcome);
        failed_ = failed_ || (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE);
        ERR_clear_error();
        return false;
    }

    int descriptor_;
    bool failed_ = false;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

std::string pattern(std::size_t size, unsigned seed)
{
    std::string out(size, '\0');
    for (auto& c : out) c = static_cast<char>((seed = seed * 1'103'515'245U + 12'345U) >> 16);
    return out;
}

class TlsStream : public ::testing::Test {
protected:
    struct outcome {
        error_code ec;
        std::size_t bytes = 0;
    };
    using slot = std::optional<outcome>;

    TlsStream()
    {
        auto const pair = make_key_pair();
        context_ = make_tls_context(files_.write("cert.pem", pair.certificate), files_.write("key.pem", pair.key));
    }

    /// A connection before its handshake.
    void connect(int version_max = TLS1_3_VERSION)
    {
        asio::ip::tcp::acceptor door(io_, {asio::ip::address_v4::loopback(), 0});
        asio::ip::tcp::socket out(io_);
        out.connect(door.local_endpoint());
        tcp_socket in(io_);
        door.accept(in);
        client_ = std::make_unique<peer>(out.release(), version_max);
        stream_.emplace(std::move(in), *context_);
    }
    void shake_hands(int version_max = TLS1_3_VERSION)
    {
        connect(version_max);
        slot done;
        stream_->async_handshake(tls_stream::server, [&](error_code ec) { done = outcome{ec}; });
        auto connected = beside([&] { return client_->connect(); });
        ASSERT_FALSE(wait(done).ec);
        ASSERT_TRUE(connected.get());
    }

    /// What the client does meanwhile, on a thread of its own.
    template <class Work>
    std::future<std::invoke_result_t<Work>> beside(Work work)
    {
        return std::async(std::launch::async, std::move(work));
    }
    outcome wait(slot& done)
    {
        while (!done) {
            io_.restart();
            if (io_.run_one_for(patience) > 0) continue;
            ADD_FAILURE() << "an operation did not end";
            return {};
        }
        return *done;
    }
    auto into(slot& done)
    {
        return [&done](error_code ec, std::size_t size) { done = outcome{ec, size}; };
    }
    outcome read_some()
    {
        slot done;
        stream_->async_read_some(asio::buffer(input_), into(done));
        return wait(done);
    }
    std::string read_text()
    {
        auto const got = read_some();
        return got.ec ? got.ec.message() : std::string(input_.data(), got.bytes);
    }
    outcome write(std::string_view text)
    {
        slot done;
        asio::async_write(*stream_, asio::buffer(text.data(), text.size()), into(done));
        return wait(done);
    }
    void close_socket()
    {
        error_code ec;
        stream_->next_layer().close(ec);
    }

    scratch_directory files_;
    std::shared_ptr<asio::ssl::context> context_;
    asio::io_context io_{1};
    std::unique_ptr<peer> client_;
    std::optional<tls_stream> stream_;
    std::array<char, 4'096> input_{};
};

TEST_F(TlsStream, CarriesTextBothWays)
{
    shake_hands();
    ASSERT_TRUE(client_->write("hello"));
    EXPECT_EQ(read_text(), "hello");
    EXPECT_FALSE(write("and back").ec);
    EXPECT_EQ(client_->read(8), "and back");
    EXPECT_STREQ(SSL_get_version(stream_->native_handle()), "TLSv1.3");
}

TEST_F(TlsStream, CarriesMuchBothWaysAtOnce)
{
    shake_hands();
    auto const there = pattern(6U << 20, 1);
    auto const back = pattern(5U << 20, 2);
    std::string got(there.size(), '\0');
    slot read;
    slot written;
    asio::async_read(*stream_, asio::buffer(got), into(read));
    asio::async_write(*stream_, asio::buffer(back), into(written));
    auto client = beside([&] { return client_->exchange(there, back.size()); });
    EXPECT_FALSE(wait(read).ec);
    EXPECT_FALSE(wait(written).ec);
    EXPECT_TRUE(client.get() == back);
    EXPECT_TRUE(got == there);
}

TEST_F(TlsStream, SendsSmallBuffersAsOneRecord)
{
    shake_hands();
    auto const body = pattern(2'048, 3);
    std::array<asio::const_buffer, 4> const parts{
        asio::buffer("head", 4), asio::const_buffer{}, asio::buffer(body), asio::buffer("tail", 4)};
    slot done;
    asio::async_write(*stream_, parts, into(done));
    EXPECT_EQ(wait(done).bytes, 2'056U);
    EXPECT_TRUE(client_->read_record() == "head" + body + "tail");
}

TEST_F(TlsStream, CutsALongSequenceIntoWholeRecords)
{
    shake_hands();
    auto const body = pattern(40'000, 4);
    std::array<asio::const_buffer, 2> const parts{asio::buffer("head", 4), asio::buffer(body)};
    slot done;
    asio::async_write(*stream_, parts, into(done));
    auto got = beside([&] {
        auto first = client_->read_record();
        EXPECT_EQ(first.size(), tls_record_bytes_max);
        return first + client_->read(body.size() + 4 - first.size());
    });
    EXPECT_FALSE(wait(done).ec);
    EXPECT_TRUE(got.get() == "head" + body);
}

TEST_F(TlsStream, KeepsTheOrderOfManySmallWrites)
{
    shake_hands();
    std::string all;
    for (int i = 0; i < 500; ++i) {
        auto const text = std::to_string(i) + ";";
        ASSERT_FALSE(write(text).ec);
        all += text;
    }
    EXPECT_EQ(client_->read(all.size()), all);
}

TEST_F(TlsStream, ReadsWhatOpensslHoldsWithoutWaitingForTheSocket)
{
    shake_hands();
    ASSERT_TRUE(client_->write("abc"));
    ASSERT_TRUE(client_->write("def"));
    std::string got;
    while (got.size() < 6) {
        slot done;
        stream_->async_read_some(asio::buffer(input_.data(), 1), into(done));
        ASSERT_FALSE(done) << "completed inside the function that began it";
        ASSERT_EQ(wait(done).bytes, 1U);
        got += input_.front();
    }
    EXPECT_EQ(got, "abcdef");
}

TEST_F(TlsStream, CompletesEmptyOperations)
{
    shake_hands();
    slot read;
    slot written;
    stream_->async_read_some(asio::mutable_buffer{}, into(read));
    stream_->async_write_some(asio::const_buffer{}, into(written));
    EXPECT_FALSE(read || written);
    EXPECT_FALSE(wait(read).ec);
    EXPECT_FALSE(wait(written).ec);
}

TEST_F(TlsStream, AnswersAKeyUpdate)
{
    shake_hands();
    ASSERT_EQ(SSL_key_update(client_->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_TRUE(client_->write("under a new key"));
    EXPECT_EQ(read_text(), "under a new key");
    EXPECT_FALSE(write("so is this").ec);
    EXPECT_EQ(client_->read(10), "so is this");
}

TEST_F(TlsStream, RefusesRenegotiation)
{
    shake_hands(TLS1_2_VERSION);
    slot done;
    stream_->async_read_some(asio::buffer(input_), into(done));
    auto again = beside([&] {
        bool const renewed = SSL_renegotiate(client_->ssl()) == 1 && SSL_do_handshake(client_->ssl()) == 1;
        client_->cut();
        return renewed;
    });
    EXPECT_TRUE(wait(done).ec);
    EXPECT_FALSE(again.get());
}

TEST_F(TlsStream, RefusesAHandshakeThatIsNone)
{
    connect();
    slot done;
    stream_->async_handshake(tls_stream::server, [&](error_code ec) { done = outcome{ec}; });
    ASSERT_EQ(::send(SSL_get_fd(client_->ssl()), "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    EXPECT_EQ(wait(done).ec.category(), asio::error::get_ssl_category());
}

TEST_F(TlsStream, TellsAnEndFromACut)
{
    shake_hands();
    ASSERT_TRUE(client_->write("last"));
    SSL_shutdown(client_->ssl());
    EXPECT_EQ(read_text(), "last");
    EXPECT_EQ(read_some().ec, asio::error::eof);
    EXPECT_EQ(read_some().ec, asio::error::eof) << "every read after the end says the same";

    shake_hands();
    ASSERT_FALSE(write("x").ec);
    ASSERT_EQ(client_->read(1), "x"); // with bytes unread its close would be a reset
    client_->cut();
    EXPECT_EQ(read_some().ec, asio::ssl::error::stream_truncated);

    shake_hands();
    client_->reset();
    EXPECT_EQ(read_some().ec, asio::error::connection_reset);
}

TEST_F(TlsStream, WritingToOneWhoIsGoneFailsQuietly)
{
    shake_hands();
    client_->reset();
    outcome last;
    for (int i = 0; i < 100 && !last.ec; ++i) last = write("anyone?");
    EXPECT_TRUE(last.ec == asio::error::connection_reset || last.ec == asio::error::broken_pipe) << last.ec;
}

TEST_F(TlsStream, ShutsDownWhenBothHaveSaidSo)
{
    shake_hands();
    slot done;
    stream_->async_shutdown([&](error_code ec) { done = outcome{ec}; });
    auto client = beside([&] {
        auto const rest = client_->read_record();
        SSL_shutdown(client_->ssl());
        return rest.empty() && (SSL_get_shutdown(client_->ssl()) & SSL_RECEIVED_SHUTDOWN) != 0;
    });
    EXPECT_FALSE(wait(done).ec);
    EXPECT_TRUE(client.get());
    EXPECT_EQ(read_some().ec, asio::error::eof);
    EXPECT_TRUE(write("too late").ec);
}

TEST_F(TlsStream, EndsOperationsWhenTheSocketCloses)
{
    shake_hands();
    slot waiting;
    stream_->async_read_some(asio::buffer(input_), into(waiting));
    io_.restart();
    io_.poll();
    ASSERT_FALSE(waiting);
    close_socket();
    EXPECT_EQ(wait(waiting).ec, asio::error::operation_aborted);
    EXPECT_EQ(read_some().ec, asio::error::operation_aborted);
    EXPECT_EQ(write("x").ec, asio::error::operation_aborted);
}

TEST_F(TlsStream, MayBeMovedWhileItReads)
{
    shake_hands();
    slot done;
    stream_->async_read_some(asio::buffer(input_), into(done));
    tls_stream moved(std::move(*stream_));
    ASSERT_TRUE(client_->write("found you"));
    EXPECT_EQ(wait(done).bytes, 9U);
}

TEST_F(TlsStream, MayBeDestroyedWhileItReadsAndWrites)
{
    shake_hands();
    auto const much = pattern(32U << 20, 5);
    slot read;
    slot written;
    stream_->async_read_some(asio::buffer(input_), into(read));
    asio::async_write(*stream_, asio::buffer(much), into(written));
    io_.restart();
    io_.poll();
    ASSERT_FALSE(read || written);
    ASSERT_TRUE(client_->write("unheard"));
    stream_.reset();
    EXPECT_EQ(wait(read).ec, asio::error::operation_aborted);
    EXPECT_EQ(wait(written).ec, asio::error::operation_aborted);
}

} // namespace
} // namespace rendezvous::net::test
