#include "rendezvous/outbound/target.hpp"

#include <gtest/gtest.h>

using rendezvous::base::errc;
using rendezvous::outbound::check_target;

namespace {

errc verdict(std::string const& url, std::vector<std::string> const& private_hosts = {})
{
    auto const out = check_target(url, private_hosts);
    return out ? errc::ok : rendezvous::base::to_errc(out.error());
}

} // namespace

TEST(Target, TakesPublicHttps)
{
    for (auto const* const url : {"https://booking.example/hooks", "https://BOOKING.example:8443/a?b=c",
             "https://1.1.1.1/", "https://[2606:4700::1111]/", "https://booking.example./x", "HTTPS://a.example"})
        EXPECT_EQ(verdict(url), errc::ok) << url;
}

TEST(Target, RefusesWhatIsNoUrlOfOurs)
{
    for (auto const* const url : {"", "booking.example", "//booking.example/", "/hooks", "ftp://booking.example/",
             "file:///etc/passwd", "gopher://booking.example/", "javascript:alert(1)", "https://",
             "https://user@booking.example/", "https://user:pw@booking.example/", "https://a.example@127.0.0.1/",
             "https://127.0.0.1\\@a.example/", "https://a.example:99999/", "https://a.example:0/",
             "https://a.example/a b", "https://a.example/\r\nX: y", "https://[fe80::1%25eth0]/", "https://[::1/",
             "https://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1/", "https://a.example/\xc3\xa4"})
        EXPECT_EQ(verdict(url), errc::validation) << url;
    EXPECT_EQ(verdict("https://a.example/" + std::string(2048, 'x')), errc::validation);
}

TEST(Target, RefusesPlainAndInnerHosts)
{
    for (auto const* const url : {"http://booking.example/", "http://127.0.0.1/", "https://127.0.0.1/",
             "https://127.1/", "https://2130706433/", "http://2130706433/", "https://0x7f000001/", "https://0x7f.1/",
             "https://0177.0.0.1/", "https://017700000001/", "https://%31%32%37.0.0.1/", "https://127.0.0.1:443/",
             "https://10.1.2.3/", "https://192.168.1.1/", "https://172.16.0.1/", "https://100.64.0.1/",
             "https://0.0.0.0/", "https://0/", "https://169.254.169.254/latest/meta-data", "https://255.255.255.255/",
             "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
             "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[fd00::1]/", "https://[fe80::1]/",
             "https://localhost/", "https://LOCALHOST:8443/", "https://localhost./", "https://a.localhost/",
             "https://booking/", "https:///x", "https://booking.local/", "https://metadata.google.internal/",
             "https://fritz.home.arpa/", "https://nas.lan./"})
        EXPECT_EQ(verdict(url), errc::forbidden) << url;
}

TEST(Target, LetsNamedHostsBePrivateAndPlain)
{
    EXPECT_EQ(verdict("http://127.0.0.1:9000/x", {"127.0.0.1:9000"}), errc::ok);
    EXPECT_EQ(verdict("http://127.0.0.1:9001/x", {"127.0.0.1:9000"}), errc::forbidden);
    EXPECT_EQ(verdict("http://Booking.local/", {"booking.LOCAL"}), errc::ok);
    EXPECT_EQ(verdict("https://booking.local:8443/", {"booking.local"}), errc::ok);
    EXPECT_EQ(verdict("https://evil-booking.local/", {"booking.local"}), errc::forbidden);
    EXPECT_EQ(verdict("https://a.booking.local/", {"booking.local"}), errc::forbidden);
    EXPECT_EQ(verdict("http://[::1]:80/", {"[::1]:80"}), errc::ok);
    EXPECT_EQ(verdict("http://[::1]:81/", {"::1"}), errc::ok);
    EXPECT_EQ(verdict("http://2130706433/", {"127.0.0.1"}), errc::ok) << "the same host, written otherwise";
}

TEST(Target, NeverLetsAnybodyReachMetadata)
{
    EXPECT_EQ(verdict("http://169.254.169.254/", {"169.254.169.254"}), errc::forbidden);
    EXPECT_EQ(verdict("http://[::ffff:127.0.0.1]/", {"[::ffff:127.0.0.1]"}), errc::forbidden);
}
