#include "rendezvous/store/chain.hpp"

#include <array>
#include <openssl/evp.h>
#include <stdexcept>

namespace rendezvous::store {
namespace {

void add(std::string& out, std::string_view field)
{
    out += std::to_string(field.size());
    out += ':';
    out += field;
    out += ',';
}

} // namespace

std::string sha256_hex(std::string_view bytes)
{
    std::array<unsigned char, 32> digest{};
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 failed");
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(2 * digest.size());
    for (auto const byte : digest) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string const& chain_origin()
{
    static std::string const zeros(64, '0');
    return zeros;
}

std::string chain_hash(chain_row const& row)
{
    std::string bytes;
    bytes.reserve(256 + row.row.data.size());
    add(bytes, row.prev_hash);
    add(bytes, std::to_string(row.event_id));
    add(bytes, row.call.str());
    add(bytes, std::to_string(row.row.seq));
    add(bytes, std::to_string(base::to_ms(row.row.at)));
    add(bytes, row.row.type);
    if (row.row.participant)
        add(bytes, row.row.participant->str());
    else
        bytes += "-,";
    add(bytes, row.row.data);
    return sha256_hex(bytes);
}

bool extend(chain_report& report, chain_row const& row)
{
    auto const broken = [&](std::uint64_t event_id, char const* what) {
        report.broken = broken_row{event_id, row.call, row.row.seq, what};
        return false;
    };
    if (report.broken) return false;
    if (row.event_id != report.rows + 1) return broken(report.rows + 1, "the row is missing");
    if (row.prev_hash != report.head) return broken(row.event_id, "prev_hash is not the hash of the row before");
    if (row.row.hash != chain_hash(row)) return broken(row.event_id, "hash does not fit the row");
    report.rows = row.event_id;
    report.head = row.row.hash;
    return true;
}

} // namespace rendezvous::store
