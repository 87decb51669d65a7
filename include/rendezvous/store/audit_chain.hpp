#pragma once

#include "rendezvous/service/audit_port.hpp"
#include "rendezvous/store/chain.hpp"

#include <string>
#include <string_view>

/// The hash chain over `audit_log`, in the form of that over `call_events` (chain.hpp): the SHA-256
/// of these fields as netstrings, one behind the other, an absent one as `-,`:
///
///     prev_hash, seq, at, actor_kind, actor_ref, action, object, subject_ref, outcome, ip_prefix,
///     request_id, reason_hash
///
/// People are in it by reference only, so that a person can be erased and the chain still holds.
namespace rendezvous::store {

/// One row of the chain, as kept.
struct audit_chain_row {
    service::audit_row row;
    std::string prev_hash;
    std::string salt; ///< of the reason, while there is one
};

/// The hash that `row` must have; `row.row.hash` itself is not read.
std::string audit_hash(audit_chain_row const& row);

/// Checks the next row against the walk so far; false once the chain is broken. Of the broken row
/// `event_id` and `seq` are the row's number.
bool extend(chain_report& report, audit_chain_row const& row);

/// Lower-case hex of HMAC-SHA-256(key, text): how a person is named under their key, and what
/// stands for a reason in the chain.
std::string keyed_hash(std::string_view key, std::string_view text);

/// 256 random bits as text.
std::string random_key();

} // namespace rendezvous::store
