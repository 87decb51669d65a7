#include "app/certificate.hpp"
#include "probe.hpp"
#include "system_fixture.hpp"

#include <csignal>
#include <fstream>

namespace rendezvous::test {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto done = "rendezvous_reloads_total{outcome=\"done\"}";
constexpr auto refused = "rendezvous_reloads_total{outcome=\"refused\"}";

void write(std::filesystem::path const& file, std::string const& text)
{
    std::ofstream(file) << text;
}

class Reload : public ::testing::TestWithParam<unsigned> {
protected:
    /// Sends SIGHUP and waits until it has been dealt with.
    void reload(std::string const& outcome)
    {
        auto const before = metric(own_.folder(), outcome);
        own_.process().signal(SIGHUP);
        wait_for(outcome, before + 1);
    }
    void wait_for(std::string const& row, double value)
    {
        auto const until = steady::now() + patience;
        while (metric(own_.folder(), row) < value && steady::now() < until) {
        }
        ASSERT_GE(metric(own_.folder(), row), value) << row << own_.process().err();
    }
    void new_certificate()
    {
        auto const& folder = own_.folder().path();
        for (auto const* name : {"cert.pem", "key.pem"}) std::filesystem::remove(folder / name);
        app::ensure_development_certificate(
            folder / "cert.pem", folder / "key.pem", "localhost", base::system_clock{}.now().utc);
    }

    running_server own_{GetParam()};
};
RENDEZVOUS_SHARDS(Reload);

TEST_P(Reload, TakesANewCertificateByItself)
{
    auto const v = book_visit(own_);
    peer inside(own_);
    inside.enter(v.doctor_token, v.id);
    auto const before = certificate_at(own_.port());
    ASSERT_EQ(before.size(), 64u);
    new_certificate();
    wait_for(done, 1);
    auto const after = certificate_at(own_.port());
    EXPECT_EQ(after.size(), 64u);
    EXPECT_NE(after, before);
    EXPECT_EQ(certificate_at(own_.folder().websocket_port()), after);
    EXPECT_EQ(inside.ask("ice")["type"], "ok") << "who is connected stays so";
    EXPECT_EQ(metric(own_.folder(), refused), 0);
}

TEST_P(Reload, KeepsTheCertificateWhenTheNewOneIsBad)
{
    auto const before = certificate_at(own_.port());
    write(own_.folder().path() / "cert.pem", "no certificate");
    wait_for(refused, 1);
    EXPECT_TRUE(own_.process().waits_for_err("reload_refused"));
    EXPECT_TRUE(own_.process().waits_for_err("cert.pem")) << "it says which file";
    EXPECT_EQ(certificate_at(own_.port()), before);
    reload(refused);
    EXPECT_EQ(certificate_at(own_.port()), before);
    new_certificate();
    wait_for(done, 1);
    EXPECT_NE(certificate_at(own_.port()), before);
}

TEST_P(Reload, TakesOriginsLimitsIssuersAndLevel)
{
    auto const upgrade = [&] {
        return ws_client::refusal("127.0.0.1", own_.port(), "/ws", {{"Origin", "https://other.example"}}).status;
    };
    auto const v = book_visit(own_);
    EXPECT_EQ(upgrade(), 403u);
    EXPECT_EQ(own_.rest("GET", v.path(), v.doctor_token).status, 200u);
    auto const secret = own_.folder().path() / "booking.secret";
    write(secret, "another secret of thirty-two bytes and more");
    own_.folder().change({{"server", "allowed_origins", "[\"https://other.example\"]"},
        {"limits", "message_bytes_max", "2048"}, {"log", "level", "\"debug\""}});
    reload(done);
    EXPECT_EQ(upgrade(), 101u);
    EXPECT_EQ(own_.rest("GET", v.path(), v.doctor_token).status, 401u) << "signed with the old secret";
    peer fresh(own_);
    fresh.socket().send_text(std::string(2'049, ' '));
    EXPECT_EQ(fresh.closed(), 1009);
    EXPECT_EQ(own_.process().err().find("needs_restart"), std::string::npos) << own_.process().err();
}

TEST_P(Reload, NamesEachKeyThatNeedsARestart)
{
    own_.folder().change({{"rooms", "grace_ms", "1234"}, {"clinic", "name", "\"Other\""},
        {"server", "allowed_origins", "[\"https://other.example\"]"}});
    reload(done);
    EXPECT_TRUE(own_.process().waits_for_err("needs_restart key=rooms.grace_ms"));
    EXPECT_TRUE(own_.process().waits_for_err("needs_restart key=clinic.name"));
    auto const said = own_.process().err();
    EXPECT_EQ(said.find("needs_restart key=server.allowed_origins"), std::string::npos);
}

TEST_P(Reload, RefusesABadConfigurationAsAWhole)
{
    own_.folder().change({{"server", "allowed_origins", "[\"https://other.example\"]"}, {"limits", "nonsense", "1"}});
    reload(refused);
    EXPECT_TRUE(own_.process().waits_for_err("limits.nonsense"));
    EXPECT_EQ(ws_client::refusal("127.0.0.1", own_.port(), "/ws", {{"Origin", "https://other.example"}}).status, 403u);
    EXPECT_EQ(own_.rest("GET", "/readyz", "").status, 200u);
    std::filesystem::remove(own_.folder().path() / "booking.secret");
    reload(refused);
    EXPECT_EQ(own_.rest("GET", "/readyz", "").status, 200u);
}

} // namespace
} // namespace rendezvous::test
