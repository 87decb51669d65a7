// Two hundred addresses that hold connections open in every phase and come back as soon as they
// are cut. Others register all the while. (How long that takes is the benchmark's business.)

#include "system_fixture.hpp"

#include <functional>

namespace rendezvous::test {
namespace {

using std::string;

constexpr int addresses = 200;
constexpr int rounds = 2;
constexpr int registration_every = 10;

string address(int i)
{
    return "127.0.1." + std::to_string(i + 1);
}

string repeated(string const& text, int times)
{
    string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

/// One connection that stands still; says whether the server ends it.
using held = std::function<bool()>;

held hold_tls(std::uint16_t port, string const& from)
{
    auto const c = std::make_shared<tcp_client>("127.0.0.1", port, from);
    c->write("\x16\x03\x01"); // the first bytes of a ClientHello
    return [c] { return c->closed_by_peer(); };
}

held hold_after(std::uint16_t port, string const& from, string const& bytes)
{
    auto const c = std::make_shared<tls_client>("127.0.0.1", port, from);
    c->write_within(bytes, patience);
    return [c] { return c->closed_by_peer(); };
}

string const upgrade = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

held hold_frame(std::uint16_t port, string const& from)
{
    auto const c = std::make_shared<tls_client>("127.0.0.1", port, from);
    c->write(upgrade);
    EXPECT_EQ(c->read_answer().status, 101U);
    c->write("\x81");
    return [c] { return c->closed_by_peer(); };
}

struct attack {
    char const* what;
    std::function<held(std::uint16_t port, string const& from)> open;
};

std::vector<attack> const& attacks()
{
    static std::vector<attack> const all{
        {"a TLS handshake", hold_tls},
        {"nothing after the handshake", [](auto port, auto const& from) { return hold_after(port, from, ""); }},
        {"a header", [](auto port, auto const& from) { return hold_after(port, from, "GET /ws HTTP/1.1\r\nHo"); }},
        {"a body",
            [](auto port, auto const& from) {
                return hold_after(port, from,
                    "POST /api/invites/x/redeem HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{");
            }},
        {"a chunked body",
            [](auto port, auto const& from) {
                return hold_after(port, from,
                    "POST /api/invites/x/redeem HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n1\r\n{\r\n");
            }},
        // Asked for its end only after a handshake has run out of its longer time: by then it is cut, or
        // reads all it is sent and is kept.
        {"reading",
            [](auto port, auto const& from) {
                return hold_after(
                    port, from, repeated("GET /js/elements/define.js HTTP/1.1\r\nHost: localhost\r\n\r\n", 2'000));
            }},
        {"a socket that never registers", [](auto port, auto const& from) { return hold_after(port, from, upgrade); }},
        {"half a frame", hold_frame},
    };
    return all;
}

TEST(SlowAttackers, AreCutWhileOthersRegister)
{
    running_server server(2, {{"limits", "tls_timeout_ms", "2000"}, {"limits", "header_timeout_ms", "2000"},
                                 {"limits", "register_timeout_ms", "2000"}, {"limits", "write_timeout_ms", "800"}});
    auto const v = book_visit(server);
    peer resident(server);
    ASSERT_EQ(resident.enter(v.doctor_token, v.id)["type"], "registered");
    for (int round = 0; round < rounds; ++round) {
        std::vector<std::pair<char const*, held>> open;
        for (int i = 0; i < addresses; ++i) {
            auto const& a = attacks()[static_cast<std::size_t>(i) % attacks().size()];
            open.emplace_back(a.what, a.open(server.port(), address(i)));
            if (i % registration_every != 0) continue;
            auto const other = book_visit(server);
            peer honest(server);
            EXPECT_EQ(honest.enter(other.patient_token, other.id)["type"], "registered")
                << "after " << i << " attackers of round " << round;
        }
        for (auto const& [what, is_cut] : open) EXPECT_TRUE(is_cut()) << what;
        EXPECT_EQ(resident.ask("ice")["type"], "ok");
    }
}

} // namespace
} // namespace rendezvous::test
