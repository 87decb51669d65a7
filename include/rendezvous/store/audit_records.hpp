#pragma once

#include "rendezvous/service/subject_port.hpp"
#include "rendezvous/store/chunk.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rendezvous::store {

struct audit_chain_row;

/// The two hash chains of a store.
enum class chain_kind { calls, audit };

/// Where a chain begins: behind a row that was kept long enough, or at its origin (0).
struct chain_anchor {
    std::uint64_t last_id = 0;
    std::string hash; ///< of that row; chain_origin() without one
};

/// A look for the bytes of an erased person in what is kept, and the cleaning if any are found.
class scrub_job {
public:
    virtual ~scrub_job() = default;
    /// One slice; true when nothing is left. `rewritten` then says whether the file was written anew.
    virtual base::result<bool> step() = 0;
    virtual bool rewritten() const = 0;
};

/// The part of a backend that keeps the account of who did what, and knows people as subjects.
/// Thread and errors as of `backend`.
class audit_records {
public:
    virtual ~audit_records() = default;

    /// Adds one row, in the transaction that is open.
    virtual base::result<void> add_audit(service::audit_entry const& what) = 0;
    /// Looks at a bounded number of rows behind `before`; `after` and `rows_max` of the filter do not count.
    virtual base::result<chunk<service::audit_row>> list_audit(
        service::audit_filter const& filter, std::optional<list_key> const& before, std::size_t rows_max) = 0;
    /// The chain behind row `after`, oldest first.
    virtual base::result<std::vector<audit_chain_row>> audit_rows(std::uint64_t after, std::size_t rows_max) = 0;
    virtual base::result<chain_anchor> anchor(chain_kind chain) = 0;

    // Of one person: rows of one kind behind the first `skip`.
    virtual base::result<std::vector<service::subject_participation>> participations_of(
        base::user_id const& user, std::size_t skip, std::size_t rows_max) = 0;
    virtual base::result<std::vector<service::subject_call>> calls_of(
        base::user_id const& user, std::size_t skip, std::size_t rows_max) = 0;
    virtual base::result<std::vector<service::subject_invite>> invites_of(
        base::user_id const& user, std::size_t skip, std::size_t rows_max) = 0;
    /// Puts the pseudonym in the person's place, in the transaction that is open; the bytes that stood
    /// for them go to `needles`. Not_found if nothing is kept of them.
    virtual base::result<service::erasure_report> erase(
        base::user_id const& user, base::user_id const& pseudonym, std::vector<std::string>& needles) = 0;
    /// Outside of transactions.
    virtual base::result<std::unique_ptr<scrub_job>> start_scrub(std::vector<std::string> needles) = 0;
};

} // namespace rendezvous::store
