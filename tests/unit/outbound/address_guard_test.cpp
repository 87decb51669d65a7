#include "outbound/address_guard.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <sys/un.h>

using rendezvous::outbound::reach;
using rendezvous::outbound::reach_of;

namespace {

reach of(std::string const& text)
{
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1)
        return reach_of(reinterpret_cast<sockaddr const*>(&v4), sizeof v4);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr), 1) << text;
    return reach_of(reinterpret_cast<sockaddr const*>(&v6), sizeof v6);
}

} // namespace

TEST(AddressGuard, LetsTheInternetThrough)
{
    for (auto const* const text : {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
             "126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
             "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111",
             "2a00:1450:4001::200e", "2001:4860:4860::8888", "2001:200::1", "3ffe::1", "2003::1"})
        EXPECT_EQ(of(text), reach::open) << text;
}

TEST(AddressGuard, KnowsWhatIsInside)
{
    for (auto const* const text : {"10.0.0.0", "10.255.255.255", "127.0.0.1", "127.255.255.255", "172.16.0.0",
             "172.31.255.255", "192.168.0.0", "192.168.255.255", "100.64.0.0", "100.127.255.255", "100.100.100.200",
             "::1", "fc00::", "fd12:3456::1", "fdff:ffff::1"})
        EXPECT_EQ(of(text), reach::inner) << text;
}

TEST(AddressGuard, RefusesWhatNoReceiverHas)
{
    for (auto const* const text :
        {"0.0.0.0", "0.1.2.3", "169.254.0.0", "169.254.169.254", "169.254.170.2", "168.63.129.16", "192.0.0.192",
            "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
            "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::2", "::127.0.0.1", "::ffff:127.0.0.1",
            "::ffff:8.8.8.8", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1",
            "2001::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1",
            "fd00:ec2::254", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1", "4000::1", "5f00::1"})
        EXPECT_EQ(of(text), reach::never) << text;
}

TEST(AddressGuard, RefusesOtherFamiliesAndCutOffAddresses)
{
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    EXPECT_EQ(reach_of(reinterpret_cast<sockaddr const*>(&local), sizeof local), reach::never);
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(0x08080808);
    EXPECT_EQ(reach_of(reinterpret_cast<sockaddr const*>(&v4), 4), reach::never);
}
