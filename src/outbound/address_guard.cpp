#include "address_guard.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <netinet/in.h>

namespace rendezvous::outbound {
namespace {

using v6_bytes = std::array<std::uint8_t, 16>;

struct v4_range {
    std::uint32_t first;
    unsigned bits;
    reach what;
};

constexpr std::uint32_t v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
    return (a << 24) | (b << 16) | (c << 8) | d;
}

constexpr auto v4_ranges = std::to_array<v4_range>({
    {v4(0, 0, 0, 0), 8, reach::never},        // "this network"
    {v4(10, 0, 0, 0), 8, reach::inner},       // private
    {v4(100, 64, 0, 0), 10, reach::inner},    // shared, behind a provider's NAT
    {v4(127, 0, 0, 0), 8, reach::inner},      // loopback
    {v4(168, 63, 129, 16), 32, reach::never}, // metadata of a large cloud
    {v4(169, 254, 0, 0), 16, reach::never},   // link-local; metadata of most clouds
    {v4(172, 16, 0, 0), 12, reach::inner},    // private
    {v4(192, 0, 0, 0), 24, reach::never},     // protocol assignments
    {v4(192, 0, 2, 0), 24, reach::never},     // documentation
    {v4(192, 88, 99, 0), 24, reach::never},   // 6to4 relays
    {v4(192, 168, 0, 0), 16, reach::inner},   // private
    {v4(198, 18, 0, 0), 15, reach::never},    // benchmarks
    {v4(198, 51, 100, 0), 24, reach::never},  // documentation
    {v4(203, 0, 113, 0), 24, reach::never},   // documentation
    {v4(224, 0, 0, 0), 4, reach::never},      // multicast
    {v4(240, 0, 0, 0), 4, reach::never},      // reserved, broadcast
});

struct v6_range {
    v6_bytes first;
    unsigned bits;
    reach what;
};

constexpr auto v6_ranges = std::to_array<v6_range>({
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, reach::inner}, // loopback
    {{0xfc}, 7, reach::inner},                                             // unique local
    {{0xfd, 0x00, 0x0e, 0xc2}, 32, reach::never},                          // metadata of a large cloud
    {{0x20, 0x01, 0x00}, 23, reach::never},                                // protocol assignments, Teredo
    {{0x20, 0x01, 0x0d, 0xb8}, 32, reach::never},                          // documentation
    {{0x20, 0x02}, 16, reach::never},                                      // 6to4
    {{0x3f, 0xff}, 20, reach::never},                                      // documentation
    {{0x20}, 3, reach::open},                                              // global unicast
});

bool within(v6_bytes const& address, v6_range const& range)
{
    for (unsigned bit = 0; bit < range.bits; ++bit) {
        auto const mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
        if (((address[bit / 8] ^ range.first[bit / 8]) & mask) != 0) return false;
    }
    return true;
}

reach reach_of_v4(std::uint32_t address)
{
    for (auto const& range : v4_ranges) {
        std::uint32_t const mask = ~std::uint32_t{0} << (32 - range.bits);
        if ((address & mask) == range.first) return range.what;
    }
    return reach::open;
}

/// The narrowest range that holds it decides.
reach reach_of_v6(v6_bytes const& address)
{
    v6_range const* best = nullptr;
    for (auto const& range : v6_ranges)
        if (within(address, range) && (!best || range.bits > best->bits)) best = &range;
    return best ? best->what : reach::never;
}

} // namespace

reach reach_of(sockaddr const* address, socklen_t size)
{
    if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
        sockaddr_in in{};
        std::memcpy(&in, address, sizeof in);
        return reach_of_v4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
        sockaddr_in6 in{};
        std::memcpy(&in, address, sizeof in);
        v6_bytes bytes;
        std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
        return reach_of_v6(bytes);
    }
    return reach::never;
}

} // namespace rendezvous::outbound
