#pragma once

#include "connection.hpp"
#include "rendezvous/service/audit_port.hpp"
#include "rendezvous/store/audit_chain.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace rendezvous::store::sqlite {

/// Adds rows to `audit_log`. The end of the chain is remembered as chain_writer does it.
class audit_writer {
public:
    struct end {
        std::uint64_t seq = 0;
        std::string hash;
    };

    explicit audit_writer(connection& db) : db_(db) {}

    /// Reads the end of the chain unless it is known. At the start of a transaction.
    void load();
    void forget() { end_.reset(); }
    std::optional<end> const& mark() const { return end_; }
    void go_back(std::optional<end> mark) { end_ = std::move(mark); }

    void add(service::audit_entry const& what);

    /// The reference of a person who has one.
    std::optional<std::string> known_ref(std::string const& user);
    /// From now on, as long as this process runs, no new key is made for a person who was erased
    /// and still knocks with an old token.
    void bury(std::string const& user);

private:
    std::string ref_of(std::string const& user, base::utc_time at);
    std::string subject_of(service::audit_entry const& what);
    bool is_known(std::string const& user);

    connection& db_;
    std::optional<end> end_;
    std::set<std::string> buried_;
};

} // namespace rendezvous::store::sqlite
