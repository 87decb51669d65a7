#pragma once

#include "connection.hpp"
#include "rendezvous/store/audit_records.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace rendezvous::store::sqlite {

/// Makes sure that the bytes of an erased person are in none of the files. `secure_delete` has
/// overwritten the rows; the log still holds pages of before, so it is emptied; and when a page is
/// split or packed, SQLite leaves copies in its unused middle, so the file is read through once,
/// and written anew (VACUUM) if anything is found.
class scrub final : public scrub_job {
public:
    scrub(connection& db, std::vector<std::string> needles);
    base::result<bool> step() override;
    bool rewritten() const override { return rewritten_; }

private:
    bool empty_log();
    bool find_in_next_slice();
    void rewrite();

    connection& db_;
    std::vector<std::string> needles_;
    std::int64_t overlap_ = 0;
    std::int64_t size_ = 0; ///< of the file
    std::int64_t read_ = 0; ///< of it so far
    std::string window_;
    bool log_emptied_ = false;
    bool rewritten_ = false;
    unsigned attempts_ = 0;
};

} // namespace rendezvous::store::sqlite
