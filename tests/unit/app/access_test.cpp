#include "app/access.hpp"

#include "rendezvous/base/limits.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace rendezvous::app {
namespace {

using namespace std::chrono_literals;
using base::milliseconds;

std::string const old_secret(32, 'a');
std::string const new_secret(32, 'b');

auth::token_verifier verifier_of(std::string const& secret)
{
    return {{{"https://booking.test", {{auth::token_algorithm::hs256, "", secret}}}}, "rendezvous"};
}

constexpr std::uint32_t failures_max = 100;

class Access : public ::testing::Test {
protected:
    std::string token(std::string const& secret)
    {
        auth::token_signer const signer("https://booking.test", "rendezvous", secret);
        return signer.sign({base::user_id{"d"}, call::role::doctor, "", {}, {}}, 1h, clock_.now().utc, ids_)
            .value()
            .token;
    }
    bool good(std::string const& text) { return access_.check_token(text, clock_.now().utc).has_value(); }

    base::manual_clock clock_{base::from_ms(1'795'000'000'000)};
    base::system_id_generator ids_;
    access access_{verifier_of(old_secret),
        auth::token_signer("https://calls.test", "rendezvous", std::string(32, 'c')), {}, failures_max, ids_};
};

TEST_F(Access, TakesOverOtherKeysWhileOthersCheckTokens)
{
    auto const of_old = token(old_secret);
    auto const of_new = token(new_secret);
    EXPECT_TRUE(good(of_old));
    EXPECT_FALSE(good(of_new));
    std::atomic<bool> over{false};
    std::atomic<std::size_t> checked{0};
    std::thread checking([&] {
        while (!over) {
            good(of_old);
            ++checked;
        }
    });
    while (checked < 10) std::this_thread::yield();
    access_.use_verifier(verifier_of(new_secret));
    EXPECT_FALSE(good(of_old));
    EXPECT_TRUE(good(of_new));
    over = true;
    checking.join();
}

TEST_F(Access, MakesFailuresAtOneAppointmentSoundAlike)
{
    auto const most = failures_max;
    // From as many addresses as there are guesses: no address is at its limit.
    for (std::uint32_t i = 0; i < most; ++i)
        EXPECT_EQ(access_.record_failure("192.0.2." + std::to_string(i), clock_.now(), "apt-1"), milliseconds{0});
    auto const wait = access_.record_failure("192.0.2.200", clock_.now(), "apt-1");
    EXPECT_GT(wait, milliseconds{0});
    EXPECT_LE(wait, milliseconds{10min});
    EXPECT_EQ(access_.record_failure("192.0.2.200", clock_.now(), "apt-2"), milliseconds{0}) << "another appointment";
    EXPECT_EQ(access_.record_failure("192.0.2.200", clock_.now()), milliseconds{0}) << "none";
    EXPECT_TRUE(good(token(old_secret))) << "who has a token is not locked out by strangers";
    EXPECT_EQ(access_.failure_wait("192.0.2.200", clock_.now()), milliseconds{0});
    clock_.advance(10min);
    EXPECT_EQ(access_.record_failure("192.0.2.200", clock_.now(), "apt-1"), milliseconds{0});
}

TEST_F(Access, TakesOverAnotherLimitOfFailures)
{
    for (int i = 0; i < 5; ++i) access_.record_failure("192.0.2.1", clock_.now());
    EXPECT_EQ(access_.failure_wait("192.0.2.1", clock_.now()), milliseconds{0});
    access_.use_failures_max(5);
    EXPECT_GT(access_.failure_wait("192.0.2.1", clock_.now()), milliseconds{0});
}

} // namespace
} // namespace rendezvous::app
