#include "rendezvous/protocol/relay_filter.hpp"

#include <gtest/gtest.h>

namespace rendezvous::protocol {
namespace {

constexpr std::string_view host =
    R"({"candidate":{"candidate":"candidate:1 1 udp 2122260223 192.168.1.7 50000 typ host generation 0","sdpMid":"0"}})";
constexpr std::string_view reflexive =
    R"({"candidate":{"candidate":"candidate:2 1 udp 1686052607 203.0.113.7 50000 typ srflx raddr 192.168.1.7 rport 50000","sdpMid":"0"}})";
constexpr std::string_view relayed =
    R"({"candidate":{"candidate":"candidate:3 1 udp 41885439 198.51.100.9 60000 typ relay raddr 203.0.113.7 rport 50000 generation 0","sdpMid":"0"}})";

TEST(RelayFilter, DropsCandidatesThatAreNoRelays)
{
    EXPECT_FALSE(*relay_only(host));
    EXPECT_FALSE(*relay_only(reflexive));
}

TEST(RelayFilter, ARelayIsShownWithoutTheAddressBehindIt)
{
    auto const shown = *relay_only(relayed);
    ASSERT_TRUE(shown);
    EXPECT_NE(shown->find("198.51.100.9 60000 typ relay raddr 0.0.0.0 rport 0 generation 0"), std::string::npos);
    EXPECT_EQ(shown->find("203.0.113.7"), std::string::npos);
}

TEST(RelayFilter, TheEndOfCandidatesPasses)
{
    EXPECT_TRUE(*relay_only(R"({"candidate":{"candidate":"","sdpMid":"0"}})"));
    EXPECT_TRUE(*relay_only(R"({"candidate":null})"));
}

TEST(RelayFilter, ADescriptionKeepsItsLinesAndLosesItsAddresses)
{
    constexpr std::string_view offer =
        R"({"type":"offer","sdp":"v=0\r\no=- 46 2 IN IP4 192.168.1.7\r\ns=-\r\nm=audio 50000 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP6 2001:db8::7\r\na=rtcp:9 IN IP4 203.0.113.7\r\na=candidate:1 1 udp 1 192.168.1.7 5 typ host\r\na=candidate:3 1 udp 1 198.51.100.9 6 typ relay raddr 203.0.113.7 rport 5\r\na=mid:0\r\n"})";
    auto const shown = *relay_only_description(offer);
    for (auto const* address : {"192.168.1.7", "2001:db8::7", "203.0.113.7"})
        EXPECT_EQ(shown.find(address), std::string::npos) << address;
    for (auto const* line :
        {"s=-\\r\\n", "a=mid:0\\r\\n", "c=IN IP6 ::\\r\\n", "198.51.100.9 6 typ relay", "m=audio 50000"})
        EXPECT_NE(shown.find(line), std::string::npos) << line;
}

TEST(RelayFilter, LooksIntoWhateverShapeItIs)
{
    EXPECT_FALSE(*relay_only(R"({"ice":["candidate:1 1 udp 1 192.168.1.7 5 typ host"]})"));
    EXPECT_FALSE(*relay_only(R"({"deep":{"x":"a=candidate:1 1 udp 1 host.local 5 typ host"}})"));
    EXPECT_EQ(**relay_only(R"({"n":1,"s":"hello"})"), R"({"n":1,"s":"hello"})");
}

TEST(RelayFilter, RefusesWhatIsNoJson)
{
    EXPECT_FALSE(relay_only("{"));
    EXPECT_FALSE(relay_only_description(R"("candidate:1 1 udp 1 1.2.3.4 5 typ host")"));
}

} // namespace
} // namespace rendezvous::protocol
