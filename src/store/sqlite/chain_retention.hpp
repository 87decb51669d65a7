#pragma once

#include "connection.hpp"

namespace rendezvous::store::sqlite {

/// Drops at most `rows_max` rows of `audit_log` that are of months closed for as long as the account
/// is kept (retention.hpp); how many. The last row of such a month becomes the anchor of the chain
/// first, in the same transaction: the triggers let go only what is behind an anchor.
std::size_t drop_old_audit(connection& db, base::utc_time now, std::size_t rows_max);

} // namespace rendezvous::store::sqlite
