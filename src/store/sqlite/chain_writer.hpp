#pragma once

#include "../event_of.hpp"
#include "connection.hpp"
#include "rendezvous/store/chain.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace rendezvous::store::sqlite {

/// Adds rows to `call_events`. The end of the chain is remembered, so that an event costs no read;
/// whoever takes rows back (a dropped part, a rollback) takes the memory back too.
class chain_writer {
public:
    struct end {
        std::uint64_t event_id = 0;
        std::string hash;
    };

    explicit chain_writer(connection& db) : db_(db) {}

    /// Reads the end of the chain unless it is known. At the start of a transaction.
    void load();
    void forget() { end_.reset(); }
    std::optional<end> const& mark() const { return end_; }
    void go_back(std::optional<end> mark) { end_ = std::move(mark); }

    void add(event_draft const& event);

private:
    connection& db_;
    std::optional<end> end_;
};

} // namespace rendezvous::store::sqlite
