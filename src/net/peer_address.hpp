#pragma once

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rendezvous::net {

/// IPv4 written as IPv6 (`::ffff:192.0.2.1`, what a dual-stack listener sees) as IPv4.
boost::asio::ip::address plain_address(boost::asio::ip::address const& address);

/// What per-IP limits count by: an IPv4 address, of IPv6 the /64 (one household or one attacker).
std::string address_key(boost::asio::ip::address const& address);

/// Addresses and CIDR blocks. Parsed once, read from all shards.
class address_blocks {
public:
    address_blocks() = default;
    /// Throws std::runtime_error naming the entry that is neither.
    explicit address_blocks(std::vector<std::string> const& entries);
    bool contains(boost::asio::ip::address const& address) const;
    bool empty() const noexcept { return blocks_.empty(); }

private:
    struct block {
        boost::asio::ip::address_v6 network; ///< IPv4 mapped
        unsigned bits = 0;
    };
    std::vector<block> blocks_;
};

/// Whom a request comes from: `peer` itself, or, if that is a trusted proxy, the rightmost address
/// of X-Forwarded-For that is not one. Text that is no address ends the search: what stands left
/// of it may be invented.
boost::asio::ip::address client_address(
    boost::asio::ip::address const& peer, std::optional<std::string_view> forwarded_for, address_blocks const& trusted);

} // namespace rendezvous::net
