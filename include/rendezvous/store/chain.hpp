#pragma once

#include "rendezvous/store/backend.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The hash chain over `call_events`: every row carries the SHA-256 of itself and of the row
/// before it, so that no row can be changed, moved or taken out of the middle unnoticed.
///
/// hash = lower-case hex of SHA-256 over these fields, one behind the other:
///
///     prev_hash, event_id, call_id, seq, at, type, participant_id, data
///
/// Each field is written as a netstring: its length in bytes in decimal, `:`, its bytes, `,`.
/// Numbers are decimal without leading zeros (`at`: UTC milliseconds since 1970), hashes their 64
/// hex digits. An absent participant is `-,`, which is no netstring. prev_hash is the hash of the
/// row with event_id - 1; that of the first row is 64 zeros.
namespace rendezvous::store {

/// Lower-case hex of the SHA-256 of `bytes`.
std::string sha256_hex(std::string_view bytes);

/// What the first row of the chain points back to.
std::string const& chain_origin();

/// The hash that `row` must have; `row.row.hash` itself is not read.
std::string chain_hash(chain_row const& row);

/// Where the chain is broken first.
struct broken_row {
    std::uint64_t event_id = 0; ///< the row that does not fit, or the number that is missing
    base::call_id call;
    std::uint64_t seq = 0;
    std::string what; ///< one short sentence
};

/// What a walk along the whole chain found.
struct chain_report {
    std::uint64_t rows = 0;            ///< good rows, up to the broken one; those behind an anchor included
    std::uint64_t dropped = 0;         ///< of them, behind the anchor where the walk began
    std::string head = chain_origin(); ///< hash of the last good row
    std::optional<broken_row> broken;
};

/// Checks the next row against the walk so far; false once the chain is broken.
bool extend(chain_report& report, chain_row const& row);

} // namespace rendezvous::store
