#include "peer_address.hpp"

#include <boost/asio/ip/address_v6.hpp>

#include <charconv>
#include <stdexcept>

namespace rendezvous::net {
namespace {

namespace ip = boost::asio::ip;

ip::address_v6 mapped(ip::address const& address)
{
    return address.is_v6() ? address.to_v6() : ip::make_address_v6(ip::v4_mapped, address.to_v4());
}

bool same_prefix(ip::address_v6 const& a, ip::address_v6 const& b, unsigned bits)
{
    auto const left = a.to_bytes();
    auto const right = b.to_bytes();
    for (std::size_t i = 0; i < left.size() && bits > 0; ++i) {
        unsigned const here = bits < 8 ? bits : 8;
        auto const mask = static_cast<unsigned char>(0xff00U >> here);
        if ((left[i] & mask) != (right[i] & mask)) return false;
        bits -= here;
    }
    return true;
}

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

} // namespace

ip::address plain_address(ip::address const& address)
{
    if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

std::string address_key(ip::address const& address)
{
    auto const plain = plain_address(address);
    if (plain.is_v4()) return plain.to_string();
    auto bytes = plain.to_v6().to_bytes();
    for (std::size_t i = 8; i < bytes.size(); ++i) bytes[i] = 0;
    return ip::make_address_v6(bytes).to_string() + "/64";
}

address_blocks::address_blocks(std::vector<std::string> const& entries)
{
    for (auto const& entry : entries) {
        auto const slash = entry.find('/');
        boost::system::error_code ec;
        auto const address = ip::make_address(entry.substr(0, slash), ec);
        unsigned const bits_max = address.is_v6() ? 128 : 32;
        unsigned bits = bits_max;
        if (!ec && slash != std::string::npos) {
            char const* const end = entry.data() + entry.size();
            auto const parsed = std::from_chars(entry.data() + slash + 1, end, bits);
            if (parsed.ec != std::errc{} || parsed.ptr != end) bits = bits_max + 1;
        }
        if (ec || bits > bits_max) throw std::runtime_error("not an address or CIDR block: " + entry);
        blocks_.push_back({mapped(address), bits + 128 - bits_max});
    }
}

bool address_blocks::contains(ip::address const& address) const
{
    auto const wanted = mapped(address);
    for (auto const& each : blocks_)
        if (same_prefix(each.network, wanted, each.bits)) return true;
    return false;
}

ip::address client_address(
    ip::address const& peer, std::optional<std::string_view> forwarded_for, address_blocks const& trusted)
{
    auto last = plain_address(peer);
    auto rest = forwarded_for.value_or("");
    while (!rest.empty() && trusted.contains(last)) {
        auto const comma = rest.rfind(',');
        auto const entry = trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
        rest = comma == std::string_view::npos ? "" : rest.substr(0, comma);
        boost::system::error_code ec;
        auto const address = ip::make_address(entry, ec);
        if (ec) break;
        last = plain_address(address);
    }
    return last;
}

} // namespace rendezvous::net
