#include "rendezvous/auth/failure_limit.hpp"

#include "text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace rendezvous::auth {

base::milliseconds failure_limit::wait(std::string_view ip, base::instant now) const
{
    auto const found = windows_.find(address_group(ip));
    if (found == windows_.end() || found->second.failures < failures_max_) return base::milliseconds{0};
    return std::max(base::milliseconds{0}, base::milliseconds{found->second.ends_at - now.boot});
}

void failure_limit::record_failure(std::string_view ip, base::instant now)
{
    forget_old(now.boot);
    auto const [entry, is_new] = windows_.try_emplace(address_group(ip));
    if (is_new) {
        entry->second.ends_at = now.boot + window;
        by_age_.push_back(entry->first);
    }
    ++entry->second.failures;
    if (windows_.size() > addresses_max) {
        windows_.erase(by_age_.front());
        by_age_.pop_front();
    }
}

/// All windows are equally long, so the first that goes on ends the search.
void failure_limit::forget_old(base::boot_time now)
{
    while (!by_age_.empty()) {
        auto const oldest = windows_.find(by_age_.front());
        if (oldest->second.ends_at > now) return;
        windows_.erase(oldest);
        by_age_.pop_front();
    }
}

std::string address_group(std::string_view ip)
{
    std::string const text(ip.substr(0, ip.find('%'))); // without the zone of a link-local address
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::string(ip);
    constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(mapped.begin(), mapped.end(), bytes.begin())) {
        std::array<char, INET_ADDRSTRLEN> v4{};
        inet_ntop(AF_INET, bytes.data() + mapped.size(), v4.data(), v4.size());
        return v4.data();
    }
    return to_hex({reinterpret_cast<char const*>(bytes.data()), 8}) + "/64";
}

} // namespace rendezvous::auth
