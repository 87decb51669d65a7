#include "rendezvous/store/audit_chain.hpp"

#include <array>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdexcept>

namespace rendezvous::store {
namespace {

constexpr std::size_t key_bytes = 32;

void add(std::string& out, std::string_view field)
{
    out += std::to_string(field.size());
    out += ':';
    out += field;
    out += ',';
}

void add_if(std::string& out, std::string_view field)
{
    if (field.empty())
        out += "-,";
    else
        add(out, field);
}

} // namespace

std::string audit_hash(audit_chain_row const& row)
{
    auto const& r = row.row;
    std::string bytes;
    bytes.reserve(512);
    add(bytes, row.prev_hash);
    add(bytes, std::to_string(r.seq));
    add(bytes, std::to_string(base::to_ms(r.at)));
    add(bytes, service::to_word(r.actor));
    add_if(bytes, r.actor_ref);
    add(bytes, r.action);
    add_if(bytes, r.object);
    add_if(bytes, r.subject_ref);
    add(bytes, r.outcome);
    add_if(bytes, r.ip_prefix);
    add_if(bytes, r.request_id);
    add_if(bytes, r.reason_hash);
    return sha256_hex(bytes);
}

bool extend(chain_report& report, audit_chain_row const& row)
{
    auto const broken = [&](std::uint64_t seq, char const* what) {
        report.broken = broken_row{seq, {}, seq, what};
        return false;
    };
    if (report.broken) return false;
    if (row.row.seq != report.rows + 1) return broken(report.rows + 1, "the row is missing");
    if (row.prev_hash != report.head) return broken(row.row.seq, "prev_hash is not the hash of the row before");
    if (row.row.hash != audit_hash(row)) return broken(row.row.seq, "hash does not fit the row");
    if (row.row.reason && row.row.reason_hash != keyed_hash(row.salt, *row.row.reason))
        return broken(row.row.seq, "the reason is not the one that was written");
    report.rows = row.row.seq;
    report.head = row.row.hash;
    return true;
}

std::string keyed_hash(std::string_view key, std::string_view text)
{
    std::array<unsigned char, 32> digest{};
    unsigned length = 0;
    auto const* const bytes = reinterpret_cast<unsigned char const*>(text.data());
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(), digest.data(), &length))
        throw std::runtime_error("HMAC failed");
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (auto const byte : digest) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string random_key()
{
    return base::system_id_generator{}.secret(key_bytes);
}

} // namespace rendezvous::store
